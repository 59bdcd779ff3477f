// What an apply says, to people and to programs. In: the plan, what came of it. Out: lines.

import type { Terminal } from "../../adapters/terminal.ts";
import type { StepEnd } from "../../apply/carry-out.ts";
import { describeAction, listRehearsed } from "../../apply/describe-step.ts";
import { REBOOT_MARK } from "../../apply/node-scripts.ts";
import type { PlannedApply } from "../../apply/plan-apply.ts";
import { stringifySafely } from "../../base/print-json.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import type { PendingRecord, PendingSlot, Step } from "../../model/apply.ts";
import type { HostFiles } from "../../model/ports.ts";
import { FINE, FOUND, WORLD } from "../exit-codes.ts";

export function tellRefusals({ refusals, warnings }: PlannedApply, terminal: Terminal): void {
  const { err, errStyle } = terminal;
  const help = (text: string) => err(`  = ${errStyle.dim("help:")} ${cleanForTerminal(text)}\n`);
  for (const warning of warnings) {
    err(`${errStyle.yellow("warning:")} ${cleanForTerminal(warning.message)}\n`);
    help(warning.help);
  }
  for (const refusal of refusals) {
    err(`${errStyle.red("error:")} ${cleanForTerminal(refusal.message)}\n`);
    help(refusal.help);
  }
}

export function codeOf({ refusals }: Pick<PlannedApply, "refusals">): number {
  if (refusals.length === 0) return FINE;
  return refusals.some(({ kind }) => kind === "world") ? WORLD : FOUND;
}

/** A step that does nothing to see has no line. */
export function tellStep(step: Step, end: StepEnd | null, why: string | null, terminal: Terminal): void {
  const line = describeAction(step.action);
  if (line === null) return;
  const { err, errStyle } = terminal;
  if (end === null) err(`${cleanForTerminal(line)}\n`);
  else if (end === "left") err(errStyle.dim(`# left: ${cleanForTerminal(line)}\n`));
  // Such a step is tried for tidiness' sake: what follows does not depend on it.
  else if (end === "failed") err(errStyle.dim(`# without effect: ${cleanForTerminal(why ?? "it failed")}\n`));
}

const WAITS: Readonly<Record<PendingSlot["action"], string>> = {
  restart: "starts again with the new files when it has none",
  remove: "goes when it has none",
  reload: "would lose its card by `systemctl daemon-reload`, so nothing was put in force",
  deregister: "may still be registered at GitHub",
};

/** Nothing here reboots. */
export function tellReboot(terminal: Terminal, files: HostFiles): void {
  if (!files.stat(REBOOT_MARK).ok) return;
  terminal.err(
    "waiting: what changed for cards takes effect when this host is rebooted, which is left to you\n",
  );
}

export interface AfterApply {
  readonly isRemoval: boolean;
  /** Nothing is left here that could go on with it. */
  readonly isGone: boolean;
  /** The host has a watchdog. */
  readonly isWatched: boolean;
}

export function tellPending(
  { slots }: PendingRecord,
  { isRemoval, isGone, isWatched }: AfterApply,
  terminal: Terminal,
): void {
  for (const { slot, action, why } of slots) {
    const what =
      action === "deregister" ? WAITS.deregister : `has a job, or may have one, and ${WAITS[action]}`;
    terminal.err(`waiting: ${slot} ${what} (${cleanForTerminal(why)})\n`);
  }
  const jobs = slots.filter(({ action }) => action !== "deregister").length;
  const who = isRemoval
    ? "then run `ci-fleet apply --remove` again"
    : "the next `ci-fleet apply` goes on with it";
  const restarts = isWatched && slots.some(({ action }) => action === "restart");
  if (jobs > 0) terminal.err(`${who}${restarts ? ", with restarts the watchdog too" : ""}\n`);
  if (isGone && slots.length > 0) {
    terminal.err("look in GitHub's settings, Actions, Runners, and remove what is there under these names\n");
  }
}

export function describeApply(
  plan: PlannedApply,
  fleet: string,
  host: string | null,
  result: { readonly applied: boolean; readonly pending: PendingRecord | null },
): string {
  const { refusals, warnings, steps, desk } = plan;
  return stringifySafely({
    schema: "ci-fleet/apply/v1",
    fleet,
    host,
    applied: result.applied,
    refusals,
    warnings,
    steps: steps.flatMap(({ action, because, slots }) => {
      const line = describeAction(action);
      const would = listRehearsed(action, desk.installed.node.rehearsals);
      return line === null
        ? []
        : [{ step: line, because, unlessBusy: slots, ...(would.length === 0 ? {} : { would }) }];
    }),
    busy: [...desk.installed.slots].flatMap(([slot, { job, why }]) =>
      job === "idle" ? [] : [{ slot, job, why }],
    ),
    pending: result.pending?.slots ?? [],
  });
}
