// What act does when the world says no, row by row of the fault table, and after a death at each of its steps.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../src/model/watchdog.ts";
import { readMemory } from "../../src/model/watchdog-memory.ts";
import { makePool } from "../plan/make-fleet.ts";
import type { Fault } from "./model-api.ts";
import { ModelFleet, type PassRecord } from "./model-fleet.ts";
import { makePlan, makeRange } from "./model-plan.ts";

const SLOT = "acme-ci-ash-1";

/** One idle slot beyond min, about to be retired by the next pass. */
async function makeRipe(): Promise<ModelFleet> {
  const plan = makePlan({ ash: "x64" }, [makePool("ci", { runners: makeRange(0, 2, null, 60_000) })]);
  const hub = { lag: 0, busyLie: 0, gap: 20_000, deletesDispatched: true };
  const fleet = new ModelFleet(plan, hub, { startMs: 1000, endsWhenGone: false, mintDeafUntil: 0 });
  fleet.hosts.get("ash")?.start(fleet.slot(SLOT));
  fleet.advance(10_000);
  await pass(fleet);
  fleet.advance(30_000);
  await pass(fleet);
  fleet.advance(40_000);
  return fleet;
}

function pass(
  fleet: ModelFleet,
  fault: Fault = "none",
  diesAt: number | null = null,
): Promise<PassRecord | null> {
  return fleet.pass("ash", { fault, diesAt });
}

function tell(record: PassRecord | null): readonly string[] {
  return (record?.outcomes ?? []).map(({ decision, result, steps }: Outcome) =>
    [`${decision.reason} ${decision.action?.kind} ${result}`, ...steps].join("; "),
  );
}

function memoryOf(fleet: ModelFleet) {
  return readMemory(fleet.memories.get("ash") ?? null);
}

test("an idle slot is held back, deregistered, left alone and then stopped", async () => {
  const fleet = await makeRipe();
  assert.deepEqual(tell(await pass(fleet)), [
    "IdleBeyondMin retire done; held back from restarting; registration 1 deleted; a job may still be on its way: it is stopped after a while",
  ]);
  fleet.advance(60_000);
  assert.deepEqual(tell(await pass(fleet)), []);
  assert.equal(fleet.slot(SLOT).unit, "active");
  fleet.advance(20_000);
  assert.deepEqual(tell(await pass(fleet)), ["IdleBeyondMin stop done; stopped"]);
  const { unit, holder } = fleet.slot(SLOT);
  assert.deepEqual({ unit, holder, broken: fleet.broken }, { unit: "inactive", holder: null, broken: [] });
});

test("422 on the deletion means busy: the slot is let go and nothing is tried again at once", async () => {
  const fleet = await makeRipe();
  fleet.hub.options = { ...fleet.hub.options, deletesDispatched: false };
  fleet.sneaks = 1;
  assert.deepEqual(tell(await pass(fleet)), [
    "IdleBeyondMin retire dropped; held back from restarting; GitHub says that it has a job; let go again",
  ]);
  assert.equal(fleet.slot(SLOT).holder, null);
  assert.deepEqual(memoryOf(fleet)?.retiring, {});
});

test("5xx on the deletion leaves the runner running and asks again in the next pass", async () => {
  const fleet = await makeRipe();
  assert.deepEqual(tell(await pass(fleet, "lost-answers")), [
    "IdleBeyondMin retire failed; held back from restarting; GitHub (GET): HTTP 502",
  ]);
  assert.equal(fleet.slot(SLOT).unit, "active");
  assert.equal(memoryOf(fleet)?.retiring[SLOT]?.phase, "deregister");
  fleet.advance(60_000);
  assert.match(tell(await pass(fleet))[0] ?? "", /^RetirementUnderWay retire done/);
  fleet.advance(80_000);
  assert.deepEqual(tell(await pass(fleet)), ["IdleBeyondMin stop done; stopped"]);
});

test("a full disk forbids every change, for nothing can be written down before it", async () => {
  const fleet = await makeRipe();
  assert.deepEqual(tell(await pass(fleet, "disk-full")), [
    "IdleBeyondMin retire failed; cannot write watchdog.json: no space left",
  ]);
  const { unit, holder } = fleet.slot(SLOT);
  assert.deepEqual({ unit, holder }, { unit: "active", holder: null });
  assert.equal(fleet.hub.existing().length, 1);
});

test("a job that comes between the decision and the deletion runs to its end", async () => {
  const fleet = await makeRipe();
  fleet.sneaks = 2;
  fleet.hub.options = { ...fleet.hub.options, busyLie: 720_000 };
  await pass(fleet);
  const [job] = fleet.hub.jobs.values();
  for (let each = 0; each < 12; each++) {
    fleet.advance(20_000);
    await pass(fleet);
  }
  assert.equal(job?.state, "done");
  assert.deepEqual(fleet.broken, []);
  assert.equal(fleet.slot(SLOT).unit, "inactive");
});

test("a death at any step of a retirement is finished by later passes", async () => {
  for (let step = 0; step < 40; step++) {
    const fleet = await makeRipe();
    await pass(fleet, "none", step);
    fleet.advance(60_000);
    await pass(fleet, "none", step);
    for (let each = 0; each < 8; each++) {
      fleet.advance(60_000);
      await pass(fleet);
    }
    const { unit, holder } = fleet.slot(SLOT);
    const left = fleet.hub.existing().length;
    assert.deepEqual(
      { step, unit, holder, left, broken: fleet.broken },
      { step, unit: "inactive", holder: null, left: 0, broken: [] },
    );
  }
});

test("a death at any step with the memory lost is finished all the same", async () => {
  for (let step = 0; step < 20; step++) {
    const fleet = await makeRipe();
    await pass(fleet, "none", step);
    fleet.memories.delete("ash");
    for (let each = 0; each < 10; each++) {
      fleet.advance(60_000);
      await pass(fleet);
    }
    const { unit, holder } = fleet.slot(SLOT);
    const left = fleet.hub.existing().length;
    assert.deepEqual({ step, unit, holder, left }, { step, unit: "inactive", holder: null, left: 0 });
  }
});
