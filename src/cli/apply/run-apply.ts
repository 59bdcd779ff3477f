// One apply from the first look to the last word. In: the call, its work. Out: an exit code.

import { openHostFiles } from "../../adapters/host-files.ts";
import { type ApplyReport, carryOut } from "../../apply/carry-out.ts";
import { describeSteps } from "../../apply/describe-step.ts";
import { type PlannedApply, planApply } from "../../apply/plan-apply.ts";
import type { ApplyHands } from "../../model/apply.ts";
import type { CommandCall } from "../command.ts";
import { FINE, FOUND } from "../exit-codes.ts";
import { type LookedHost, openLook } from "../open-look.ts";
import { showProgress } from "../show-progress.ts";
import { nameUser } from "../this-host.ts";
import { takeFleetLock } from "./fleet-lock.ts";
import { lookAtHost } from "./look-at-host.ts";
import { openHands } from "./open-hands.ts";
import type { ApplyWork } from "./open-work.ts";
import { codeOf, describeApply, tellPending, tellReboot, tellRefusals, tellStep } from "./report-apply.ts";

/** Of a host that nobody wants any more, nothing is known but what is installed. */
const UNKNOWN_HOST: LookedHost = { facts: { docker: null } };

async function look(
  call: CommandCall,
  work: ApplyWork,
): Promise<{ readonly plan: PlannedApply; readonly hands: ApplyHands }> {
  const host = work.host ?? UNKNOWN_HOST;
  const { fleet, places, wanted } = work;
  const looking = lookAtHost(wanted, fleet, places, openLook(host, places), nameUser());
  const { installed, question } = await showProgress(call.terminal, "looking at this host", looking);
  const plan = planApply(wanted, installed, { force: call.flags.has("force") });
  const hands = openHands(work, host, question, call.terminal);
  // What could not be worked out is no reason to take anything down.
  if (work.refusals.length === 0) return { plan, hands };
  const refusals = [...work.refusals, ...plan.refusals];
  return { plan: { ...plan, steps: [], warnings: [], refusals }, hands };
}

export async function showSteps(call: CommandCall, work: ApplyWork): Promise<number> {
  const { flags, terminal } = call;
  const { plan } = await look(call, work);
  tellRefusals(plan, terminal);
  if (flags.has("json")) {
    terminal.out(describeApply(plan, work.fleet, work.host?.name ?? null, { applied: false, pending: null }));
  } else {
    const { slots, node } = plan.desk.installed;
    terminal.out(describeSteps(plan.steps, slots, node.rehearsals));
  }
  if (plan.steps.length === 0 && plan.refusals.length === 0) terminal.err("there is nothing to do\n");
  return codeOf(plan);
}

export async function runApply(call: CommandCall, work: ApplyWork): Promise<number> {
  const { flags, terminal } = call;
  const { plan, hands } = await look(call, work);
  tellRefusals(plan, terminal);
  const show = (applied: boolean, pending: ApplyReport["pending"] | null): void => {
    if (!flags.has("json")) return;
    terminal.out(describeApply(plan, work.fleet, work.host?.name ?? null, { applied, pending }));
  };
  if (plan.refusals.length > 0) {
    terminal.err("nothing was changed\n");
    show(false, null);
    return codeOf(plan);
  }
  if (plan.steps.length === 0) {
    tellReboot(terminal, openHostFiles("/"));
    terminal.err(work.wanted === null ? "nothing is installed\n" : "everything is in force\n");
    show(true, null);
    return FINE;
  }
  const lock = takeFleetLock(work.places, terminal);
  try {
    const report = await carryOut(plan, hands, {
      tell: (step, end, why) => tellStep(step, end, why, terminal),
      enterChange: lock.enter,
    });
    const { pending, isGone } = report;
    const isWatched = work.wanted?.supervision === "systemd";
    tellPending(pending, { isRemoval: work.wanted === null, isGone, isWatched }, terminal);
    show(true, pending);
    return conclude(call, work, report);
  } finally {
    await lock.release();
  }
}

function conclude({ terminal }: CommandCall, work: ApplyWork, { isGone, pending }: ApplyReport): number {
  tellReboot(terminal, openHostFiles("/"));
  if (work.wanted !== null) {
    const waits = pending.slots.some(({ action }) => action !== "deregister");
    terminal.err(`${work.wanted.host} is as the spec wants it${waits ? ", but for what waits" : ""}\n`);
    return FINE;
  }
  terminal.err(isGone ? `${work.fleet} is gone from this host\n` : `${work.fleet} is not gone yet\n`);
  return isGone && pending.slots.length === 0 ? FINE : FOUND;
}
