// Inventory files as people and attackers may leave them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { readInventory } from "../../src/hardware/read-inventory.ts";
import { writeInventory } from "../../src/hardware/write-inventory.ts";
import { formatScalar } from "../../src/hardware/yaml-scalar.ts";
import { HARDWARE_CODES } from "../../src/model/codes-hardware.ts";
import { arbitraryInventory } from "./arbitrary-inventory.ts";
import { HOSTS_DIR } from "./fixture-host.ts";

const GOOD = readFileSync(`${HOSTS_DIR}/arch-two-nvidia/expected/inventory.yaml`, "utf8");
const SMALLEST = "version: 1\niommu: {groups: []}\n";

/** `CF634 cpu.modle`, in order. */
function faults(text: string): readonly string[] {
  const { value, diagnostics } = readInventory(text, "forge");
  for (const diagnostic of diagnostics)
    assert.deepEqual(diagnostic.doc, { kind: "inventory", host: "forge" });
  assert.equal(
    value === null,
    diagnostics.some((diagnostic) => diagnostic.severity === "error"),
  );
  return diagnostics.map((diagnostic) => `${diagnostic.code} ${diagnostic.path.join(".")}`.trim());
}

test("whatever is written is read back the same", () => {
  fc.assert(
    fc.property(arbitraryInventory(), (inventory) => {
      const { value, diagnostics } = readInventory(writeInventory(inventory, "forge"), "forge");
      assert.deepEqual(
        diagnostics.filter((diagnostic) => diagnostic.code !== "CF639"),
        [],
      );
      assert.deepEqual(value, inventory);
    }),
    { numRuns: 150 },
  );
});

test("the smallest inventory knows nothing and is one", () => {
  const { value, diagnostics } = readInventory(SMALLEST, "forge");
  assert.deepEqual(diagnostics, []);
  assert.deepEqual([value?.arch, value?.gpus, value?.cpu.threads, value?.docker], [null, null, null, null]);
});

const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  ["CRLF is what an editor may make of it", SMALLEST.replaceAll("\n", "\r\n"), []],
  ["a syntax error", "version: 1\ncpu: {model: [\n", ["CF630", "CF630"]],
  ["a duplicate key", "version: 1\nversion: 1\niommu: {groups: []}\n", ["CF630 version"]],
  ["an empty file", "", ["CF630"]],
  ["a file of comments", "# nothing\n", ["CF630"]],
  ["a list instead of facts", "- a\n", ["CF635"]],
  ["a text instead of facts", "hello\n", ["CF635"]],
  ["more than 1 MiB", `${SMALLEST}# ${"x".repeat(1024 * 1024)}\n`, ["CF631"]],
  ["deep brackets", `version: ${"[".repeat(100)}\n`, ["CF631"]],
  ["deep dashes", `version:\n  ${"- ".repeat(100)}\n`, ["CF631"]],
  ["an anchor", "version: &v 1\niommu: {groups: []}\n", ["CF632"]],
  ["an alias", "version: &v 1\narch: *v\n", ["CF632"]],
  ["a tag", "version: !!int 1\niommu: {groups: []}\n", ["CF632"]],
  ["a foreign tag on a mapping", "version: 1\niommu: !evil {groups: []}\n", ["CF632"]],
  ["a directive", `%YAML 1.1\n---\n${SMALLEST}`, ["CF632"]],
  ["two documents", `${SMALLEST}---\n${SMALLEST}`, ["CF632"]],
  ["a bidirectional character", "version: 1 # \u202e\n", ["CF633"]],
  [
    "an escaped control character",
    'version: 1\niommu: {groups: []}\ncpu: {model: "a\\u001bb"}\n',
    ["CF633 cpu.model"],
  ],
  ["a lone carriage return", "version: 1\r# hidden\n", ["CF633"]],
  ["an unknown fact", `${SMALLEST}cpus: 3\n`, ["CF634 cpus"]],
  [
    "a fact of JavaScript",
    `${SMALLEST}__proto__: {}\nconstructor: 1\n`,
    ["CF634 __proto__", "CF634 constructor"],
  ],
  ["a key that is no word", `${SMALLEST}[a]: 1\n`, ["CF634"]],
  ["a version without quotes", `${SMALLEST}docker: {engine: 28.3, runtimes: []}\n`, ["CF635 docker.engine"]],
  ["a number in quotes", `${SMALLEST}cpu: {threads: "8"}\n`, ["CF635 cpu.threads"]],
  ["a number that is none", `${SMALLEST}cpu: {threads: .nan}\n`, ["CF635 cpu.threads"]],
  ["a list where a mapping belongs", `${SMALLEST}cpu: []\n`, ["CF635 cpu"]],
  ["a mapping where a list belongs", `${SMALLEST}gpus: {}\n`, ["CF635 gpus"]],
  ["a truth value that is a word", `${SMALLEST}cpu: {smt: yes}\n`, ["CF635 cpu.smt"]],
  ["no version", "iommu: {groups: []}\n", ["CF636"]],
  ["a disk without size", `${SMALLEST}disks: [{name: sda}]\n`, ["CF636 disks.0"]],
  [
    "a bad address",
    `${SMALLEST}disks: [{name: sda, sizeGiB: 1, pci: "0000:0A:00.0"}]\n`,
    ["CF637 disks.0.pci"],
  ],
  ["a negative number", `${SMALLEST}cpu: {threads: -1}\n`, ["CF637 cpu.threads"]],
  ["an infinite number", `${SMALLEST}cpu: {threads: .inf}\n`, ["CF635 cpu.threads"]],
  ["half a core", `${SMALLEST}cpu: {cores: 1.5}\n`, ["CF637 cpu.cores"]],
  ["an unknown word", `${SMALLEST}arch: amd64\n`, ["CF637 arch"]],
  [
    "an unknown verdict",
    `${SMALLEST}gpus: [{vendor: amd, functions: [], passthrough: fine}]\n`,
    ["CF637 gpus.0.passthrough"],
  ],
  [
    "a verdict with nobody",
    `${SMALLEST}gpus: [{vendor: amd, functions: [], passthrough: {sharedWith: []}}]\n`,
    ["CF637 gpus.0.passthrough.sharedWith"],
  ],
  ["a later version", "version: 2\nwhatever: true\n", ["CF638 version"]],
  [
    "two disks of one name",
    `${SMALLEST}disks: [{name: sda, sizeGiB: 1}, {name: sda, sizeGiB: 2}]\n`,
    ["CF639 disks.1.name"],
  ],
  [
    "a group that is not listed",
    `${SMALLEST}gpus: [{vendor: amd, functions: [], iommuGroup: 9}]\n`,
    ["CF639 gpus.0.iommuGroup"],
  ],
  ["more cores than threads", `${SMALLEST}cpu: {cores: 8, threads: 4}\n`, ["CF639 cpu.cores"]],
  [
    "several faults at once",
    `${SMALLEST}arch: 3\ncpu: {threads: x, modle: y}\n`,
    ["CF637 arch", "CF634 cpu.modle", "CF635 cpu.threads"],
  ],
];

for (const [name, text, expected] of CASES)
  test(`${name} gives ${expected.join(", ") || "no fault"}`, () => assert.deepEqual(faults(text), expected));

test("every code of the table has a case that gives it", () => {
  const seen = new Set(CASES.flatMap(([, , codes]) => codes.map((code) => code.slice(0, 5))));
  assert.deepEqual(
    [...seen].sort(),
    HARDWARE_CODES.map((entry) => entry.code),
  );
});

test("a near miss is named", () => {
  const { diagnostics } = readInventory(`${SMALLEST}cpu: {modle: x}\n`, "forge");
  assert.deepEqual([diagnostics[0]?.help, diagnostics[0]?.onKey], ["did you mean model?", true]);
});

test("a syntax error points into the text", () => {
  const text = `${SMALLEST}cpu: {model: "open\n`;
  const [first] = readInventory(text, "forge").diagnostics;
  assert.ok(
    first?.span !== undefined && first.span.start <= text.length && first.span.end > first.span.start,
  );
  assert.doesNotMatch(first.message, /line \d/);
});

test("no text makes it throw, also none that is nearly an inventory", () => {
  const bytes = fc.string({ unit: "binary", maxLength: 200 });
  const edit = fc.record({
    at: fc.nat(GOOD.length),
    cut: fc.nat(40),
    put: fc.oneof(
      bytes,
      fc.constantFrom("[", "{", "- ", "&a ", "*a", "!!set ", "? ", ": ", "|\n", '"', "\n---\n", "\t"),
    ),
  });
  fc.assert(
    fc.property(fc.oneof(bytes, fc.array(edit, { maxLength: 4 })), (change) => {
      const text =
        typeof change === "string"
          ? change
          : change.reduce((all, { at, cut, put }) => all.slice(0, at) + put + all.slice(at + cut), GOOD);
      faults(text);
    }),
    { numRuns: 150 },
  );
});

test("files made to be slow are refused or read soon", () => {
  const slow = [
    `${SMALLEST}disks:\n${"  - {}\n".repeat(20_000)}`,
    `a: ${"'".repeat(1_000_000)}`,
    `${"a:\n".repeat(100_000)}`,
    Array.from({ length: 30_000 }, (_, i) => `k${i}: 1`).join("\n"),
    `? ${"? ".repeat(200_000)}`,
    `${" ".repeat(1_000_000)}a`,
    `a: "${"\\u0061".repeat(170_000)}"`,
    `- ${"[],".repeat(100_000)}`,
    `${"[\n".repeat(1000)}`,
    Array.from({ length: 1000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
  ];
  for (const text of slow) assert.equal(readInventory(text, "forge").value, null);
});

test("a plain scalar is one that nobody can take for anything else", () => {
  const plain = [
    "nvidia",
    "GPU-8f2a",
    "Samsung",
    "AMD Ryzen",
    "/dev/dri/renderD128",
    "io.containerd.runc.v2",
  ];
  for (const text of plain) assert.equal(formatScalar(text), text);
  const quoted = [
    "yes",
    "No",
    "null",
    "~",
    "1.10",
    "0000:01:00.0",
    "a: b",
    "a #b",
    "a,b",
    "[a]",
    "",
    " a",
    "a ",
    "- a",
    "é",
  ];
  for (const text of quoted) assert.equal(formatScalar(text), `"${text}"`);
  assert.equal(formatScalar("\u0085\u2028\u00ad\ufeff"), '"\\u0085\\u2028\\u00ad\\ufeff"');
  assert.equal(formatScalar("👍"), '"👍"');
});
