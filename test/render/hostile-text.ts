// Strings that break quoting: random ones from alphabets of syntax, and the shared corpus where it is
// present. In: CI_FLEET_DATA (default: shared/data beside the checkout). Out: arbitraries and a list.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";

const SYNTAX = [
  ..."\"'\\$`%#;:=&|<>(){}[]!?*~@,.-+/_ \t aAnNxu014é日👍",
  "${",
  "$$",
  "%%",
  "%i",
  "\\n",
  "''",
  "${{",
  "<<",
];
const CONTROL = [
  "\n",
  "\r",
  "\r\n",
  "\u0001",
  "\u0007",
  "\u001b",
  "\u007f",
  "\u0085",
  "\u009f",
  "\u2028",
  "\ufeff",
];
const WORDS = [
  "",
  "on",
  "NO",
  "y",
  "~",
  "null",
  "0755",
  "22:22",
  "1e3",
  "2026-11-21",
  "<<",
  "=",
  "---",
  "- a",
  "%TAG",
];

/** Any text that is UTF-8 without NUL. */
export const anyText: fc.Arbitrary<string> = fc
  .oneof(
    { arbitrary: fc.string({ unit: fc.constantFrom(...SYNTAX, ...CONTROL), maxLength: 24 }), weight: 6 },
    { arbitrary: fc.string({ unit: "binary", maxLength: 16 }), weight: 3 },
    { arbitrary: fc.constantFrom(...WORDS), weight: 1 },
  )
  .map((text) => text.replaceAll("\0", "").toWellFormed());

/** Any text that systemd reads: it refuses units with noncharacters. */
export const systemdText: fc.Arbitrary<string> = anyText.map((text) =>
  text.replace(/\p{Noncharacter_Code_Point}/gu, "x"),
);

/** Text of one line without control characters: what the spec admits in most fields. */
export const lineText: fc.Arbitrary<string> = systemdText.map((text) => text.replace(/\p{Cc}/gu, "x"));

const corpusPath = join(
  process.env.CI_FLEET_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url)),
  "hostile-strings.json",
);

/** The shared corpus without what no consumer can take (NUL, lone surrogates); empty where it is absent. */
export const corpus: readonly string[] = existsSync(corpusPath)
  ? (JSON.parse(readFileSync(corpusPath, "utf8")) as string[]).filter(
      (text) => !text.includes("\0") && text.isWellFormed(),
    )
  : [];

/** What a test says about its strings: whether the corpus took part. */
export const corpusNote =
  corpus.length > 0 ? `corpus: ${corpus.length} strings` : `no corpus at CI_FLEET_DATA: random strings only`;

/** `count` random strings and the corpus, for one process that reads many. `seed` makes a failure repeat. */
export function sampleTexts(
  count: number,
  arbitrary: fc.Arbitrary<string> = anyText,
  seed = 20261121,
): string[] {
  return [...corpus, ...fc.sample(arbitrary, { numRuns: count, seed })];
}
