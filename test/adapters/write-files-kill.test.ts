// Promise: a crash at any instant leaves the old files, the new ones, or a mix that the next look sees and
// the next run mends, with nothing of it forced.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { commitSurvey } from "../../src/adapters/write-files-commit.ts";
import type { Survey } from "../../src/adapters/write-files-records.ts";
import { surveyFolder } from "../../src/adapters/write-files-survey.ts";
import { makeFolder, readTree } from "./folder.ts";
import { makeGeneration } from "./generation.ts";

const CHILD = join(import.meta.dirname, "write-files-child.ts");

const look = (root: string, generation: string): Survey =>
  surveyFolder({
    root,
    files: makeGeneration(generation),
    scope: null,
    ciFleetVersion: "1",
    prune: true,
    force: false,
  });

function writeFresh(
  t: TestContext,
  generation: string,
): { root: string; tree: Readonly<Record<string, string>> } {
  const root = join(makeFolder(t), "rendered");
  commitSurvey(look(root, generation));
  return { root, tree: readTree(root) };
}

/** Whatever is there: every file is whole, a mix is seen, and one more run mends it without force. */
function assertMendable(
  root: string,
  oldTree: Readonly<Record<string, string>>,
  newTree: Readonly<Record<string, string>>,
): "old" | "new" | "mix" {
  const all = Object.entries(readTree(root));
  // A temporary file says nothing: it goes with the next run that writes.
  const tree = Object.fromEntries(all.filter(([path]) => !/\.ci-fleet-[0-9a-f]{12}\.tmp$/.test(path)));
  for (const [path, text] of Object.entries(tree)) {
    if (path !== ".ci-fleet-journal.json")
      assert.ok(text === oldTree[path] || text === newTree[path], `${path} is torn: ${text}`);
  }
  const survey = look(root, "new");
  assert.deepEqual(
    survey.refusals.filter((r) => r.severity === "error"),
    [],
  );
  const isNew = JSON.stringify(tree) === JSON.stringify(newTree);
  const isOld = JSON.stringify(tree) === JSON.stringify(oldTree);
  const seen = survey.changes.length + survey.groups.length + survey.refusals.length > 0;
  assert.equal(seen, !isNew, "every tree but the new one is seen as unfinished");
  if (!isNew && !isOld) {
    const backwards = look(root, "old");
    assert.ok(backwards.changes.length + backwards.groups.length + backwards.refusals.length > 0);
  }
  commitSurvey(survey);
  assert.deepEqual(readTree(root), newTree);
  return isNew ? "new" : isOld ? "old" : "mix";
}

test("a kill at each named instant leaves what the next run mends", (t) => {
  const { tree: oldTree } = writeFresh(t, "old");
  const { tree: newTree } = writeFresh(t, "new");
  const instants: readonly (readonly [string, string, "old" | "new" | "mix"])[] = [
    ["before-journal", ".ci-fleet-journal.json", "old"],
    ["before-rename", ".ci-fleet-journal.json", "old"],
    ["after-journal", ".ci-fleet-journal.json", "mix"],
    ["before-rename", "hosts/h0/compose.yaml", "mix"],
    ["after-rename", "hosts/h5/runner/entrypoint.sh", "mix"],
    ["after-rename", "hosts/h9/systemd/only-new.timer", "mix"],
    ["before-manifest", "hosts/h3/manifest.json", "mix"],
    ["after-manifest", "hosts/h3/manifest.json", "mix"],
    ["before-manifest", "hosts/gone-old/manifest.json", "mix"],
    ["after-manifest", "hosts/gone-old/manifest.json", "mix"],
    ["before-end", ".ci-fleet-journal.json", "mix"],
  ];
  for (const [instant, path, expected] of instants) {
    const { root } = writeFresh(t, "old");
    const child = spawnSync(process.execPath, [CHILD, root, "new", instant, path], { encoding: "utf8" });
    assert.equal(child.signal, "SIGKILL", `${instant} ${path} was never reached: ${child.stderr}`);
    assert.equal(assertMendable(root, oldTree, newTree), expected, `${instant} ${path}`);
  }
});

test("a kill at a random instant leaves what the next run mends", async (t) => {
  const { tree: oldTree } = writeFresh(t, "old");
  const { tree: newTree } = writeFresh(t, "new");
  for (let round = 0; round < 12; round++) {
    const { root } = writeFresh(t, "old");
    const child = spawn(process.execPath, [CHILD, root, "new", "-", "-"], { stdio: "ignore" });
    const ended = once(child, "exit");
    await sleep(40 + Math.random() * 60);
    child.kill("SIGKILL");
    await ended;
    assertMendable(root, oldTree, newTree);
  }
});

test("a first render that was killed is finished without force", (t) => {
  const { tree: newTree } = writeFresh(t, "new");
  const root = join(makeFolder(t), "rendered");
  const args = [CHILD, root, "new", "after-rename", "hosts/h5/compose.yaml"];
  assert.equal(spawnSync(process.execPath, args).signal, "SIGKILL");
  commitSurvey(look(root, "new"));
  assert.deepEqual(readTree(root), newTree);
});

test("after a kill even a third generation takes over what the killed run wrote", (t) => {
  const { root } = writeFresh(t, "old");
  const args = [CHILD, root, "new", "after-rename", "hosts/h5/compose.yaml"];
  assert.equal(spawnSync(process.execPath, args).signal, "SIGKILL");
  commitSurvey(look(root, "third"));
  assert.deepEqual(readTree(root), writeFresh(t, "third").tree);
});
