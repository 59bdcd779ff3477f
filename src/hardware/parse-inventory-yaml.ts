// From the text of an inventory to a YAML tree with nothing in it but mappings, lists and values. What a reviewer
// would overlook or a parser could choke on is refused before. In: the text. Out: the root node, or findings.

import { type Document, isAlias, isMap, isNode, isSeq, type Node, parseDocument, visit } from "yaml";
import type { Diagnostic, DocRef } from "../base/diagnostic.ts";
import { explainYamlError } from "../base/explain-yaml-error.ts";
import { countUtf8Bytes, findForbiddenCharacter, nameCodePoint } from "../base/text-policy.ts";
import { makeFinding } from "./inventory-findings.ts";

const MAX_BYTES = 1024 * 1024;
/** gpus → entry → functions → entry → key: five. The parser recurses, so depth is bounded before it runs. */
const MAX_DEPTH = 24;
const MAX_SYNTAX_FINDINGS = 10;

export interface ParsedInventory {
  readonly root: Node | null;
  readonly diagnostics: readonly Diagnostic[];
}

export function parseInventoryYaml(text: string, doc: DocRef): ParsedInventory {
  const refuse = (code: string, message: string, start: number, end = start + 1): ParsedInventory => ({
    root: null,
    diagnostics: [{ ...makeFinding(code, doc, [], message), span: { start, end } }],
  });
  if (text.length > MAX_BYTES || countUtf8Bytes(text) > MAX_BYTES)
    return refuse("CF631", "the file is larger than 1 MiB", 0);
  // CRLF is what an editor may make of the file; a lone CR is hidden text.
  const hidden = findForbiddenCharacter(text.replaceAll("\r\n", " \n"), { multiline: true });
  if (hidden !== null) {
    return refuse(
      "CF633",
      `the file contains a ${hidden.reason} (${nameCodePoint(hidden.codePoint)})`,
      hidden.index,
    );
  }
  const directive = /^%/m.exec(text);
  if (directive !== null) return refuse("CF632", "an inventory has no YAML directives", directive.index);
  const deep = findDeepLine(text);
  if (deep !== null) return refuse("CF631", `the file nests deeper than ${MAX_DEPTH} levels`, deep);
  // The library compares every key with every other one (minutes for 1 MiB): the reader finds duplicates itself.
  const parsed = parseDocument(text, { logLevel: "error", uniqueKeys: false, version: "1.2" });
  if (parsed.errors.length > 0) return { root: null, diagnostics: describeErrors(parsed, text, doc) };
  const feature = findFeature(parsed);
  if (feature !== null) return refuse("CF632", feature.message, feature.start, feature.end);
  if (!isNode(parsed.contents)) return refuse("CF630", "the file is empty", 0, 0);
  return { root: parsed.contents, diagnostics: [] };
}

function describeErrors(parsed: Document.Parsed, text: string, doc: DocRef): readonly Diagnostic[] {
  return parsed.errors.slice(0, MAX_SYNTAX_FINDINGS).map((error) => {
    if (error.code === "MULTIPLE_DOCS") {
      const span = { start: error.pos[0], end: Math.max(error.pos[1], error.pos[0] + 1) };
      return { ...makeFinding("CF632", doc, [], "an inventory is one YAML document"), span };
    }
    const { message, help, span } = explainYamlError(error, parsed, text);
    return { ...makeFinding("CF630", doc, [], message), span, ...(help === null ? {} : { help }) };
  });
}

interface Feature {
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

function findFeature(parsed: Document.Parsed): Feature | null {
  let found: Feature | null = null;
  visit(parsed, {
    Node: (_key, node) => {
      const what = nameFeature(node);
      if (what === null) return undefined;
      const start = node.range?.[0] ?? 0;
      found = {
        message: `an inventory has no YAML ${what}`,
        start,
        end: Math.max(node.range?.[1] ?? 0, start + 1),
      };
      return visit.BREAK;
    },
  });
  return found;
}

function nameFeature(node: Node): string | null {
  if (isAlias(node)) return "aliases";
  if (typeof node.anchor === "string") return "anchors";
  // The schema sets tags of its own on mappings and lists only where the text has one.
  if (node.tag !== undefined && !(isMap(node) || isSeq(node))) return "tags";
  return node.tag === undefined ? null : "tags";
}

const BRACKETS = /[[\]{}]/;
const EACH_BRACKET = /[[\]{}]/g;
const DASHES = /^(?:\s*[-?:]\s)+/;
/** More than any level's indentation. */
const WIDE = " ".repeat(201);

/**
 * A line that opens more levels than an inventory has, by brackets or by `- - -`; and indentation deeper than any.
 * Brackets inside quotes count too: no text of an inventory has that many.
 */
export function findDeepLine(text: string): number | null {
  let open = 0;
  let start = 0;
  for (const line of text.split("\n")) {
    open = Math.max(0, open);
    for (const [bracket] of BRACKETS.test(line) ? line.matchAll(EACH_BRACKET) : []) {
      open += bracket === "[" || bracket === "{" ? 1 : -1;
      if (open > MAX_DEPTH) return start;
    }
    const nested = DASHES.exec(line)?.[0].match(/[-?:]/g)?.length ?? 0;
    if (nested > MAX_DEPTH || line.startsWith(WIDE)) return start;
    start += line.length + 1;
  }
  return null;
}
