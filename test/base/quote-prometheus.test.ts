// Label values and help text, read back by a reader of the exposition format.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { quoteHelpText, quoteLabelValue } from "../../src/base/quote-prometheus.ts";
import { anyText, corpus } from "../render/hostile-text.ts";

/** As Prometheus' lexer does: up to the first quote without a backslash, on one line. */
function readLabel(line: string): string {
  const inner = /^"((?:[^"\\\n]|\\[\\"n])*)"$/.exec(line)?.[1];
  if (inner === undefined) throw new Error(`not one label value: ${line}`);
  return inner.replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
}

test("any text comes back from a label value and from help text", () => {
  const check = (text: string) => {
    assert.equal(readLabel(quoteLabelValue(text)), text);
    assert.doesNotMatch(quoteHelpText(text), /\n/);
    assert.equal(
      quoteHelpText(text).replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c)),
      text,
    );
  };
  fc.assert(fc.property(anyText, check), { numRuns: 500 });
  corpus.forEach(check);
});

test("quotes are escaped in label values only", () => {
  assert.equal(quoteLabelValue('a"b\\c\nd'), '"a\\"b\\\\c\\nd"');
  assert.equal(quoteHelpText('a"b\\c\nd'), 'a"b\\\\c\\nd');
});

test("NUL, lone surrogates and what is no text throw", () => {
  for (const bad of ["a\0", "\ud800", undefined]) {
    assert.throws(() => quoteLabelValue(bad as string));
    assert.throws(() => quoteHelpText(bad as string));
  }
});
