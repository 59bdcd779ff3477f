// The last words of `init`: what was written, what this host lacks, what to do next. In: the plan of it. Out:
// file names on stdout, everything else on stderr.

import type { Terminal } from "../../adapters/terminal.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import { findMissingPieces } from "../../hardware/missing-pieces.ts";
import { showPath } from "../find-fleet.ts";
import type { InitPlan, InitRequest } from "./plan-init.ts";

const WORDS = { new: "new", change: "changed", same: "same", keep: "kept" } as const;

export function sayFiles({ files }: InitPlan, folder: string, terminal: Terminal): void {
  if (files.every(({ state }) => state === "same")) terminal.err("everything is there already\n");
  for (const { path, state } of files) {
    if (state === "same") continue;
    terminal.out(`${WORDS[state].padEnd(8)} ${cleanForTerminal(showPath(path, folder))}\n`);
  }
}

/** `--dry-run`: the files as differences from what is there. */
export async function showStaged({ files }: InitPlan, folder: string, terminal: Terminal): Promise<void> {
  const { showDiff } = await import("../show-diff.ts");
  for (const { path, before, text, state } of files) {
    if (state === "same" || state === "keep") continue;
    terminal.out(showDiff(showPath(path, folder), before, text, terminal.outStyle));
  }
  terminal.err("nothing was written\n");
}

export function sayChanges({ changes }: InitPlan, request: InitRequest, terminal: Terminal): void {
  if (!request.refresh || changes === null) return;
  if (changes.length === 0) terminal.err("the hardware is as the inventory says\n");
  for (const change of changes) terminal.out(`${cleanForTerminal(change)}\n`);
}

export function sayNext(plan: InitPlan, request: InitRequest, terminal: Terminal): void {
  const { err, errStyle } = terminal;
  const { answers, detection } = request;
  const missing = findMissingPieces(detection.inventory);
  if (missing.length > 0) err(`\n${errStyle.bold(`Missing on ${answers.host}`)}\n`);
  for (const { what, fix } of missing) {
    err(`  - ${cleanForTerminal(what)}\n`);
    if (fix !== null) err(`    → ${cleanForTerminal(fix)}\n`);
  }
  const steps = [
    ...plan.notes,
    ...(request.specText === null && answers.urlIsExample
      ? [`put the real address into fleet.yaml: ${answers.url} is only an example`]
      : []),
    "ci-fleet validate",
    "ci-fleet render",
  ];
  err(`\n${errStyle.bold("Next")}\n`);
  for (const step of steps) err(`  - ${cleanForTerminal(step)}\n`);
}
