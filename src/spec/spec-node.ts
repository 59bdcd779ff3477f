// The spec as a tree of located values: aliases shared, merge keys applied, nothing judged yet.
// In: nothing. Out: the records, and the way from a path to a node.

import type { DocPath, Span } from "../base/diagnostic.ts";

export type SpecNode = MapNode | ListNode | ScalarNode;

export interface MapNode {
  readonly kind: "map";
  readonly span: Span;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  readonly keySpan: Span;
  readonly node: SpecNode;
}

export interface ListNode {
  readonly kind: "list";
  readonly span: Span;
  readonly items: readonly SpecNode[];
}

export interface ScalarNode {
  readonly kind: "scalar";
  readonly span: Span;
  /** By the core schema of YAML 1.2. */
  readonly value: string | number | boolean | null;
  /** The text between the quotes; of a plain scalar exactly what was written: `2.10`. */
  readonly source: string;
  readonly plain: boolean;
}

/** What is at `path`, null where nothing is. */
export function findNode(root: SpecNode, path: DocPath): SpecNode | null {
  let node: SpecNode | null = root;
  for (const step of path) {
    if (node === null) return null;
    node = stepInto(node, step)?.node ?? null;
  }
  return node;
}

/** The entry whose key the last step of `path` names, null for list items and what is not there. */
export function findEntry(root: SpecNode, path: DocPath): MapEntry | null {
  if (path.length === 0) return null;
  const parent = findNode(root, path.slice(0, -1));
  if (parent?.kind !== "map") return null;
  return parent.entries.get(String(path.at(-1))) ?? null;
}

function stepInto(node: SpecNode, step: string | number): { readonly node: SpecNode } | null {
  if (node.kind === "map") return node.entries.get(String(step)) ?? null;
  if (node.kind === "list" && typeof step === "number") {
    const item = node.items[step];
    return item === undefined ? null : { node: item };
  }
  return null;
}

/** `a mapping`, `a list`, `the number 2.3`: for "expected …, found …". */
export function describeNode(node: SpecNode): string {
  if (node.kind === "map") return "a mapping";
  if (node.kind === "list") return "a list";
  if (node.value === null) return "nothing";
  if (typeof node.value === "number") return `the number ${quoteShort(node.source, false)}`;
  if (typeof node.value === "boolean") return String(node.value);
  return quoteShort(node.value, true);
}

/** User text for a message: short, so that no message becomes a page. Printers clean and mask it. */
export function quoteShort(text: string, quotes = true): string {
  const short = text.length > 60 ? `${[...text.slice(0, 57)].join("").toWellFormed()}…` : text;
  return quotes ? JSON.stringify(short) : short;
}
