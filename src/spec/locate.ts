// From a path in the spec to its place in the text. In: the tree and a path. Out: a span, that of the
// nearest thing around it where the path leads nowhere.

import type { DocPath, Span } from "../base/diagnostic.ts";
import { inheritedPath } from "./draft.ts";
import { findEntry, findNode, type SpecNode } from "./spec-node.ts";

export function locateIn(tree: SpecNode, path: DocPath, onKey: boolean): Span {
  const exact = locateExactly(tree, path, onKey) ?? locateExactly(tree, inheritedPath(path), onKey);
  if (exact !== null) return exact;
  for (let length = path.length - 1; length > 0; length--) {
    const around = locateExactly(tree, path.slice(0, length), true);
    if (around !== null) return around;
  }
  return startOf(tree);
}

function locateExactly(tree: SpecNode, path: DocPath, onKey: boolean): Span | null {
  const node = findNode(tree, path);
  if (node === null) return null;
  if (path.length === 0) return startOf(tree);
  const entry = findEntry(tree, path);
  const empty = node.span.start === node.span.end;
  return entry !== null && (onKey || empty) ? entry.keySpan : node.span;
}

/** The first key: a fault of the whole file is shown there. */
function startOf(tree: SpecNode): Span {
  if (tree.kind !== "map") return { start: tree.span.start, end: tree.span.start + 1 };
  const [first] = tree.entries.values();
  return first?.keySpan ?? { start: tree.span.start, end: tree.span.start + 1 };
}
