// Small fleets for the watchdog's tests, planned by the real planner. In: nothing. Out: plans.

import type { PoolSpec } from "../../src/model/fleet.ts";
import type { Inventory } from "../../src/model/inventory.ts";
import type { Plan } from "../../src/model/plan.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { makeFleet, makeInputs, makeInventory, makeMachine, makePool } from "../plan/make-fleet.ts";

export function makePlan(
  hosts: Readonly<Record<string, "x64" | "arm64">>,
  pools: readonly PoolSpec[],
  given: Parameters<typeof makeFleet>[2] = {},
  systemd: Inventory["systemd"] = makeInventory().systemd,
): Plan {
  const { watchdog } = makeFleet([], []);
  const machines = Object.keys(hosts).map((name) => makeMachine(name));
  // Six hosts that look every minute need more than the default.
  const budget = { ...watchdog.budget, githubRequestsPerHour: machines.length > 3 ? 15_000 : 1500 };
  const fleet = makeFleet(machines, pools, { watchdog: { ...watchdog, budget }, ...given });
  const inventories = Object.fromEntries(
    Object.entries(hosts).map(([name, arch]) => [name, makeInventory({ arch, systemd })]),
  );
  const { value, diagnostics } = planFleet(fleet, makeInputs(inventories));
  if (value === null) throw new Error(JSON.stringify(diagnostics, null, 2));
  return value;
}

export function makeRange(
  min: number,
  max: number,
  perHost: number | null,
  idle = 180_000,
): PoolSpec["runners"] {
  return { kind: "range", min, max, perHost, idle };
}

/** One host, one pool of each kind. */
export function makeSmallPlan(): Plan {
  return makePlan({ forge: "x64" }, [
    makePool("ci", { runners: makeRange(1, 3, null) }),
    makePool("old", { lifetime: "persistent", runners: { kind: "fixed", perHost: 1 } }),
  ]);
}
