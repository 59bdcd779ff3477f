// The small rooms of base that read text: suggestions, positions, secrets, terminal cells, version ranges.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { suggest } from "../../src/base/did-you-mean.ts";
import { findSecrets, isSecretKeyName, maskSecrets, measureEntropy } from "../../src/base/secret-patterns.ts";
import { cleanForTerminal, measureWidth } from "../../src/base/terminal-text.ts";
import { indexLines } from "../../src/base/text-position.ts";
import { compareVersions, parseVersion, satisfiesRange } from "../../src/base/version-number.ts";

test("the nearest word is suggested, and none where none is near", () => {
  const words = ["labels", "limits", "lifetime", "runners"];
  assert.equal(suggest("lables", words), "labels");
  assert.equal(suggest("LABELS", words), "labels");
  assert.equal(suggest("runers", words), "runners");
  assert.equal(suggest("lifetim", words), "lifetime");
  assert.equal(suggest("a", ["b"]), null);
  assert.equal(suggest("ab", ["cd"]), null);
  assert.equal(suggest("completely", words), null);
  assert.equal(suggest("labels", ["labels"]), null);
  assert.equal(suggest("l".repeat(10_000), words), null);
});

test("one swap of neighbours is always found", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{5,20}$/), fc.nat(18), (word, at) => {
      const i = at % (word.length - 1);
      const swapped = word.slice(0, i) + word[i + 1] + word[i] + word.slice(i + 2);
      if (swapped !== word) assert.equal(suggest(swapped, ["zzzzzzzzzz", word]), word);
    }),
  );
});

test("offsets become lines and columns, whatever the line ends", () => {
  const lines = indexLines("ab\r\nc\n\n😀d");
  const places = [0, 2, 4, 5, 6, 7, 9, 99, -5].map((offset) => {
    const { line, column } = lines.positionAt(offset);
    return `${line}:${column}`;
  });
  assert.deepEqual(places, ["1:1", "1:3", "2:1", "2:2", "3:1", "4:1", "4:3", "4:4", "1:1"]);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 0].map((line) => lines.lineText(line)),
    ["ab", "c", "", "😀d", "", ""],
  );
  assert.equal(lines.lineCount, 4);
});

test("every shape of secret is found and masked in its length", () => {
  const secrets = [
    "ghp_EXAMPLEexampleEXAMPLEexample0123456789",
    `ghs_12345_eyJhbGciOi.${"a".repeat(500)}`,
    "github_pat_EXAMPLE0123456789_EXAMPLE",
    "glpat-EXAMPLE-example-012345",
    "xoxb-0123456789-example",
    "AKIAEXAMPLEEXAMPLE12",
    "npm_EXAMPLEexampleEXAMPLEexample012345",
    "sk-proj-EXAMPLEexampleEXAMPLE",
    "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKK",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----",
  ];
  for (const secret of secrets) {
    const text = `key: ${secret} # after`;
    assert.deepEqual(
      findSecrets(text).map(({ start, end }) => text.slice(start, end)),
      [secret],
    );
    assert.equal(maskSecrets(text), `key: ${secret.replace(/[^\n]/g, "*")} # after`);
  }
  assert.equal(maskSecrets("http://robot:hunter22@proxy:3128"), "http://robot:********@proxy:3128");
});

test("what is no secret is left alone", () => {
  const text =
    "ghp_short gh_token ghcr.io/acme task-runner-with-a-long-name-2026 https://a@b/c http://proxy:3128 sk-short";
  assert.deepEqual(findSecrets(text), []);
  assert.equal(maskSecrets(text), text);
});

test("masking keeps length and lines, whatever the spans", () => {
  const span = fc.tuple(fc.nat(40), fc.nat(20)).map(([start, length]) => ({ start, end: start + length }));
  fc.assert(
    fc.property(
      fc.string({ minLength: 60, maxLength: 60 }),
      fc.array(span, { maxLength: 5 }),
      (text, spans) => {
        const masked = maskSecrets(text, spans);
        assert.equal(masked.length, text.length);
        assert.equal(masked.split("\n").length, text.split("\n").length);
      },
    ),
  );
});

test("names of secrets and random text are told from the rest", () => {
  for (const key of ["API_TOKEN", "password", "apiKey", "client-secret"])
    assert.ok(isSecretKeyName(key), key);
  for (const key of ["key", "path", "pass", "labels"]) assert.ok(!isSecretKeyName(key), key);
  assert.ok(measureEntropy("f9a8b7c6d5e4f3a2") > 3);
  assert.equal(measureEntropy("aaaa"), 0);
});

test("nothing that a terminal obeys is left, and widths are those of cells", () => {
  assert.equal(
    cleanForTerminal("a\u001b[31mb\tc\u202ed\u0085e\u2028f\ud800"),
    "a\ufffd[31mb c\ufffdd\ufffde\ufffdf\ufffd",
  );
  assert.equal(cleanForTerminal("日本 😀 é"), "日本 😀 é");
  assert.deepEqual(["abc", "日本", "😀", "e\u0301", ""].map(measureWidth), [3, 4, 2, 1, 0]);
});

test("versions are compared by number and ranges as npm means them", () => {
  assert.deepEqual(parseVersion("2.338.1"), [2, 338, 1]);
  assert.deepEqual(parseVersion("1.0.0-rc.1"), [1, 0, 0]);
  for (const text of ["2.338", "v2.338.1", "2.338.1.0", "", "a.b.c"]) assert.equal(parseVersion(text), null);
  assert.ok(compareVersions([2, 9, 0], [2, 10, 0]) < 0);
  const cases: readonly [readonly [number, number, number], string, boolean][] = [
    [[1, 0, 0], ">=1.0", true],
    [[0, 9, 9], ">=1.0", false],
    [[1, 2, 9], ">1.2", false],
    [[1, 3, 0], ">1.2", true],
    [[1, 2, 9], "<=1.2", true],
    [[2, 0, 0], ">=1.0 <2", false],
    [[1, 9, 9], "^1.2", true],
    [[0, 3, 0], "^0.2.1", false],
    [[0, 2, 9], "^0.2.1", true],
    [[0, 5, 0], "^0", true],
    [[1, 2, 9], "~1.2.3", true],
    [[1, 3, 0], "~1.2.3", false],
    [[1, 9, 0], "~1", true],
    [[1, 2, 3], "1.2", true],
    [[1, 3, 0], "=1.2", false],
    [[1, 0, 0], "newest", false],
  ];
  for (const [version, range, taken] of cases)
    assert.equal(satisfiesRange(version, range), taken, `${version} in ${range}`);
});
