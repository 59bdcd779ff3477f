// What is made from the table is true and up to date: pages, schema, examples.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse, parseDocument } from "yaml";
import { listCodes } from "../../src/model/codes.ts";
import { buildSchema } from "../../src/spec/build-schema.ts";
import { buildTree } from "../../src/spec/build-tree.ts";
import { checkNode, startChecker } from "../../src/spec/check-node.ts";
import { startReport } from "../../src/spec/report.ts";
import type { Key, Rule } from "../../src/spec/rule.ts";
import { SPEC } from "../../src/spec/table.ts";
import { writeCodesPage, writeSpecPage } from "../../src/spec/write-reference.ts";
import { compareWithFile } from "./compare-file.ts";
import { readSpec } from "./validate-text.ts";

test("docs/spec.md is what the table says", () => {
  compareWithFile("docs/spec.md", writeSpecPage());
});

test("docs/codes.md is what the code tables say", () => {
  compareWithFile("docs/codes.md", writeCodesPage(listCodes()));
});

test("docs/fleet.schema.json is what the table says", () => {
  compareWithFile("docs/fleet.schema.json", `${JSON.stringify(buildSchema(), null, 2)}\n`);
});

test("no code is there twice, each has its texts and its own name", () => {
  const codes = listCodes();
  const ids = codes.map(({ code }) => code);
  assert.deepEqual(ids, [...new Set(ids)]);
  const names = codes.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  for (const { code, name, summary, why, fix } of codes) {
    assert.match(code, /^CF\d{3}$/);
    assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    for (const text of [why, fix]) assert.match(text, /^[A-Z`0-9].*[.)]$/s, code);
    assert.match(summary, /^[A-Z`%].*[^.]$/s, code);
  }
});

function listKeys(rule: Rule<unknown>, place: string, seen = new Set<unknown>()): [string, Key<unknown>][] {
  const { shape } = rule;
  if (seen.has(shape)) return [];
  seen.add(shape);
  switch (shape.kind) {
    case "record":
      return Object.entries(shape.keys).flatMap(([name, key]) => [
        [`${place}.${name}`, key] as [string, Key<unknown>],
        ...listKeys(key.rule, `${place}.${name}`, seen),
      ]);
    case "list":
    case "dict":
      return listKeys(shape.of, place, seen);
    case "either":
      return listKeys(shape.map, place, seen);
    case "kinds":
      return Object.values(shape.cases).flatMap((one) => listKeys(one, place, seen));
    default:
      return [];
  }
}

test("every example of the table is taken by its own rule", () => {
  const keys = listKeys(SPEC, "spec");
  assert.ok(keys.length > 90, `only ${keys.length} keys were found`);
  for (const [place, key] of keys) {
    const report = startReport();
    const text = `v: ${key.example}\n`;
    const document = parseDocument(text);
    assert.deepEqual(document.errors, [], place);
    assert.ok(document.contents, place);
    const tree = buildTree(document.contents, text, report);
    assert.equal(tree.kind, "map");
    const node = tree.kind === "map" ? tree.entries.get("v")?.node : undefined;
    assert.ok(node, place);
    checkNode(key.rule, node, ["v"], startChecker(report));
    assert.deepEqual(report.diagnostics, [], place);
    assert.match(key.doc, /^[A-Z`].*\.$/s, place);
  }
});

test("the smallest spec of the page is taken", () => {
  const example = /```yaml\n(.*?)```/s.exec(writeSpecPage())?.[1] ?? "";
  assert.deepEqual(readSpec(example).diagnostics, []);
});

const accept = new Ajv2020({ allowUnionTypes: true, strictRequired: false }).compile(buildSchema());

/** JSON Schema knows no merge keys, and editors resolve them first. */
function toPlain(text: string): unknown {
  return parse(text, { merge: true, maxAliasCount: -1, uniqueKeys: false, logLevel: "silent" });
}

test("the schema admits every fleet that is taken", () => {
  for (const name of readdirSync("fixtures/specs/valid")) {
    const text = readFileSync(`fixtures/specs/valid/${name}/fleet.yaml`, "utf8");
    assert.ok(accept(toPlain(text)), `${name}: ${JSON.stringify(accept.errors)}`);
  }
});

test("the schema refuses unknown keys, wrong types, forms and ranges", () => {
  const folders = [
    "mistyped-keys",
    "missing-keys",
    "values-of-another-kind",
    "values-out-of-range",
    "values-of-another-form",
    "names-that-not-every-consumer-takes",
    "versions-that-yaml-reads-as-numbers",
    "a-spec-from-the-future",
    "a-version-in-quotes",
    "dangerous-keys-are-only-unknown",
  ];
  for (const name of folders) {
    const text = readFileSync(`fixtures/specs/${name}/fleet.yaml`, "utf8");
    assert.equal(accept(toPlain(text)), false, name);
  }
});

test("each unknown key is refused at each level by schema and parser alike", () => {
  const levels = [
    (key: string) => `${key}: 1\n`,
    (key: string) => `hosts: {forge: {${key}: 1}}\n`,
    (key: string) => `hosts: {forge: , v: {kind: vm, parent: forge, limits: {${key}: 1}}}\n`,
    (key: string) => `pools: {ci: {${key}: 1}}\n`,
    (key: string) => `pools: {ci: {gpu: {vendor: nvidia, match: {${key}: 1}}}}\n`,
    (key: string) => `watchdog: {scale: {${key}: 1}}\n`,
    (key: string) => `defaults: {image: {packages: [make], ${key}: 1}}\n`,
  ];
  for (const write of levels) {
    for (const [key, taken] of [
      ["surprise", false],
      ["x-mine", true],
    ] as const) {
      const rest = [
        "version: 1",
        "fleet: a",
        "github: https://github.com/a",
        "hosts: {forge: }",
        "pools: {ci: }",
      ];
      const own = write(key);
      const text = `${rest.filter((line) => line.split(":")[0] !== own.split(":")[0]).join("\n")}\n${own}`;
      assert.equal(readSpec(text).fleet !== null, taken, text);
      assert.equal(accept(toPlain(text)), taken, text);
    }
  }
});
