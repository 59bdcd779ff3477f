// Every folder of fixtures/specs: the diagnostics of the faulty ones, the fleets of the valid ones, whole.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { SPEC_CODES } from "../../src/model/codes-spec.ts";
import { compareWithFile } from "./compare-file.ts";
import { readSpec, validateText } from "./validate-text.ts";

const FOLDER = "fixtures/specs";
const faulty = readdirSync(FOLDER)
  .filter((name) => name !== "valid")
  .sort();
const valid = readdirSync(`${FOLDER}/valid`).sort();

for (const name of faulty) {
  test(`${name.replaceAll("-", " ")}: every diagnostic as expected`, () => {
    const text = readFileSync(`${FOLDER}/${name}/fleet.yaml`, "utf8");
    const printed = validateText(text);
    assert.notEqual(printed, "\n", "a folder here has a fault");
    compareWithFile(`${FOLDER}/${name}/expected.txt`, printed);
  });
}

for (const name of valid) {
  test(`${name.replaceAll("-", " ")}: the whole fleet as expected`, () => {
    const text = readFileSync(`${FOLDER}/valid/${name}/fleet.yaml`, "utf8");
    const { fleet, diagnostics } = readSpec(text);
    const loud = diagnostics.filter(({ severity }) => severity !== "info");
    assert.deepEqual(loud, []);
    compareWithFile(`${FOLDER}/valid/${name}/fleet.json`, `${JSON.stringify(fleet, null, 2)}\n`);
  });
}

test("every code of the spec room has a folder that yields it", () => {
  const yielded = new Set<string>();
  for (const name of faulty) {
    const path = `${FOLDER}/${name}/fleet.yaml`;
    assert.ok(existsSync(path), path);
    for (const { code } of readSpec(readFileSync(path, "utf8")).diagnostics) yielded.add(code);
  }
  assert.deepEqual(
    SPEC_CODES.map(({ code }) => code).filter((code) => !yielded.has(code)),
    [],
  );
});

test("an error leaves no fleet, warnings and notes do", () => {
  for (const name of faulty) {
    const { fleet, diagnostics } = readSpec(readFileSync(`${FOLDER}/${name}/fleet.yaml`, "utf8"));
    const wrong = diagnostics.some(({ severity }) => severity === "error");
    assert.equal(fleet === null, wrong, name);
  }
});
