// Whole fleets as people write them: what `plan` prints, and every diagnostic with its place.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { PAGE_WIDTH } from "../../src/base/page-layout.ts";
import { printText, summarizeDiagnostics } from "../../src/base/print-text.ts";
import { measureWidth } from "../../src/base/terminal-text.ts";
import { writeJson } from "../../src/base/write-json.ts";
import { describePlan } from "../../src/plan/describe-plan.ts";
import { describePlanAsData } from "../../src/plan/plan-document.ts";
import { FLEETS, listFleets, loadFleet } from "./load-fleet.ts";

const update = process.env.UPDATE_GOLDENS === "1";

/** null: the file must not exist. */
function compareWithFile(path: string, given: string | null): void {
  if (update) {
    mkdirSync(dirname(path), { recursive: true });
    if (given === null) rmSync(path, { force: true });
    else writeFileSync(path, given);
  }
  assert.equal(given, existsSync(path) ? readFileSync(path, "utf8") : null, path);
}

for (const name of listFleets()) {
  const folder = `${FLEETS}/${name}`;

  test(`${name.replaceAll("-", " ")}: diagnostics and page`, () => {
    const { plan, diagnostics } = loadFleet(folder);
    compareWithFile(
      `${folder}/expected/diagnostics.txt`,
      `${printText(diagnostics)}${summarizeDiagnostics(diagnostics) || "nothing to report"}\n`,
    );
    compareWithFile(`${folder}/expected/plan.txt`, plan === null ? null : describePlan(plan));
  });

  test(`${name.replaceAll("-", " ")}: no line of the page is wider than a hundred columns`, () => {
    const { plan } = loadFleet(folder);
    if (plan === null) return;
    for (const line of describePlan(plan).split("\n")) assert.ok(measureWidth(line) <= PAGE_WIDTH, line);
  });

  test(`${name.replaceAll("-", " ")}: the document is plain data that comes back from JSON unchanged`, () => {
    const { plan } = loadFleet(folder);
    if (plan === null) return;
    const data = describePlanAsData(plan);
    assert.equal(data.format, "ci-fleet/plan/v1");
    assert.deepEqual(JSON.parse(writeJson(data)), JSON.parse(JSON.stringify(data)));
  });
}
