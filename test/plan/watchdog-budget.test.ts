// What the watchdog is said to cost GitHub, where that depends on how runners belong to repositories.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TargetSpec } from "../../src/model/fleet.ts";
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
  // Once a minute: the list of each repository, as the deputy; runs that wait and runs at work of each; one slot.
  assert.equal(project(["app"]), 60 + 12);
  assert.equal(project(["app", "lib"]), 2 * 60 + 4 * 60 + 12);
});
