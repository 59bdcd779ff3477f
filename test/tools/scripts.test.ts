// shellcheck and shfmt as judges of every shell script that we render. In: the scripts under fixtures/ and
// those of the plan by hand.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { renderRunnerScripts } from "../../src/render/runner-scripts.ts";
import { hasTools, runTool } from "./tool.ts";

function listScripts(): readonly { readonly path: string; readonly content: string }[] {
  // Not all of fixtures/: copies of /sys hold links that go round.
  const goldens = globSync([
    "fixtures/{containers,fleets,units}/**/*.sh",
    "fixtures/nodes/*/expected/**/*.sh",
    "fixtures/nodes/*/expected/**/etc/initramfs-tools/**/ci-fleet-vfio",
  ])
    .sort()
    .map((path) => ({ path, content: readFileSync(path, "utf8") }));
  const plan = { ciFleetVersion: "0.0.0-test", specFile: "fleet.yaml" };
  return [...goldens, ...renderRunnerScripts(plan, { name: "forge" })];
}

test("shellcheck has nothing to say about any script, at its strictest severity", (t) => {
  if (!hasTools(t, "shellcheck")) return;
  for (const { path, content } of listScripts()) {
    const answer = runTool("shellcheck", ["--norc", "--severity=style", "--format=gcc", "-"], content);
    assert.deepEqual(
      { path, said: answer.stdout + answer.stderr, code: answer.code },
      { path, said: "", code: 0 },
    );
  }
  assert.equal(runTool("shellcheck", ["--norc", "-S", "style", "-"], "#!/bin/bash\necho $x\n").code, 1);
});

test("shfmt would change no script", (t) => {
  if (!hasTools(t, "shfmt")) return;
  for (const { path, content } of listScripts()) {
    const answer = runTool("shfmt", ["-d", "-i", "2", "-ci"], content);
    assert.deepEqual(
      { path, said: answer.stdout + answer.stderr, code: answer.code },
      { path, said: "", code: 0 },
    );
  }
});

test("bash reads every script", (t) => {
  if (!hasTools(t, "bash")) return;
  for (const { path, content } of listScripts()) {
    const answer = runTool("bash", ["-n"], content);
    assert.deepEqual({ path, said: answer.stderr, code: answer.code }, { path, said: "", code: 0 });
  }
});
