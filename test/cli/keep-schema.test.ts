// The schema beside the spec: current, outdated or not ours, with and without the hash that the build puts in.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { inspectSchema, SCHEMA_NAME, writeSchema, writeSchemaText } from "../../src/cli/keep-schema.ts";
import { makeFolder } from "../adapters/folder.ts";

function judgeTexts(t: TestContext): readonly string[] {
  const folder = makeFolder(t);
  const judge = (text: string): string => {
    writeFileSync(join(folder, SCHEMA_NAME), text);
    return inspectSchema(folder);
  };
  const absent = inspectSchema(folder);
  writeSchema(folder);
  const written = inspectSchema(folder);
  const text = writeSchemaText();
  return [absent, written, judge(text.replace("{", "{ ")), judge(""), judge("{}"), judge("[]"), judge("no")];
}

const EXPECTED = ["absent", "current", "outdated", "outdated", "foreign", "foreign", "foreign"];

test("from source the text is made and compared", (t) => assert.deepEqual(judgeTexts(t), EXPECTED));

test("the hash that the build puts in gives the same answers, and another hash another", (t) => {
  t.after(() => Reflect.deleteProperty(globalThis, "CI_FLEET_SCHEMA"));
  const sha256 = createHash("sha256").update(writeSchemaText()).digest("hex");
  Object.assign(globalThis, { CI_FLEET_SCHEMA: sha256 });
  assert.deepEqual(judgeTexts(t), EXPECTED);
  Object.assign(globalThis, { CI_FLEET_SCHEMA: "0".repeat(64) });
  assert.equal(judgeTexts(t)[1], "outdated");
});
