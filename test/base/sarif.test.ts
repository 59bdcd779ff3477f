// SARIF logs against the rules of the format and of GitHub's code scanning. (The same rules as those of Microsoft's
// SARIF Multitool with the GitHub rule set, which passes the goldens with no error.)

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { PlacedDiagnostic } from "../../src/base/place-diagnostics.ts";
import { printSarif } from "../../src/base/print-sarif.ts";
import { listCodes } from "../../src/model/codes.ts";
import { placeAll } from "../spec/validate-text.ts";
import { judgeSarif } from "./judge-sarif.ts";

const TOOL = { name: "ci-fleet", version: "1.0.0" };
const SPECS = "fixtures/specs";

function judge(placed: readonly PlacedDiagnostic[]): readonly string[] {
  return judgeSarif(JSON.parse(printSarif(placed, listCodes(), TOOL)));
}

test("the log of every faulty spec is one that code scanning takes", () => {
  for (const name of readdirSync(SPECS).filter((entry) => entry !== "valid")) {
    const placed = placeAll(
      readFileSync(join(SPECS, name, "fleet.yaml"), "utf8"),
      "fleets/a b,c:d%/fleet.yaml",
    );
    assert.ok(placed.length > 0, name);
    assert.deepEqual(judge(placed), [], name);
  }
});

test("every code can be a rule, and no diagnostics are a log too", () => {
  const placed = listCodes().map(
    ({ code, severity }): PlacedDiagnostic => ({
      ...{ file: "hosts/ü.yaml", start: null, end: null, line: null },
      ...{ severity, code, message: "wrong", help: null, doc: { kind: "spec" }, path: [] },
      related: [{ file: "fleet.yaml", start: null, end: null, message: "here" }],
    }),
  );
  assert.deepEqual(judge(placed), []);
  assert.deepEqual(judge([]), []);
});

test("the judge refuses what GitHub refuses", () => {
  const text = readFileSync("fixtures/diagnostics/attack-strings/expected.sarif", "utf8");
  assert.deepEqual(judgeSarif(JSON.parse(text)), []);
  const broken: readonly [string, RegExp, string][] = [
    ["no location", /"locations": \[[^\]]*\]/, '"locations": []'],
    ["a path of this machine", /"uri": "[^"]*"/, '"uri": "/etc/ci-fleet/fleet.yaml"'],
    ["a place in no line", /"startLine": \d+/, '"startLine": 0'],
    ["a level that SARIF lacks", /"level": "error"/, '"level": "info"'],
    ["an unknown key", /"columnKind"/, '"columns": 1, "columnKind"'],
    ["another version", /"version": "2\.1\.0"/, '"version": "2.0.0"'],
  ];
  for (const [what, pattern, instead] of broken) {
    const log: unknown = JSON.parse(text.replace(pattern, () => instead));
    assert.notDeepEqual(judgeSarif(log), [], what);
  }
});
