// Problems as data. Every room that can find fault with what a person wrote returns these; one place
// (cli) turns `path` into file:line:col and prints them. In: nothing. Out: the record and its order.

export type Severity = "error" | "warning" | "info";

/** A place in a document: the keys and indices that lead to it from the root. */
export type DocPath = readonly (string | number)[];

/** Which document a path belongs to: the spec, or the inventory of one host. */
export type DocRef = { readonly kind: "spec" } | { readonly kind: "inventory"; readonly host: string };

/** Offsets in UTF-16 code units into the document's text, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface RelatedPlace {
  readonly message: string;
  readonly doc: DocRef;
  readonly path: DocPath;
  /** Whether the key (default: the value) at `path` is meant. */
  readonly onKey?: boolean;
}

export interface Diagnostic {
  readonly severity: Severity;
  /** Stable, from the code table: `CF602`. */
  readonly code: string;
  /** What was found and what was expected, in one sentence without position, without a final full stop. */
  readonly message: string;
  readonly doc: DocRef;
  readonly path: DocPath;
  /** Point at the key rather than at its value. */
  readonly onKey?: boolean;
  /** Exact place where no path leads (syntax errors); wins over `path`. */
  readonly span?: Span;
  /** Lines that show what the message says: a tree, a table. Printed below the message as they are. */
  readonly drawing?: readonly string[];
  /** What to do: one imperative sentence, `did you mean …`. */
  readonly help?: string;
  readonly related?: readonly RelatedPlace[];
  /** What stands at the place must never be printed. */
  readonly secret?: true;
}

export const SPEC_DOC: DocRef = { kind: "spec" };

/** A stable order for printing is made by position in cli; this one is for records without positions. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === "error");
}
