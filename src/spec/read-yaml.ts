// From text to one YAML document, as the `yaml` library sees it. Limits and refusals that need no tree
// are here: size, several documents, directives, syntax. In: the text. Out: the document's root node, or
// null with findings. Never throws, whatever the bytes.

import { Composer, type Document, isScalar, type Node, Parser, type YAMLParseError } from "yaml";
import { explainYamlError } from "../base/explain-yaml-error.ts";
import { countUtf8Bytes } from "../base/text-policy.ts";
import type { Report } from "./report.ts";

export const MAX_SPEC_BYTES = 1024 * 1024;
/** A cascade of syntax errors says no more after the first few. */
const MAX_SYNTAX_FINDINGS = 20;
/** The parser recurses; what nests deeper than this is refused before it is composed. */
const MAX_FLOW_DEPTH = 64;

/** null: nothing to look at, and the findings say why. */
export function readYaml(text: string, report: Report): Node | null {
  const bytes = text.length > MAX_SPEC_BYTES ? text.length : countUtf8Bytes(text);
  if (bytes > MAX_SPEC_BYTES) {
    report.add("CF608", [], {
      message: `the file has more than 1 MiB (${bytes} bytes)`,
      span: { start: 0, end: 0 },
    });
    return null;
  }
  const deep = findDeepNesting(text);
  if (deep !== null) {
    report.add("CF608", [], {
      message: `brackets nest deeper than ${MAX_FLOW_DEPTH} levels`,
      span: { start: deep, end: deep + 1 },
    });
    return null;
  }
  const documents = composeDocuments(text, report);
  if (documents === null) return null;
  const [first, second] = documents;
  if (first === undefined || first.contents === null || isEmptyScalar(first.contents)) {
    report.add("CF649", [], { message: "the file is empty", span: { start: 0, end: 0 } });
    return null;
  }
  if (second !== undefined) {
    const start = findDocumentStart(text, second.range[0]);
    report.add("CF649", [], {
      message: "the file holds several YAML documents; a spec is one",
      help: "keep one document, or move the other into a file of its own",
      span: { start, end: Math.min(start + 3, text.length) },
    });
    return null;
  }
  return first.contents;
}

function composeDocuments(text: string, report: Report): Document.Parsed[] | null {
  const found = { problems: 0 };
  const addSyntax = (error: YAMLParseError, document: Document.Parsed): void => {
    found.problems += 1;
    if (found.problems > MAX_SYNTAX_FINDINGS) return;
    const { message, help, span } = explainYamlError(error, document, text);
    report.add("CF607", [], { message, span, help: help ?? undefined });
  };
  const documents: Document.Parsed[] = [];
  const directives: { source: string; offset: number }[] = [];
  // The library makes an Error for each fault; without stacks a megabyte of faults takes a third of the time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    // uniqueKeys compares each key with all before it: quadratic. Duplicates are found in build-tree.
    const composer = new Composer({ uniqueKeys: false, schema: "core", version: "1.2" });
    const take = (generator: Generator<Document.Parsed>): void => {
      for (const document of generator) if (documents.length < 2) documents.push(document);
    };
    for (const token of new Parser().parse(text)) {
      if (token.type === "directive") directives.push({ source: token.source, offset: token.offset });
      take(composer.next(token));
    }
    take(composer.end(true, text.length));
  } catch (cause) {
    // The composer's recursion ends in a RangeError on inputs that nest by indentation.
    if (!(cause instanceof RangeError)) throw cause;
    report.add("CF608", [], { message: "the file nests too deeply to be read", span: { start: 0, end: 0 } });
    return null;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  for (const { source, offset } of directives) {
    report.add("CF603", [], {
      message: `the directive ${source.trim().split(/\s/)[0] ?? "%"} is refused: it changes what the values mean`,
      help: "delete the line",
      span: { start: offset, end: offset + source.trimEnd().length },
    });
  }
  for (const document of documents) {
    for (const error of document.errors) {
      if (error.code === "RESOURCE_EXHAUSTION") {
        report.add("CF608", [], {
          message: "the file nests too deeply to be read",
          span: { start: error.pos[0], end: error.pos[1] },
        });
        found.problems += 1;
      } else if (error.code === "BAD_DIRECTIVE" && directives.length > 0) {
        found.problems += 1;
      } else addSyntax(error, document);
    }
  }
  return found.problems > 0 ? null : documents;
}

/** Brackets in quotes and comments count too: a spec has no use for 64 of them open at once anywhere. */
function findDeepNesting(text: string): number | null {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5b || c === 0x7b) {
      depth += 1;
      if (depth > MAX_FLOW_DEPTH) return i;
    } else if ((c === 0x5d || c === 0x7d) && depth > 0) depth -= 1;
  }
  return null;
}

function findDocumentStart(text: string, offset: number): number {
  const marker = text.lastIndexOf("---", offset);
  return marker === -1 ? offset : marker;
}

function isEmptyScalar(node: Node): boolean {
  return isScalar(node) && node.type === "PLAIN" && node.source === "" && !node.anchor && !node.tag;
}
