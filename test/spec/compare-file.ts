// One checked-in file against what is made now; UPDATE_GOLDENS=1 writes it instead.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export function compareWithFile(path: string, given: string): void {
  if (process.env.UPDATE_GOLDENS === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, given);
  }
  assert.equal(given, readFileSync(path, "utf8"), `${path} is out of date: UPDATE_GOLDENS=1 writes it anew`);
}
