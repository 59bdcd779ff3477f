// Lines that fit and break where a reader expects it, whatever the words.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { foldWords, layField, layHeading, layTable, PAGE_WIDTH } from "../../src/base/page-layout.ts";
import { measureWidth } from "../../src/base/terminal-text.ts";

const words = fc.array(fc.string({ unit: "grapheme", maxLength: 140 }), { maxLength: 30 });

test("no line is wider than the page, and no character of it is lost", () => {
  fc.assert(
    fc.property(words, (given) => {
      const text = given.join(" ");
      for (const line of [...layField("label", text), ...layHeading(text)]) {
        assert.ok(measureWidth(line) <= PAGE_WIDTH, line);
      }
      const folded = foldWords(text, 40);
      assert.equal(folded.join("").replaceAll(" ", ""), text.replaceAll(" ", ""));
    }),
  );
});

test("a field's later lines stand under its first word", () => {
  const text = Array.from({ length: 12 }, (_, at) => `label-number-${at}`).join(" ");
  assert.deepEqual(layField("labels", text), [
    "  labels    label-number-0 label-number-1 label-number-2 label-number-3 label-number-4",
    "            label-number-5 label-number-6 label-number-7 label-number-8 label-number-9",
    "            label-number-10 label-number-11",
  ]);
});

test("columns are as wide as their widest cell, and empty last cells leave no blanks", () => {
  assert.deepEqual(
    layTable([
      ["a", "always", ""],
      ["longer", "on demand", "GPU-1"],
    ]),
    ["  a       always", "  longer  on demand  GPU-1"],
  );
});

test("what would move a terminal's cursor does not reach it", () => {
  assert.deepEqual(layHeading("a\u001b[2Jb"), ["a\ufffd[2Jb"]);
});
