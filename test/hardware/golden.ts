// Whole files as expectation. In: the path of a golden file and the text that was made. Out: nothing, or an
// assertion; with UPDATE_GOLDENS=1 the file is written instead, and the reviewer reads the diff.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export function assertGolden(path: string, actual: string): void {
  if (process.env.UPDATE_GOLDENS === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
  }
  assert.equal(actual, readFileSync(path, "utf8"), `${path} (UPDATE_GOLDENS=1 rewrites it)`);
}
