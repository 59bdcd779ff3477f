// Where a fact stands in the text of an inventory. Parsed only when a diagnostic asks. In: text, a path. Out: offsets.

import { isMap, isNode, isScalar, isSeq, type Node, parseDocument } from "yaml";
import type { DocPath, Span } from "../base/diagnostic.ts";

export type Locate = (path: DocPath, options?: { readonly onKey?: boolean }) => Span | null;

/** The answer is the nearest thing around where the path leads nowhere. */
export function locateInYaml(text: string): Locate {
  let root: Node | null | undefined;
  return (path, { onKey = false } = {}) => {
    if (root === undefined) root = parseQuietly(text);
    if (root === null) return null;
    return walk(root, path, onKey);
  };
}

function parseQuietly(text: string): Node | null {
  try {
    return parseDocument(text, { logLevel: "silent" }).contents;
  } catch {
    return null;
  }
}

function walk(root: Node, path: DocPath, onKey: boolean): Span | null {
  let node: Node = root;
  let key: Node | null = null;
  for (const step of path) {
    const next = stepInto(node, step);
    if (next === null) break;
    key = next.key;
    node = next.value ?? next.key ?? node;
  }
  return spanOf(onKey && key !== null ? key : node);
}

function stepInto(node: Node, step: string | number): { key: Node | null; value: Node | null } | null {
  if (isSeq(node)) {
    const item = typeof step === "number" ? node.items[step] : undefined;
    return isNode(item) ? { key: null, value: item } : null;
  }
  if (!isMap(node)) return null;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  if (pair === undefined) return null;
  return { key: isNode(pair.key) ? pair.key : null, value: isNode(pair.value) ? pair.value : null };
}

function spanOf(node: Node): Span | null {
  const range = node.range;
  return range === null || range === undefined ? null : { start: range[0], end: range[1] };
}
