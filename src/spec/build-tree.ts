// From the YAML library's nodes to the spec's own tree: aliases resolved by sharing, merge keys (`<<`)
// applied, duplicate keys and tags refused. In: the root node and the text. Out: the tree. Linear in the
// text except for merges, which have a budget.

import type { Alias, Node, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { DocPath, Span } from "../base/diagnostic.ts";
import type { Report } from "./report.ts";
import { relate } from "./report.ts";
import type { ListNode, MapEntry, MapNode, ScalarNode, SpecNode } from "./spec-node.ts";
import { quoteShort } from "./spec-node.ts";

const MAX_DEPTH = 64;
const MAX_MERGED_ENTRIES = 200_000;

interface Builder {
  readonly text: string;
  readonly report: Report;
  /** Finished nodes only: an alias inside its own anchor finds nothing. */
  readonly anchors: Map<string, SpecNode>;
  merged: number;
}

export function buildTree(root: Node, text: string, report: Report): SpecNode {
  return build(root, [], { text, report, anchors: new Map(), merged: 0 });
}

function build(node: Node | null, path: DocPath, builder: Builder): SpecNode {
  if (node === null) return nothingAt(0);
  if (isAlias(node)) return resolveAlias(node, path, builder);
  refuseTag(node, path, builder);
  const built = buildPlain(node, path, builder);
  if (typeof node.anchor === "string") builder.anchors.set(node.anchor, built);
  return built;
}

function buildPlain(node: Node, path: DocPath, builder: Builder): SpecNode {
  if (isScalar(node)) return buildScalar(node);
  if (path.length > MAX_DEPTH) {
    builder.report.add("CF608", path, {
      message: `values nest deeper than ${MAX_DEPTH} levels`,
      span: firstCharacter(spanOf(node)),
    });
    return nothingAt(spanOf(node).start);
  }
  if (isMap(node)) return buildMap(node, path, builder);
  if (isSeq(node)) return buildList(node, path, builder);
  return nothingAt(spanOf(node).start);
}

function buildScalar(node: Scalar): ScalarNode {
  const { value } = node;
  const plain = node.type === "PLAIN";
  const source = node.source ?? "";
  const known = value === null || ["string", "number", "boolean"].includes(typeof value);
  return {
    kind: "scalar",
    span: spanOf(node),
    value: known ? (value as ScalarNode["value"]) : source,
    source,
    plain,
  };
}

function buildList(node: YAMLSeq, path: DocPath, builder: Builder): ListNode {
  const items = node.items.map((item, i) => build(item as Node | null, [...path, i], builder));
  return { kind: "list", span: spanOf(node), items };
}

function buildMap(node: YAMLMap, path: DocPath, builder: Builder): MapNode {
  const entries = new Map<string, MapEntry>();
  const merges: { source: SpecNode; span: Span }[] = [];
  for (const pair of node.items as Pair<Node | null, Node | null>[]) {
    const keyNode = pair.key;
    if (keyNode !== null) refuseTag(keyNode, path, builder);
    const keySpan = keyNode === null ? firstCharacter(spanOf(node)) : spanOf(keyNode);
    if (keyNode === null || !isScalar(keyNode) || keyNode.value === null) {
      builder.report.add("CF610", path, {
        message: keyNode === null || isScalar(keyNode) ? "a key is empty" : "a key must be plain text",
        span: firstCharacter(keySpan),
      });
      continue;
    }
    const key = typeof keyNode.value === "string" ? keyNode.value : (keyNode.source ?? "");
    const value = build(pair.value, [...path, key], builder);
    if (typeof keyNode.anchor === "string") builder.anchors.set(keyNode.anchor, buildScalar(keyNode));
    if (key === "<<" && keyNode.type === "PLAIN") {
      merges.push({ source: value, span: keySpan });
      continue;
    }
    const earlier = entries.get(key);
    if (earlier === undefined)
      entries.set(key, { keySpan, node: pair.value === null ? nothingAt(keySpan.end) : value });
    else {
      builder.report.add("CF603", [...path, key], {
        message: `the key ${quoteShort(key)} is there twice`,
        help: "keep one of the two",
        span: keySpan,
        related: [relate("it is here already", [...path, key], true)],
      });
    }
  }
  for (const { source, span } of merges) mergeInto(entries, source, span, path, builder);
  return { kind: "map", span: spanOf(node), entries };
}

/** YAML 1.1's merge key (yaml.org/type/merge.html): keys already there win, earlier sources win. */
function mergeInto(
  entries: Map<string, MapEntry>,
  source: SpecNode,
  span: Span,
  path: DocPath,
  builder: Builder,
): void {
  const sources = source.kind === "list" ? source.items : [source];
  for (const from of sources) {
    if (from.kind !== "map") {
      builder.report.add("CF610", path, { message: "`<<` takes a mapping or a list of mappings", span });
      return;
    }
    if (builder.merged > MAX_MERGED_ENTRIES) return;
    builder.merged += from.entries.size;
    if (builder.merged > MAX_MERGED_ENTRIES) {
      builder.report.add("CF608", path, { message: "merge keys multiply the file beyond its limits", span });
      return;
    }
    for (const [key, entry] of from.entries) if (!entries.has(key)) entries.set(key, entry);
  }
}

function resolveAlias(alias: Alias, path: DocPath, builder: Builder): SpecNode {
  const target = builder.anchors.get(alias.source);
  if (target !== undefined) return target;
  builder.report.add("CF607", path, {
    message: `the alias ${quoteShort(`*${alias.source}`, false)} has no anchor before it`,
    span: spanOf(alias),
  });
  return nothingAt(spanOf(alias).start);
}

function refuseTag(node: Node, path: DocPath, builder: Builder): void {
  if (isAlias(node) || node.tag === undefined) return;
  const start = findTagStart(builder.text, spanOf(node).start);
  const source = /^[^\s,[\]{}]*/.exec(builder.text.slice(start, start + 100))?.[0] ?? "!";
  builder.report.add("CF603", path, {
    message: `the tag ${quoteShort(source, false)} is refused: values have the type they are written with`,
    help: "delete the tag; put text in quotes",
    span: { start, end: start + Math.max(1, source.length) },
  });
}

/** The library keeps a tag's name but not its place; it stands before the value. */
function findTagStart(text: string, before: number): number {
  let start = text.lastIndexOf("!", before);
  if (start === -1) return before;
  while (start > 0 && !/[\s,[{]/.test(text.charAt(start - 1))) start -= 1;
  return start;
}

function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
}

function firstCharacter(span: Span): Span {
  return { start: span.start, end: span.start + 1 };
}

function nothingAt(offset: number): ScalarNode {
  return { kind: "scalar", span: { start: offset, end: offset }, value: null, source: "", plain: true };
}
