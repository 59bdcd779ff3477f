// What a YAML syntax error means, and where: the `yaml` package reports many at the end of the text, or in words that
// speak of its own parts. In: its error, its document, the text. Out: a sentence, a span where the slip is, advice.

import type { Document, YAMLParseError } from "yaml";
import { isCollection, isScalar, visit } from "yaml";
import type { Span } from "./diagnostic.ts";

export interface YamlFault {
  readonly message: string;
  readonly span: Span;
  readonly help: string | null;
}

export function explainYamlError(error: YAMLParseError, parsed: Document.Parsed, text: string): YamlFault {
  const [from, to] = error.pos;
  return (
    explainUnclosed(error, parsed, text) ??
    explainIndented(error.message, from, text) ??
    explainByWords(error.message, from, to, text) ?? {
      message: keepFirstLine(error.message),
      span: spanOf(from, to),
      help: null,
    }
  );
}

/** A quote or bracket without its partner: the place where it opens, not where the text ran out. */
function explainUnclosed(error: YAMLParseError, parsed: Document.Parsed, text: string): YamlFault | null {
  const quote = /^Missing closing (["'])quote/.exec(error.message)?.[1];
  const bracket = /^Flow (?:map|sequence) .*end with a ([}\]])/.exec(error.message)?.[1];
  if (quote === undefined && bracket === undefined) return null;
  const start = findOpening(parsed, error.pos[0], bracket !== undefined);
  if (start === null) return null;
  const message =
    quote === undefined
      ? `the ${text.charAt(start)} that opens here is never closed by a ${bracket}`
      : `the ${quote} that opens here is never closed`;
  return { message, span: spanOf(start, start + 1), help: null };
}

/** Nodes that end where the error is; the innermost is the one that the composer gave up on first. */
function findOpening(parsed: Document.Parsed, end: number, isFlow: boolean): number | null {
  let start: number | null = null;
  visit(parsed, {
    Node: (_key, node) => {
      const is = isFlow
        ? isCollection(node) && node.flow === true
        : isScalar(node) && (node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE");
      if (is && node.range?.[1] === end) start = node.range[0];
    },
  });
  return start;
}

/** `fleet: acme` and below it an indented `github: …`: to YAML the two lines are one value, or one key. */
function explainIndented(message: string, from: number, text: string): YamlFault | null {
  if (!/^Nested mappings are not allowed|^Implicit keys need to be on a single line/.test(message))
    return null;
  const lineStart = text.lastIndexOf("\n", from - 1) + 1;
  const lineEnd = text.indexOf("\n", from);
  if (lineEnd === -1) return null;
  const isValue = /^\s*[^\s#].*:\s/.test(text.slice(lineStart, from));
  if (!isValue || /[^\s]:(?:\s|$)|^[?-]\s/.test(text.slice(from, lineEnd).trim())) return null;
  const start = skipBlanks(text, lineEnd);
  return {
    message: "this line is indented as if it belonged to the value above it",
    span: spanOf(start, start + 1),
    help: "give it the indentation of its neighbours",
  };
}

interface Words {
  readonly pattern: RegExp;
  readonly message: string;
  readonly help: string | null;
  /** Where the library points at the blank before what is wrong. */
  readonly skipsBlanks?: true;
}

const WORDS: readonly Words[] = [
  {
    pattern: /^Nested mappings are not allowed in compact mappings/,
    message: "a second `: ` on one line",
    help: "put text that contains `: ` in quotes, or write the inner key on a line of its own",
  },
  {
    pattern:
      /^Implicit keys need to be on a single line|^Implicit map keys need to be followed by map values/,
    message:
      "a line without a key: `: ` is missing, or the indentation is not that of the line it belongs to",
    help: "write `key: value`, with a blank after the colon",
  },
  {
    pattern: /^All (?:mapping|sequence) items must start at the same column/,
    message: "this line is indented less than the ones it belongs to, and more than the ones above them",
    help: "give it the indentation of its neighbours",
    skipsBlanks: true,
  },
  {
    pattern: /^Unexpected (?:double-quoted-|single-quoted-)?scalar at node end/,
    message: "text after the end of a value",
    help: "put the whole value in quotes, or a comma between two",
  },
  {
    pattern:
      /^A block sequence may not be used as an implicit map key|^Unexpected block-seq-ind on same line/,
    message: "a list that begins on the line of its key",
    help: "begin it on the next line, or write it in brackets",
  },
  {
    pattern: /^Missing space after : in flow map/,
    message: "a blank is missing after the colon",
    help: null,
  },
];

function explainByWords(message: string, from: number, to: number, text: string): YamlFault | null {
  const known = WORDS.find(({ pattern }) => pattern.test(message));
  if (known !== undefined) {
    const start = known.skipsBlanks === true ? skipBlanks(text, from) : from;
    return { message: known.message, span: spanOf(start, Math.max(to, start)), help: known.help };
  }
  const sign = /^Plain value cannot start with (?:reserved character|directive indicator character) (.)/.exec(
    message,
  );
  if (sign === null) return null;
  return {
    message: `a value cannot begin with ${sign[1]} unless it is in quotes`,
    span: spanOf(from, to),
    help: "put it in quotes",
  };
}

function skipBlanks(text: string, from: number): number {
  const blanks = /^\s*/.exec(text.slice(from))?.[0].length ?? 0;
  return from + blanks < text.length ? from + blanks : from;
}

function spanOf(start: number, end: number): Span {
  return { start, end: Math.max(end, start + 1) };
}

/** The library adds place and excerpt after the first line. */
function keepFirstLine(message: string): string {
  const line = (message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
  return /^[A-Z][a-z]/.test(line) ? line.charAt(0).toLowerCase() + line.slice(1) : line;
}
