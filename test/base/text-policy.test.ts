// Which characters the spec admits. The table below is the policy; the properties say that the finder
// agrees with it everywhere and points at the right place.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  countUtf8Bytes,
  findForbiddenCharacter,
  isEnvName,
  isLabel,
  isName,
  nameCodePoint,
  normalizeLineEnds,
} from "../../src/base/text-policy.ts";

const FORBIDDEN =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufdd0-\ufdef\p{Cs}\p{Noncharacter_Code_Point}]/u;

test("every refused range is refused in one line and in many, with its reason", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["\u0000", "control character"],
    ["\u0007", "control character"],
    ["\u001b", "control character"],
    ["\u007f", "control character"],
    ["\u0085", "control character"],
    ["\u009b", "control character"],
    ["\r", "line break"],
    ["\u2028", "line or paragraph separator"],
    ["\u2029", "line or paragraph separator"],
    ["\u061c", "bidirectional control character"],
    ["\u200e", "bidirectional control character"],
    ["\u202e", "bidirectional control character"],
    ["\u2069", "bidirectional control character"],
    ["\ufeff", "byte order mark"],
    ["\ufffe", "noncharacter"],
    ["\ufdd0", "noncharacter"],
    ["\u{1ffff}", "noncharacter"],
    ["\u{10fffe}", "noncharacter"],
    ["\ud800", "lone surrogate"],
    ["\udc00", "lone surrogate"],
  ];
  for (const [character, reason] of cases) {
    for (const multiline of [false, true]) {
      const found = findForbiddenCharacter(`ok\u{1f44d}${character}`, { multiline });
      assert.deepEqual(found, { index: 4, codePoint: character.codePointAt(0), reason });
    }
  }
});

test("a line feed passes only where many lines are declared", () => {
  assert.deepEqual(findForbiddenCharacter("a\nb", { multiline: false }), {
    index: 1,
    codePoint: 10,
    reason: "line break",
  });
  assert.equal(findForbiddenCharacter("a\nb", { multiline: true }), null);
});

test("tab, accents, CJK, joined emoji and soft hyphen pass", () => {
  for (const text of ["", "a\tb", "é", "日本", "👨‍👩‍👧", "\u00ad", "${{x}}", "\\"]) {
    assert.equal(findForbiddenCharacter(text, { multiline: false }), null);
  }
});

test("the finder agrees with the policy written as one regular expression", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const found = findForbiddenCharacter(text, { multiline: true });
      assert.equal(found?.index ?? -1, text.search(FORBIDDEN));
    }),
    { numRuns: 2000 },
  );
  for (let c = 0; c <= 0xffff; c++) {
    const text = String.fromCodePoint(c);
    const found = findForbiddenCharacter(text, { multiline: true });
    if (FORBIDDEN.test(text) !== (found !== null)) assert.fail(nameCodePoint(c));
  }
});

test("line ends of every system become line feeds", () => {
  assert.equal(normalizeLineEnds("a\r\nb\rc\n\r\n"), "a\nb\nc\n\n");
});

test("names are RFC 1123 labels", () => {
  for (const good of ["a", "0", "gpu-1", "a".repeat(63)]) assert.ok(isName(good), good);
  for (const bad of ["", "-a", "a-", "A", "a_b", "a.b", "a".repeat(64), "a\n", "é", "a b"]) {
    assert.ok(!isName(bad), JSON.stringify(bad));
  }
});

test("labels have no comma, no space and no leading dash", () => {
  for (const good of ["x64", "cuda-12.4", "Self_Hosted", "a".repeat(100)]) assert.ok(isLabel(good), good);
  for (const bad of ["", "-x", ".x", "a,b", "a b", "a\n", "a".repeat(101), "é"]) {
    assert.ok(!isLabel(bad), JSON.stringify(bad));
  }
});

test("environment names are POSIX names", () => {
  for (const good of ["A", "_", "cargo_HOME1"]) assert.ok(isEnvName(good), good);
  for (const bad of ["", "1A", "A-B", "A B", "A=", "A\n", "É"])
    assert.ok(!isEnvName(bad), JSON.stringify(bad));
});

test("length is counted in UTF-8", () => {
  assert.equal(countUtf8Bytes("aé日👍"), 1 + 2 + 3 + 4);
});

test("a character is named, never printed", () => {
  assert.equal(nameCodePoint(0x202e), "U+202E");
  assert.equal(nameCodePoint(7), "U+0007");
  assert.equal(nameCodePoint(0x10fffe), "U+10FFFE");
});
