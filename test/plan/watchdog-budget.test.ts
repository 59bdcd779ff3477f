// What the watchdog is said to cost GitHub, where that depends on how runners belong to repositories.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fleet, TargetSpec } from "../../src/model/fleet.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { makeFleet, makeInputs, makeInventory, makeMachine, makePool } from "./make-fleet.ts";

function project(repos: readonly string[]): number {
  const fleet = makeFleet([makeMachine("forge")], [makePool("ci")]);
  const scope: TargetSpec["scope"] = { kind: "repositories", owner: "alice", repos };
  const targets = fleet.targets.map((target) => ({ ...target, scope }));
  const { value: plan } = planFleet({ ...fleet, targets }, makeInputs({ forge: makeInventory() }));
  assert.ok(plan !== null);
  return plan.watchdog.projectedRequestsPerHour;
}

test("slots that are for one of several repositories cost a look at the queue of each, at every pass", () => {
  // Once a minute: the list of each repository, as the deputy; runs that wait and runs at work of each.
  assert.equal(project(["app"]), 60);
  assert.equal(project(["app", "lib"]), 2 * 60 + 4 * 60);
});

const BROKER = {
  kind: "broker",
  url: "ssh://mint@control",
  user: "mint",
  host: "control",
  port: null,
} as const;

/** Two hosts with two slots each; one is the deputy, and has the list. */
function planTwo(auth: "own" | "broker", given: Partial<Fleet["watchdog"]> = {}) {
  const pool = makePool("ci", { runners: { kind: "fixed", perHost: 2 } });
  const fleet = makeFleet([makeMachine("forge"), makeMachine("spark")], [pool]);
  const targets = fleet.targets.map((target) => (auth === "broker" ? { ...target, auth: BROKER } : target));
  const watchdog = { ...fleet.watchdog, ...given };
  const inputs = makeInputs({ forge: makeInventory(), spark: makeInventory() });
  return planFleet({ ...fleet, targets, watchdog }, inputs);
}

test("the deputy reads the list instead of asking for its own slots", () => {
  const { value: plan } = planTwo("own");
  assert.equal(plan?.watchdog.projectedRequestsPerHour, 60 + 2 * 12);
});

test("a broker keeps no answers, so that each question costs, changed or not", () => {
  const { value: plan } = planTwo("broker");
  // Two slots by number, or one page of the list, whichever is less.
  assert.equal(plan?.watchdog.projectedRequestsPerHour, 60 + 60);
});

test("what is too much comes with the numbers to write", () => {
  const helpOf = (every: number, githubRequestsPerHour: number): string | undefined => {
    const { diagnostics } = planTwo("own", {
      every,
      budget: { githubRequestsPerHour, removalsPerPass: 10 },
    });
    return diagnostics.find(({ code }) => code === "CF722")?.help;
  };
  assert.equal(
    helpOf(60_000, 60),
    "set `watchdog.every` to 2m, or `watchdog.budget.githubRequestsPerHour` to at least 84 (GitHub gives a token 5000 in all, an App up to 12500)",
  );
  assert.equal(
    helpOf(3_600_000, 1),
    "set `watchdog.budget.githubRequestsPerHour` to at least 2 (GitHub gives a token 5000 in all, an App up to 12500)",
  );
});
