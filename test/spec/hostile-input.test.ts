// The spec room against texts that nobody means well with: no throw, no hang, every place inside the text.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { printGithub } from "../../src/base/print-github.ts";
import { printJson } from "../../src/base/print-json.ts";
import { printText } from "../../src/base/print-text.ts";
import { MAX_SPEC_BYTES } from "../../src/spec/read-yaml.ts";
import { placeAll, readSpec } from "./validate-text.ts";

const FOLDER = "fixtures/specs/valid";
const specs = readdirSync(FOLDER).map((name) => readFileSync(join(FOLDER, name, "fleet.yaml"), "utf8"));

/** Whatever the text: no throw, and every diagnostic has a place inside the text. */
function expectCalm(text: string): void {
  const { fleet, diagnostics, locate } = readSpec(text);
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  assert.equal(fleet === null, errors > 0);
  for (const { path, onKey = false, span, related = [] } of diagnostics) {
    for (const place of [span ?? locate(path, { onKey }), ...related.map((one) => locate(one.path))]) {
      if (place === null) continue;
      assert.ok(place.start >= 0 && place.start <= place.end && place.end <= text.length + 1);
    }
  }
  const printed = printText(placeAll(text));
  assert.doesNotMatch(printed, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/);
}

test("random bytes never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expectCalm(new TextDecoder().decode(bytes));
    }),
    { numRuns: 400 },
  );
});

test("a second document that begins without a marker has its place inside the text", () => {
  expectCalm("version: 1\nfleet: \n...\n-");
});

test("random text made of YAML's own signs never throws", () => {
  const sign = fc.constantFrom(
    ..."-:?,[]{}#&*!|>'\"%@` \n\t\\<=~",
    "a",
    "b",
    "1",
    "<<",
    "---",
    "...",
    "\r\n",
    "\u202e",
    "\ufeff",
    "\0",
  );
  fc.assert(
    fc.property(fc.array(sign, { maxLength: 120 }), (signs) => {
      expectCalm(signs.join(""));
      expectCalm(`version: 1\nfleet: ${signs.join("")}`);
    }),
    { numRuns: 600 },
  );
});

test("a valid spec with any part cut, doubled or replaced never throws", () => {
  const edit = fc.record({
    spec: fc.constantFrom(...specs),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(40),
    insert: fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom(
        "null",
        "[]",
        "{}",
        "&a ",
        "*a",
        "<<: ",
        "-1",
        "1e999",
        "'",
        '"',
        "\n",
        ": ",
        "!!binary ",
      ),
    ),
  });
  fc.assert(
    fc.property(edit, ({ spec, at, length, insert }) => {
      const start = Math.floor(at * spec.length);
      expectCalm(spec.slice(0, start) + insert + spec.slice(start + length));
    }),
    { numRuns: 400 },
  );
});

test("any value at any place of a fleet never throws", () => {
  const value = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.jsonValue(),
  );
  const places = [
    ["fleet"],
    ["github"],
    ["github", "url"],
    ["targets", "a"],
    ["runner"],
    ["runner", "version"],
    ["hosts"],
    ["hosts", "forge"],
    ["hosts", "forge", "kind"],
    ["defaults"],
    ["defaults", "hosts"],
    ["pools"],
    ["pools", "ci"],
    ["pools", "ci", "hosts"],
    ["pools", "ci", "runners"],
    ["pools", "ci", "gpu"],
    ["pools", "ci", "env"],
    ["pools", "ci", "volumes"],
    ["pools", "ci", "cache"],
    ["pools", "ci", "image"],
    ["watchdog", "deputy"],
  ];
  fc.assert(
    fc.property(fc.constantFrom(...places), value, (place, given) => {
      const fleet = { version: 1, fleet: "a", hosts: { forge: {} }, pools: { ci: {} } };
      let inner: Record<string, unknown> = fleet;
      for (const step of place.slice(0, -1)) {
        inner[step] = { ...(inner[step] as object) };
        inner = inner[step] as Record<string, unknown>;
      }
      Object.defineProperty(inner, place.at(-1) as string, { value: given, enumerable: true });
      expectCalm(JSON.stringify(fleet));
    }),
    { numRuns: 400 },
  );
});

test("attack strings as names, labels and variables never throw and never reach a terminal or an annotation raw", (t) => {
  const data = process.env.CI_FLEET_DATA;
  const path = data === undefined ? "" : join(data, "hostile-strings.json");
  if (!existsSync(path)) {
    t.skip("CI_FLEET_DATA names no folder with hostile-strings.json");
    return;
  }
  for (const hostile of JSON.parse(readFileSync(path, "utf8")) as string[]) {
    const word = JSON.stringify(hostile);
    const text = `version: 1\nfleet: ${word}\ngithub: https://github.com/acme\nhosts: {${word}: }\npools: {ci: {labels: [${word}], env: {A: ${word}}, target: ${word}}}\n${word}: 1\n`;
    expectCalm(text);
    const placed = placeAll(text);
    for (const line of printGithub(placed).trimEnd().split("\n"))
      assert.match(line, /^::(error|warning|notice) /);
    assert.doesNotThrow(() => JSON.parse(printJson(placed)));
  }
});

test("a file of 1 MiB is read, one byte more is not", () => {
  const spec = specs[0] ?? "";
  const fill = "#".repeat(MAX_SPEC_BYTES - spec.length - 2);
  assert.deepEqual(readSpec(`${spec}\n${fill}\n`).diagnostics, readSpec(spec).diagnostics);
  assert.deepEqual(
    readSpec(`${spec}\n${fill}#\n`).diagnostics.map(({ code }) => code),
    ["CF608"],
  );
});

/** Each of these made a reader of YAML slow or crash once; here they end with a diagnostic. */
const FLOODS: Readonly<Record<string, string>> = {
  "opened brackets": "[".repeat(200_000),
  "dashes on one line": "- ".repeat(50_000),
  "question marks": "? ".repeat(50_000),
  indentation: Array.from({ length: 600 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
  "equal keys": "a:\n".repeat(50_000),
  "different keys": Array.from({ length: 50_000 }, (_, i) => `k${i}:`).join("\n"),
  anchors: "&a ".repeat(50_000),
  "faults in a flow list": `[${",".repeat(50_000)}]`,
  "half tokens": "eyJ-".repeat(100_000),
  "begun keys": "-----BEGIN PRIVATE KEY-----\n".repeat(10_000),
  "merges of merges": `a: &a {${Array.from({ length: 2_000 }, (_, i) => `k${i}: 1`).join(", ")}}\nb:\n${"- <<: *a\n".repeat(5_000)}`,
  "unknown hosts": `version: 1\nfleet: a\ngithub: https://github.com/a\nhosts: {${Array.from({ length: 5_000 }, (_, i) => `a${i}: `).join(", ")}}\nx-h: &h [${Array.from({ length: 9_000 }, (_, i) => `h${i}`).join(", ")}]\npools:\n${Array.from({ length: 200 }, (_, i) => `  p${i}: {hosts: *h}\n`).join("")}`,
  "hosts times pools": `version: 1\nfleet: a\ngithub: https://github.com/a\nx-h: &h [${Array.from({ length: 9_000 }, (_, i) => `h${i}`).join(", ")}]\nhosts: {a: }\npools:\n${Array.from({ length: 400 }, (_, i) => `  p${i}: {hosts: *h}\n`).join("")}`,
};

for (const [name, text] of Object.entries(FLOODS)) {
  test(`a flood of ${name} ends with a diagnostic`, () => {
    const { fleet, diagnostics } = readSpec(text);
    assert.equal(fleet, null);
    assert.ok(diagnostics.length > 0 && diagnostics.length <= 3000);
  });
}
