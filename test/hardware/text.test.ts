// Text from strangers: made printable, never wider than the page.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { foldWords, PAGE_WIDTH } from "../../src/base/page-layout.ts";
import { measureWidth } from "../../src/base/terminal-text.ts";
import { findForbiddenCharacter } from "../../src/base/text-policy.ts";
import { cleanLabel, cleanText, cleanWord, MAX_LEARNED_TEXT } from "../../src/hardware/clean-text.ts";
import { compareNatural } from "../../src/hardware/kernel-formats.ts";

test("whatever comes in, one printable line of limited length comes out, and cleaning it again changes nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
      const clean = cleanText(text);
      if (clean === null) return;
      assert.equal(findForbiddenCharacter(clean, { multiline: false }), null);
      assert.ok(clean.length <= MAX_LEARNED_TEXT && clean.isWellFormed());
      assert.equal(cleanText(clean), clean);
    }),
  );
});

test("escape sequences, reordering and invisible characters go", () => {
  assert.equal(
    cleanText("\u001b[31mred\u001b[0m\u202eevil\u200b\ufeff\0 disk\ud800"),
    "[31mred [0m evil disk",
  );
  assert.equal(cleanText(" \t\n"), null);
  assert.equal(cleanText("x".repeat(10_000_000))?.length, MAX_LEARNED_TEXT);
});

test("what makers leave in unfilled fields is nothing", () => {
  for (const text of ["To Be Filled By O.E.M.", "Default string", "None", "[N/A]", "  unknown "])
    assert.equal(cleanLabel(text), null);
  assert.equal(cleanLabel("Nonesuch 9000"), "Nonesuch 9000");
});

test("a word is one word or nothing", () => {
  assert.equal(cleanWord("2.40.3-desktop.1\n"), "2.40.3-desktop.1");
  for (const text of ["", "a b", "-x", "$(id)", "x".repeat(81), "é"]) assert.equal(cleanWord(text), null);
});

test("wrapped lines hold every word and never exceed the width", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 400 }),
      fc.integer({ min: 4, max: PAGE_WIDTH }),
      (text, width) => {
        const lines = foldWords(text, width);
        for (const line of lines) assert.ok(measureWidth(line) <= width, line);
        const squeeze = (words: string): string => words.replace(/ /g, "");
        assert.equal(squeeze(lines.join("")), squeeze(text));
      },
    ),
  );
});

test("numbers inside names are ordered by value", () => {
  assert.deepEqual(["cpu10", "cpu2", "a", "nvme0n1", "nvme0", "cpu"].sort(compareNatural), [
    "a",
    "cpu",
    "cpu2",
    "cpu10",
    "nvme0",
    "nvme0n1",
  ]);
});
