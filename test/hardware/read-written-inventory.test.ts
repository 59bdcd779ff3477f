// The fast reader has no opinion of its own: what it takes, the full reader takes without a word, as the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { readEditedInventory, readInventory } from "../../src/hardware/read-inventory.ts";
import { readWrittenInventory } from "../../src/hardware/read-written-inventory.ts";
import { writeInventory } from "../../src/hardware/write-inventory.ts";
import { arbitraryInventory } from "./arbitrary-inventory.ts";
import { HOSTS_DIR, listFixtureHosts } from "./fixture-host.ts";

const WRITTEN = listFixtureHosts().map((name) =>
  readFileSync(`${HOSTS_DIR}/${name}/expected/inventory.yaml`, "utf8"),
);
const SMALLEST = "version: 1\niommu:\n  groups: []\n";

function assertAgrees(text: string): boolean {
  const fast = readWrittenInventory(text);
  if (fast === null) return false;
  const full = readEditedInventory(text, "forge");
  assert.deepEqual(full.diagnostics, [], text);
  assert.deepStrictEqual(fast, full.value, text);
  return true;
}

test("what init wrote on every kind of machine is read the fast way", () => {
  assert.ok(WRITTEN.length > 8);
  for (const text of WRITTEN) assert.ok(assertAgrees(text), text);
  assert.ok(assertAgrees(SMALLEST));
  assert.ok(assertAgrees(`${SMALLEST}gpus:\n${CARD}`));
});

test("whatever is written is read the fast way, unless it contradicts itself or looks too deep", () => {
  fc.assert(
    fc.property(arbitraryInventory(), (inventory) => {
      const text = writeInventory(inventory, "forge");
      const full = readEditedInventory(text, "forge");
      assert.equal(assertAgrees(text), full.diagnostics.length === 0, text);
    }),
    { numRuns: 300 },
  );
});

/** Bits that mean something to YAML or to an inventory. */
const BITS = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 3 }),
  fc.constantFrom(
    ..." ;\n;\n\n;\n ;\n  ;\n    ;  - ;- ;:;: ;, ;[;];{;};{};[];\";';#; #;\\;\\u202e;\\x41;\t;\r;\r\n;%;---\n;...\n".split(
      ";",
    ),
    ..."&a ;*a;!!str ;| ;>;? ;~;null;none;true;yes;0;00;1;-1;.5;1e3;0x1;1_0;9999999999;isolated;{sharedWith: []}".split(
      ";",
    ),
    ..."__proto__: 1\n;constructor: 1\n;version: 1\n;arch: x64\n;gpus:\n;  - {};cpu: {};\ufeff;\u2028;\u00a0;é;👍;\ud800".split(
      ";",
    ),
  ),
);

interface Edit {
  readonly kind: "insert" | "remove" | "replace" | "copy line" | "drop line" | "indent" | "swap lines";
  readonly at: number;
  readonly length: number;
  readonly bit: string;
}

const EDIT: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom("insert", "remove", "replace", "copy line", "drop line", "indent", "swap lines"),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  length: fc.integer({ min: 1, max: 6 }),
  bit: BITS,
});

function applyEdit(text: string, { kind, at, length, bit }: Edit): string {
  const offset = Math.floor(at * text.length);
  if (kind === "insert") return text.slice(0, offset) + bit + text.slice(offset);
  if (kind === "remove") return text.slice(0, offset) + text.slice(offset + length);
  if (kind === "replace") return text.slice(0, offset) + bit + text.slice(offset + length);
  const lines = text.split("\n");
  const i = Math.floor(at * lines.length);
  const line = lines[i] ?? "";
  if (kind === "copy line") lines.splice((i + length) % lines.length, 0, line);
  else if (kind === "drop line") lines.splice(i, 1);
  else if (kind === "indent") lines[i] = length > 3 ? line.slice(length - 3) : " ".repeat(length) + line;
  else lines.splice(i, 2, lines[i + 1] ?? "", line);
  return lines.join("\n");
}

test("after any edit it either agrees with the full reader or leaves the text to it", () => {
  let agreed = 0;
  let left = 0;
  const texts = fc.oneof(
    fc.constantFrom(SMALLEST, ...WRITTEN),
    arbitraryInventory().map((inventory) => writeInventory(inventory, "forge")),
  );
  fc.assert(
    fc.property(texts, fc.array(EDIT, { minLength: 1, maxLength: 3 }), (text, edits) => {
      if (assertAgrees(edits.reduce(applyEdit, text))) agreed += 1;
      else left += 1;
    }),
    { numRuns: 1500 },
  );
  // Both must be common, or the property compares nothing.
  assert.ok(agreed > 100 && left > 100, `${agreed} agreed, ${left} left`);
});

const CARD = '  - address: "0000:01:00.0"\n    vendor: nvidia\n    functions: []\n';

const LEFT: readonly (readonly [string, string])[] = [
  ["a fact that is there twice", `${SMALLEST}arch: x64\narch: x64\n`],
  ["a fact that is missing", "arch: x64\n"],
  ["an unknown fact", `${SMALLEST}cpus: 3\n`],
  ["a fact of JavaScript", `${SMALLEST}__proto__: {}\n`],
  ["a fact of JavaScript with a value", `${SMALLEST}constructor: none\n`],
  ["a future version", "version: 2\niommu:\n  groups: []\n"],
  ["Windows line ends", SMALLEST.replaceAll("\n", "\r\n")],
  ["no line end", SMALLEST.trimEnd()],
  ["a comment after a value", "version: 1 # one\niommu:\n  groups: []\n"],
  ["a value that goes on below", `${SMALLEST}machine:\n  vendor: Some\n    Company\n`],
  ["a key without value", `${SMALLEST}machine:\n`],
  ["a word with two meanings", `${SMALLEST}machine:\n  vendor: on\n`],
  ["an escape that hides", `${SMALLEST}machine:\n  vendor: "a\\u202eb"\n`],
  ["an escape that makes half a character", `${SMALLEST}machine:\n  vendor: "\\ud83d"\n`],
  ["brackets as deep as none has", `${SMALLEST}machine:\n  vendor: "${"[".repeat(25)}"\n`],
  ["two cards at one place", `${SMALLEST}gpus:\n${CARD}${CARD}`],
];

for (const [what, text] of LEFT) {
  test(`${what} is left to the full reader`, () => {
    assert.equal(readWrittenInventory(text), null, text);
    assert.deepEqual(readInventory(text, "forge"), readEditedInventory(text, "forge"));
  });
}
