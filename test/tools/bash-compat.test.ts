// The runner's scripts once more, in a bash that does what 4.2 did where bash can still do that (bash(1),
// BASH_COMPAT). What it did not know at all test/render/bash-4-2.test.ts looks for.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { test } from "node:test";
import { hasTools, runTool } from "./tool.ts";

test("every test of the runner's scripts passes with the behaviour of bash 4.2", (t) => {
  if (!hasTools(t, "bash")) return;
  const asked = runTool("env", ["BASH_COMPAT=4.2", "bash", "-c", 'printf %s "$BASH_COMPAT"']);
  assert.deepEqual([asked.stdout, asked.stderr], ["4.2", ""], "this bash takes the version");
  const files = globSync("test/render/runner-{entrypoint,ends,folders,hooks}.test.ts").sort();
  assert.equal(files.length, 4);
  const run = spawnSync(process.execPath, ["--test", ...files], {
    encoding: "utf8",
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, CI_FLEET_TEST_BASH_COMPAT: "4.2" },
  });
  assert.equal(run.status, 0, run.stdout.slice(-3000));
  assert.ok(
    Number(/# pass (\d+)|ℹ pass (\d+)/.exec(run.stdout)?.slice(1).find(Boolean)) >= 50,
    run.stdout.slice(-500),
  );
});
