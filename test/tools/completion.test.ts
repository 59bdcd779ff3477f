// Completion in the shells themselves: what zsh and fish offer for a line that somebody has begun.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { writeFishCompletion, writeZshCompletion } from "../../src/cli/completion-scripts.ts";
import { makeFolder } from "../adapters/folder.ts";
import { ENTER, runAtTerminal, TAB } from "./terminal-session.ts";
import { hasTools, runTool } from "./tool.ts";

/** What every shell has to offer after a line. */
const LINES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ["ci-fleet ren", ["render"]],
  ["ci-fleet -C /tmp ren", ["render"]],
  ["ci-fleet render --pr", ["--prune"]],
  ["ci-fleet validate -o ", ["github", "json", "sarif", "text"]],
  ["ci-fleet validate --output s", ["sarif"]],
  ["ci-fleet completion ", ["bash", "fish", "zsh"]],
  ["ci-fleet auth ", ["check", "put", "rotate"]],
  ["ci-fleet init --life", ["--lifetime"]],
  ["ci-fleet init --lifetime p", ["persistent"]],
  ["ci-fleet render --out here/fol", ["here/folder/"]],
  ["ci-fleet -f here/fl", ["here/fleet.yaml"]],
  ["ci-fleet init --name ", []],
];

function makePlace(t: TestContext): string {
  const cwd = makeFolder(t);
  runTool("mkdir", ["-p", join(cwd, "here/folder")]);
  writeFileSync(join(cwd, "here/fleet.yaml"), "");
  return cwd;
}

test("fish offers commands, flags, values and paths", (t) => {
  if (!hasTools(t, "fish")) return;
  const cwd = makePlace(t);
  writeFileSync(join(cwd, "ci-fleet.fish"), writeFishCompletion());
  for (const [line, offered] of LINES) {
    const script = `cd ${cwd}; source ci-fleet.fish; complete -C '${line}'`;
    const { code, stdout, stderr } = runTool("fish", ["--no-config", "-c", script]);
    assert.deepEqual([code, stderr], [0, ""], line);
    const words = stdout.split("\n").flatMap((row) => row.split("\t")[0] || []);
    assert.deepEqual(words.sort(), offered, line);
  }
});

/** An interactive zsh that writes down what it offers; ^X ends the record of a line and clears the line. */
const ZSHRC = `
PS1='ready> '; setopt no_beep
autoload -Uz compinit && compinit -u -D
source "$HOME/ci-fleet.zsh"
compadd() {
  local -a offered
  [[ "$*" == *-[AOD]\\ * ]] && { builtin compadd "$@"; return }
  builtin compadd -A offered "$@"
  print -rl -- $offered >> "$HOME/offered"
  builtin compadd "$@"
}
end-record() { print ";" >> "$HOME/offered"; BUFFER=; zle accept-line }
zle -N end-record; bindkey '^X' end-record
`;

test("zsh offers commands, flags, values and paths", async (t) => {
  if (!hasTools(t, "zsh", "script")) return;
  const cwd = makePlace(t);
  writeFileSync(join(cwd, "ci-fleet.zsh"), writeZshCompletion());
  writeFileSync(join(cwd, ".zshrc"), ZSHRC);
  const lines = LINES.map(([line]) => ({ after: /ready> /, text: `${line}${TAB}\u0018` }));
  const { screen } = await runAtTerminal(
    "zsh -d -i",
    [...lines, { after: /ready> /, text: `exit${ENTER}` }],
    {
      cwd,
      env: { PATH: process.env.PATH ?? "", HOME: cwd, ZDOTDIR: cwd, TERM: "xterm", LC_ALL: "C.UTF-8" },
    },
  );
  const records = readFileSync(join(cwd, "offered"), "utf8").split(";\n");
  assert.equal(records.length, LINES.length + 1, screen);
  for (const [i, [line, offered]] of LINES.entries()) {
    const words = records[i]?.split("\n").filter(Boolean) ?? [];
    // zsh completes a path step by step and puts the slash there itself.
    assert.deepEqual(
      [...new Set(words)].sort(),
      offered.map((word) => basename(word)),
      `${line}\n${screen}`,
    );
  }
});
