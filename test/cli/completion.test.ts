// Completion scripts in the shells that source them.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  writeBashCompletion,
  writeFishCompletion,
  writeZshCompletion,
} from "../../src/cli/completion-scripts.ts";
import { makeFolder } from "../adapters/folder.ts";

/** What bash offers after `line`; the cursor is at its end. */
function completeInBash(line: string): readonly string[] {
  const words = line.split(" ");
  const script = `${writeBashCompletion()}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_ci_fleet
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const ran = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8", cwd: "/" });
  assert.equal(ran.stderr, "");
  return ran.stdout.trim().split("\n");
}

test("bash completes commands, flags and values", () => {
  assert.deepEqual(completeInBash("ci-fleet re"), ["render"]);
  assert.deepEqual(completeInBash("ci-fleet -C /tmp ren"), ["render"]);
  assert.deepEqual(completeInBash("ci-fleet render --p"), ["--prune"]);
  assert.deepEqual(completeInBash("ci-fleet validate -o j"), ["json"]);
  assert.deepEqual(completeInBash("ci-fleet completion "), [
    ...["-C", "--directory", "-f", "--file", "-h", "--help"],
    ...["bash", "zsh", "fish"],
  ]);
  assert.deepEqual(completeInBash("ci-fleet render --out /us"), ["/usr"]);
  assert.deepEqual(completeInBash("ci-fleet init --name "), [""]);
});

for (const [shell, write] of [
  ["zsh", writeZshCompletion],
  ["fish", writeFishCompletion],
] as const) {
  // What they offer is asked of the shells themselves by test/tools/completion.test.ts.
  test(`${shell} reads its completion script`, (t) => {
    const file = join(makeFolder(t), "completion");
    writeFileSync(file, write());
    const ran = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    if (ran.error !== undefined) {
      // Without the shell the quotes are all that can be judged.
      assert.equal((write().match(/(?<!\\)'/g)?.length ?? 0) % 2, 0);
      return t.diagnostic(`${shell} is not installed: only the quotes were counted`);
    }
    assert.deepEqual([ran.status, ran.stderr], [0, ""]);
  });
}
