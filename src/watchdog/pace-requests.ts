// Keeps this host to its share of the fleet's request budget: what the share brings in an hour trickles in, and what
// is sent is taken out. With nothing left a pass looks at this host alone. In: plan, memory, time. Out: what is left.

import type { Plan } from "../model/plan.ts";
import type { Memory, PassTime } from "../model/watchdog.ts";

const HOUR = 3_600_000;
/** Saved up at most: a quarter of an hour. */
const SAVED = 0.25;
/** A restart loop of the watchdog must not multiply the budget. */
const FIRST = 0.1;
const LEAST = 20;

/** Requests that may be sent now. */
export function countAllowance(plan: Plan, memory: Memory | null, time: PassTime): number {
  const share = shareOfBudget(plan);
  const most = Math.max(LEAST, share * SAVED);
  if (memory === null || memory.allowance === null) return Math.max(LEAST, share * FIRST);
  const isSame = memory.time.boot === time.boot && time.monotonic >= memory.time.monotonic;
  const passed = isSame ? time.monotonic - memory.time.monotonic : 0;
  return Math.min(most, memory.allowance + (share * passed) / HOUR);
}

/** Whether a pass that nobody planned leaves enough for those that are. */
export function hasSpare(plan: Plan, allowance: number | null): boolean {
  return allowance === null || allowance > Math.max(LEAST, shareOfBudget(plan) * SAVED) / 4;
}

export function explainSilence(plan: Plan, allowance: number): string | null {
  if (allowance >= 1) return null;
  const { githubRequestsPerHour } = plan.watchdog;
  return `this host's share of ${githubRequestsPerHour} requests an hour is spent`;
}

/** Those that GitHub answered 304 cost nothing. */
export function spendAllowance(memory: Memory, allowance: number, counted: number): Memory {
  return { ...memory, allowance: allowance - counted };
}

function shareOfBudget({ watchdog, hosts }: Plan): number {
  const asking = hosts.filter(({ supervision }) => supervision !== "none").length;
  return watchdog.githubRequestsPerHour / Math.max(1, asking);
}
