// Slips of syntax as people make them: each is said where it was made, in words about the text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDocument } from "yaml";
import { explainYamlError } from "../../src/base/explain-yaml-error.ts";

/** The first fault as `line:column: message`. */
function explainFirst(text: string): string {
  const parsed = parseDocument(text, { uniqueKeys: false });
  const [error] = parsed.errors;
  assert.ok(error, "there is a fault");
  const { message, span } = explainYamlError(error, parsed, text);
  const before = text.slice(0, span.start).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}: ${message}`;
}

const SLIPS: readonly (readonly [what: string, text: string, said: string])[] = [
  ["a double quote without its partner", 'a: "x\nb: 1\nc: 2\n', '1:4: the " that opens here is never closed'],
  ["a single quote without its partner", "a: 1\nb: ['x, y]\n", "2:5: the ' that opens here is never closed"],
  ["an open brace", "a: {b: 1\nc: 2\n", "1:4: the { that opens here is never closed by a }"],
  ["an open bracket inside a brace", "a: {b: [c, d}\n", "1:8: the [ that opens here is never closed by a ]"],
  ["an open bracket at the top", "[a, b\n", "1:1: the [ that opens here is never closed by a ]"],
  [
    "a line indented too far",
    "a: 1\n  b: 2\n",
    "2:3: this line is indented as if it belonged to the value above it",
  ],
  [
    "a line indented too little",
    "a:\n  b: 1\n c: 2\n",
    "3:2: this line is indented less than the ones it belongs to, and more than the ones above them",
  ],
  ["two colons", "a: b: c\n", "1:4: a second `: ` on one line"],
  [
    "a colon without a blank",
    "a: 1\nb:2\nc: 3\n",
    "2:1: a line without a key: `: ` is missing, or the indentation is not that of the line it belongs to",
  ],
  ["an at sign", "a: @b\n", "1:4: a value cannot begin with @ unless it is in quotes"],
  ["text behind quotes", 'a: "b" c\n', "1:8: text after the end of a value"],
  ["a list on the line of its key", "a: - b\n", "1:4: a list that begins on the line of its key"],
  ["what has no words of ours", 'a: "\\q"\n', "1:5: invalid escape sequence \\q"],
];

for (const [what, text, said] of SLIPS) {
  test(`${what}: ${said}`, () => {
    assert.equal(explainFirst(text), said);
  });
}
