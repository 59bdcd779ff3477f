// One `apply` on the fake host, from looking to the last step. In: the host and what is wanted. Out: what came of it.

import { type ApplyReport, carryOut } from "../../src/apply/carry-out.ts";
import { type PlannedApply, planApply } from "../../src/apply/plan-apply.ts";
import type { Wanted } from "../../src/model/apply.ts";
import type { FakeHost } from "./fake-host.ts";
import { Killed } from "./fake-host.ts";

export function planHere(host: FakeHost, wanted: Wanted | null): PlannedApply {
  const plan = planApply(wanted, host.observe(wanted), { force: false });
  if (plan.refusals.length > 0) throw new Error(plan.refusals.map(({ message }) => message).join("\n"));
  return plan;
}

export async function applyHere(host: FakeHost, wanted: Wanted | null): Promise<ApplyReport> {
  return carryOut(planHere(host, wanted), host.hands(), { tell: () => {}, enterChange: async () => {} });
}

/** Returns false where the run came to its end before so many operations. */
export async function applyUntil(
  host: FakeHost,
  wanted: Wanted | null,
  operations: number,
): Promise<boolean> {
  host.operations = operations;
  try {
    await applyHere(host, wanted);
    return false;
  } catch (error) {
    if (error instanceof Killed) return true;
    throw error;
  } finally {
    host.operations = Number.POSITIVE_INFINITY;
  }
}
