// Whose a registration is: by the exact name of a slot, never by its beginning.

import assert from "node:assert/strict";
import { test } from "node:test";
import { findOwnedSlot, isOurs, listOwnedSlots } from "../../src/model/ownership.ts";
import type { Plan } from "../../src/model/plan.ts";

const slots = (...names: string[]) => names.map((name) => ({ name }));
const plan = {
  hosts: [
    {
      name: "forge",
      placements: [{ lifetime: "ephemeral", slots: slots("acme-ci-forge-1", "acme-ci-forge-2") }],
    },
    { name: "spark", placements: [{ lifetime: "persistent", slots: slots("acme-arm-spark-1") }] },
  ],
} as unknown as Plan;

test("a slot's name is ours, with a registration's suffix and without", () => {
  const owned = listOwnedSlots(plan);
  const hostOf = (name: string) => findOwnedSlot(name, owned)?.host.name ?? null;
  assert.equal(hostOf("acme-ci-forge-1-k3x9q2m"), "forge");
  assert.equal(hostOf("acme-ci-forge-2"), "forge");
  assert.equal(hostOf("acme-arm-spark-1"), "spark");
});

test("what only begins or looks like one is somebody else's", () => {
  for (const name of [
    "acme-ci-forge",
    "acme-ci-forge-3",
    "acme-ci-forge-1-",
    "acme-ci-forge-1-k3x9q2",
    "acme-ci-forge-1-k3x9q2mm",
    "acme-ci-forge-1-K3X9Q2M",
    "acme-ci-forge-1-k3x9q2m-k3x9q2m",
    "acme-ci-forge-12",
    "ACME-ci-forge-1",
    "acme-gpu-forge-1",
    "toString",
    "",
  ]) {
    assert.equal(isOurs(name, plan), false, name);
  }
});
