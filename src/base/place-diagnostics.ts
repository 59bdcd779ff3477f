// Gives diagnostics their places: file, line, column and the line itself, in the order of a reader. Also
// the one gate where text from strangers becomes safe to print: cleaned, secrets masked. In: diagnostics
// and the documents they speak of. Out: records that printers only lay out.

import type { Diagnostic, DocPath, DocRef, RelatedPlace, Severity, Span } from "./diagnostic.ts";
import { maskSecrets } from "./secret-patterns.ts";
import { cleanForTerminal } from "./terminal-text.ts";
import { indexLines, type LineIndex, type Position } from "./text-position.ts";

/** A document that diagnostics may speak of. */
export interface SourceDocument {
  readonly doc: DocRef;
  /** As the reader knows it: `fleet.yaml`, `hosts/forge.yaml`. */
  readonly file: string;
  readonly text: string;
  locate(path: DocPath, options?: { readonly onKey?: boolean }): Span | null;
}

export interface Place {
  readonly file: string;
  /** null: the file is missing or the place is not known. */
  readonly start: Position | null;
  /** Exclusive. */
  readonly end: Position | null;
}

export interface PlacedDiagnostic extends Place {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly help: string | null;
  readonly drawing?: readonly string[];
  readonly doc: DocRef;
  readonly path: DocPath;
  /** The line at `start`, secrets masked but otherwise as written; null where there is none. */
  readonly line: string | null;
  readonly related: readonly (Place & { readonly message: string })[];
}

/** Sorted by document in the order of `sources`, then place, severity and code; equal ones are one. */
export function placeDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: readonly SourceDocument[],
): readonly PlacedDiagnostic[] {
  const shelf = openShelf(diagnostics, sources);
  const placed = diagnostics.map((diagnostic) => placeOne(diagnostic, shelf));
  const ranks = new Map(sources.map(({ file }, i) => [file, i]));
  const rank = ({ file }: Place): number => ranks.get(file) ?? sources.length;
  placed.sort(
    (a, b) =>
      rank(a) - rank(b) ||
      compareText(a.file, b.file) ||
      (a.start?.line ?? 0) - (b.start?.line ?? 0) ||
      (a.start?.column ?? 0) - (b.start?.column ?? 0) ||
      SEVERITY_RANK[a.severity] - SEVERITY_RANK[b.severity] ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
  return placed.filter((one, i) => i === 0 || !isSame(one, placed[i - 1] as PlacedDiagnostic));
}

const SEVERITY_RANK = { error: 0, warning: 1, info: 2 } as const;

interface OpenDocument {
  readonly source: SourceDocument;
  /** Spans that must not be printed, found by their place and not by their look. */
  readonly secrets: readonly Span[];
  readonly lines: LineIndex;
  readonly masked: LineIndex;
}

type Shelf = ReadonlyMap<string, OpenDocument>;

/** Holds only what is spoken of: a fleet has an inventory for each host, and most are without fault. */
function openShelf(diagnostics: readonly Diagnostic[], sources: readonly SourceDocument[]): Shelf {
  const spoken = new Set(
    diagnostics.flatMap(({ doc, related = [] }) => [doc, ...related.map((one) => one.doc)].map(keyOf)),
  );
  return new Map(
    sources
      .filter(({ doc }) => spoken.has(keyOf(doc)))
      .map((source) => {
        const key = keyOf(source.doc);
        const secrets = diagnostics.flatMap((diagnostic) => {
          if (diagnostic.secret !== true || keyOf(diagnostic.doc) !== key) return [];
          return diagnostic.span ?? source.locate(diagnostic.path) ?? [];
        });
        const masked = indexLines(maskSecrets(source.text, secrets));
        return [key, { source, secrets, lines: indexLines(source.text), masked }];
      }),
  );
}

function placeOne(diagnostic: Diagnostic, shelf: Shelf): PlacedDiagnostic {
  const { severity, code, message, help, doc, path, related = [], drawing } = diagnostic;
  const place = findPlace(diagnostic, shelf);
  const line =
    place.start === null ? null : (shelf.get(keyOf(doc))?.masked.lineText(place.start.line) ?? null);
  return {
    ...place,
    severity,
    code,
    message: cleanMessage(hideSecrets(message, diagnostic, shelf)),
    help: help === undefined ? null : cleanMessage(hideSecrets(help, diagnostic, shelf)),
    ...(drawing === undefined ? {} : { drawing: drawing.map(cleanMessage) }),
    doc,
    path,
    line,
    related: related.map((one) => ({ ...findPlace(one, shelf), message: cleanMessage(one.message) })),
  };
}

function findPlace(
  { doc, path, onKey = false, span }: (RelatedPlace & { readonly span?: Span }) | Diagnostic,
  shelf: Shelf,
): Place {
  const open = shelf.get(keyOf(doc));
  if (open === undefined) return { file: usualFile(doc), start: null, end: null };
  const found = span ?? open.source.locate(path, { onKey });
  if (found === null) return { file: open.source.file, start: null, end: null };
  return {
    file: open.source.file,
    start: open.lines.positionAt(found.start),
    end: open.lines.positionAt(Math.max(found.start, found.end)),
  };
}

/** Another fault at a secret's place would quote it: "expected a path, found …". */
function hideSecrets(words: string, diagnostic: Diagnostic, shelf: Shelf): string {
  const open = shelf.get(keyOf(diagnostic.doc));
  if (open === undefined || open.secrets.length === 0 || diagnostic.secret === true) return words;
  const at = diagnostic.span ?? open.source.locate(diagnostic.path, { onKey: diagnostic.onKey ?? false });
  const touches = at !== null && open.secrets.some(({ start, end }) => at.start < end && start < at.end);
  return touches ? words.replace(/(found |: )["[].*$/s, "$1a secret") : words;
}

/** A document that could not be opened still has a name. */
function usualFile(doc: DocRef): string {
  return doc.kind === "spec" ? "fleet.yaml" : `hosts/${doc.host}.yaml`;
}

function keyOf(doc: DocRef): string {
  return doc.kind === "spec" ? "spec" : `inventory ${doc.host}`;
}

function cleanMessage(message: string): string {
  return cleanForTerminal(maskSecrets(message));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isSame(a: PlacedDiagnostic, b: PlacedDiagnostic): boolean {
  return (
    a.code === b.code &&
    a.message === b.message &&
    a.file === b.file &&
    a.start?.line === b.start?.line &&
    a.start?.column === b.start?.column
  );
}
