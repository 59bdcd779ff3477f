// Each rule that is taken out of the watchdog is missed by a scene or a case by name: run on a copy of the source, for
// which `npm test` has no time. CI_FLEET_MUTANT plays those alone that have its words in their name.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MUTANTS, type Mutant } from "../watchdog/mutants.ts";

const ROOT = join(import.meta.dirname, "../..");
const NEEDED = ["src", "test", "fixtures/watchdog", "fixtures/hosts", "package.json", "tsconfig.json"];
const JUDGES = ["scenes", "act", "memory", "scale", "refusals"].map(
  (name) => `test/watchdog/${name}.test.ts`,
);

function copyTree(): string {
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-mutant-"));
  for (const path of NEEDED) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** Exit code of the judges in this folder. */
function judge(folder: string): Promise<number | null> {
  return new Promise((settle, fail) => {
    const child = spawn(
      process.execPath,
      ["--test", "--test-isolation=none", "--test-reporter=dot", ...JUDGES],
      {
        cwd: folder,
        stdio: "ignore",
        // Of the runner above, which would take their results for its own.
        env: { PATH: process.env.PATH },
      },
    );
    child.on("error", fail);
    child.on("close", settle);
  });
}

async function survives({ file, from, to }: Mutant, folder: string): Promise<boolean> {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  assert.equal(text.split(from).length, 2, `${file} has ${JSON.stringify(from)} once`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  try {
    return (await judge(folder)) === 0;
  } finally {
    writeFileSync(path, text);
  }
}

test("each rule that is taken out is missed by a case with a name", async (t) => {
  const words = process.env.CI_FLEET_MUTANT ?? "";
  const left = MUTANTS.filter(({ name }) => name.includes(words));
  const survivors: string[] = [];
  const work = async (isFirst: boolean): Promise<void> => {
    const folder = copyTree();
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    if (isFirst) assert.equal(await judge(folder), 0, "the cases do not pass as it is");
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      if (await survives(next, folder)) survivors.push(next.name);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, (_, at) => work(at === 0)));
  assert.deepEqual(survivors, []);
});
