// Small changes of a YAML document that a person wrote, every other byte left as it is: comments, blank lines and
// the order of keys. The document is parsed only to find places in its text; whoever changes it tries the result
// before it is believed. In: text. Out: places, and the text with something put in.

import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument } from "yaml";

/** A document with Windows' line ends is edited without them, and gets them back. */
export function keepLineEnds(text: string, edit: (text: string) => string | null): string | null {
  const isCrlf = /\r\n/.test(text) && !/(?:^|[^\r])\n/.test(text);
  if (!isCrlf) return edit(text);
  return edit(text.replaceAll("\r\n", "\n"))?.replaceAll("\n", "\r\n") ?? null;
}

export function parseYaml(text: string): Node | null {
  const document = parseDocument(text, { logLevel: "silent", merge: true });
  return document.errors.length > 0 ? null : document.contents;
}

export type Found = { readonly key: Node; readonly value: Node | null };

export function findPair(root: Node | null, path: readonly string[]): Found | null {
  let node: unknown = root;
  let found: Found | null = null;
  for (const step of path) {
    if (!isMap(node)) return null;
    const pair: Pair | undefined = node.items.find(({ key }) => isScalar(key) && key.value === step);
    if (pair === undefined) return null;
    node = pair.value;
    found = { key: pair.key as Node, value: pair.value as Node | null };
  }
  return found;
}

export function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

/** After the last entry of a block, or before the closing bracket of a flow collection. */
export function insertInto(
  text: string,
  node: Node | null,
  blockEntry: string,
  flowEntry: string,
): string | null {
  if (!(isMap(node) || isSeq(node)) || node.range == null || node.anchor !== undefined) return null;
  const last = node.items.at(-1);
  if (node.flow === true) return insertIntoFlow(text, node.range[1] - 1, node.items.length === 0, flowEntry);
  const first = node.items[0];
  const start = nodeOf(first);
  if (last === undefined || start === null) return null;
  // A list's items begin after their dash.
  const indent = isSeq(node) ? dashIndent(text, start) : indentOf(text, start);
  if (indent === null) return null;
  return insertLine(text, endOfEntry(last), `${indent}${blockEntry}`);
}

function insertIntoFlow(text: string, close: number, isEmptyList: boolean, entry: string): string | null {
  const before = text.slice(0, close);
  // A comment inside the brackets could swallow what is written after it.
  if (/#[^\n]*$/.test(before.slice(before.lastIndexOf("\n") + 1).replace(/"[^"]*"|'[^']*'/g, "")))
    return null;
  const separator = isEmptyList ? "" : /,\s*$/.test(before) ? " " : ", ";
  const trimmed = isEmptyList || separator === " " ? before.trimEnd() : before;
  return `${trimmed}${separator}${entry}${text.slice(close)}`;
}

export function nodeOf(item: unknown): Node | null {
  if (item === undefined || item === null) return null;
  return ("key" in (item as object) ? (item as Pair).key : item) as Node;
}

/** Where the written part of the last entry ends. */
export function endOfEntry(item: unknown): number {
  const { key, value } = "key" in (item as object) ? (item as Pair) : { key: item, value: null };
  const last = deepestLast(isEmpty(value as Node | null) ? (key as Node) : (value as Node));
  return endOf(last);
}

/** The end of a block collection lies behind the comments that follow it; that of its last scalar does not. */
function deepestLast(node: Node): Node {
  if (!(isMap(node) || isSeq(node)) || node.flow === true) return node;
  const last = node.items.at(-1);
  if (last === undefined) return node;
  const { key, value } = isMap(node) ? (last as Pair) : { key: last, value: null };
  return deepestLast(isEmpty(value as Node | null) ? (key as Node) : (value as Node));
}

export function endOf(node: Node): number {
  return node.range?.[1] ?? 0;
}

/** The line after the one that holds `offset` becomes `line`. */
export function insertLine(text: string, offset: number, line: string): string {
  const at = text.indexOf("\n", offset);
  // A block scalar ends behind its own line break.
  if (offset > 0 && text[offset - 1] === "\n")
    return `${text.slice(0, offset)}${line}\n${text.slice(offset)}`;
  if (at === -1) return `${text}\n${line}\n`;
  return `${text.slice(0, at + 1)}${line}\n${text.slice(at + 1)}`;
}

export function indentOf(text: string, node: Node): string {
  const start = node.range?.[0] ?? 0;
  return text.slice(text.lastIndexOf("\n", start - 1) + 1, start).replace(/[^ ]/g, " ");
}

function dashIndent(text: string, node: Node): string | null {
  return (
    /^( *)- +$/.exec(
      text.slice(text.lastIndexOf("\n", (node.range?.[0] ?? 0) - 1) + 1, node.range?.[0] ?? 0),
    )?.[1] ?? null
  );
}
