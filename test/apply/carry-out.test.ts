// What happens while steps are carried out: a job that came after the plan was made, GitHub's last word, a
// credential that is not there, a step that fails; and what is then written down.

import assert from "node:assert/strict";
import { test } from "node:test";
import { carryOut } from "../../src/apply/carry-out.ts";
import { placeForSystem, placeRecords } from "../../src/apply/places.ts";
import { readGeneration, readPending } from "../../src/apply/records.ts";
import { WorldError } from "../../src/base/world-error.ts";
import type { ApplyHands, GenerationRecord, PendingSlot, Wanted } from "../../src/model/apply.ts";
import { placesOf } from "../../src/model/names.ts";
import { applyHere, planHere } from "./apply-here.ts";
import { compareSnapshots, FakeHost } from "./fake-host.ts";
import { FLEETS } from "./fleets.ts";

const places = placeForSystem(placesOf("acme"));

async function hostWith(wanted: Wanted): Promise<FakeHost> {
  const host = new FakeHost(places);
  await applyHere(host, wanted);
  return host;
}

function recordOf(host: FakeHost): GenerationRecord {
  const reading = readGeneration(host.files.get(placeRecords(places).generation)?.content ?? "");
  if (reading.kind !== "read") throw new Error("there is no record");
  return reading.value;
}

const pendingOf = (host: FakeHost): readonly PendingSlot[] =>
  readPending(host.files.get(placeRecords(places).pending)?.content ?? "").slots;

const quiet = { tell: () => {}, enterChange: async () => {} };

test("a job that begins between plan and step is left alone, and the next apply finishes", async () => {
  const host = await hostWith(FLEETS.first());
  const wanted = FLEETS.newImage();
  const plan = planHere(host, wanted);
  host.beginJob("acme-ci-forge-1");
  const { pending } = await carryOut(plan, host.hands(), quiet);
  const expected: PendingSlot = {
    slot: "acme-ci-forge-1",
    unit: "acme-container@acme-ci-forge-1.service",
    action: "restart",
    why: "job.json",
  };
  assert.deepEqual(pending.slots, [expected]);
  assert.deepEqual(pendingOf(host), [expected]);
  assert.ok(host.images.has("ghcr.io/actions/actions-runner:2.337.0"), "its image stays as long as it runs");
  assert.equal(recordOf(host).generation, wanted.generation, "the files are in force all the same");
  host.endJob("acme-ci-forge-1");
  await applyHere(host, wanted);
  assert.deepEqual(pendingOf(host), []);
  assert.deepEqual(recordOf(host).images, ["ghcr.io/actions/actions-runner:2.338.0"]);
});

test("a busy process slot is known by its run, and needs no restart when it came back by itself", async () => {
  const host = await hostWith(FLEETS.withProcesses());
  const wanted = FLEETS.newRunner();
  host.beginJob("acme-bare-forge-1");
  await applyHere(host, wanted);
  const slot = recordOf(host).slots["acme-bare-forge-1"];
  assert.notEqual(slot?.staleRun, null);
  assert.ok(host.folders.has("/opt/ci-fleet/runner/2.337.0"), "its runner stays as long as it runs");
  const again = planHere(host, wanted);
  assert.deepEqual(again.desk.verdicts.get("acme-bare-forge-1"), {
    kind: "restart",
    because: "SlotRunsOldGeneration",
  });
  host.endJob("acme-bare-forge-1");
  assert.deepEqual(planHere(host, wanted).desk.verdicts.get("acme-bare-forge-1"), { kind: "keep" });
  await applyHere(host, wanted);
  assert.ok(!host.folders.has("/opt/ci-fleet/runner/2.337.0"));
});

test("where GitHub says that a slot has a job, it is not stopped, whatever is seen here", async () => {
  const host = await hostWith(FLEETS.withProcesses());
  const hands: ApplyHands = {
    ...host.hands(),
    deregister: async (slot) => (slot === "acme-bare-forge-1" ? { kind: "busy" } : { kind: "gone" }),
  };
  const wanted = FLEETS.first();
  await carryOut(planHere(host, wanted), hands, quiet);
  assert.ok(host.processes.has("acme-bare-forge-1"));
  assert.ok(!host.processes.has("acme-bare-forge-2"));
  assert.deepEqual(pendingOf(host), [
    {
      slot: "acme-bare-forge-1",
      unit: "acme-process@acme-bare-forge-1.service",
      action: "remove",
      why: "GitHub says that it has a job",
    },
  ]);
  assert.ok(host.files.has("/etc/systemd/system/acme-process@.service"), "its unit stays as long as it runs");
});

test("without a credential slots go all the same, and their registrations are chased later", async () => {
  const host = await hostWith(FLEETS.withProcesses());
  host.credential = false;
  await applyHere(host, FLEETS.first());
  assert.deepEqual([...host.processes.keys()], []);
  assert.deepEqual(recordOf(host).ghosts, { "acme-bare-forge-1": "default", "acme-bare-forge-2": "default" });
  assert.deepEqual(
    pendingOf(host).map(({ slot, action, why }) => [slot, action, why]),
    [
      ["acme-bare-forge-1", "deregister", "no credential"],
      ["acme-bare-forge-2", "deregister", "no credential"],
    ],
  );
  host.credential = true;
  await applyHere(host, FLEETS.first());
  assert.deepEqual(recordOf(host).ghosts, {});
  assert.deepEqual([...host.registered], ["acme-ci-forge-1"]);
});

test("what --remove has taken down stays down while another slot has its job", async () => {
  const host = await hostWith(FLEETS.withProcesses());
  assert.ok(host.beginJob("acme-ci-forge-1"));
  const { isGone } = await applyHere(host, null);
  assert.ok(!isGone);
  for (const slot of ["acme-ci-forge-1", "acme-bare-forge-1"]) {
    assert.ok(host.files.has(`${places.state}/drained/${slot}`), `the watchdog would start ${slot}`);
  }
  host.endJob("acme-ci-forge-1");
  assert.ok((await applyHere(host, null)).isGone);
  assert.deepEqual(compareSnapshots(new FakeHost(places).snapshot(), host.snapshot()), []);
});

test("taken down without a credential, a host is as it was all the same, and the registrations are named", async () => {
  const host = await hostWith(FLEETS.withProcesses());
  host.credential = false;
  const { pending, isGone } = await carryOut(planHere(host, null), host.hands(), quiet);
  assert.ok(isGone);
  const named = pending.slots.filter(({ action }) => action === "deregister").map(({ slot }) => slot);
  assert.equal(named.length, pending.slots.length);
  for (const slot of host.registered) assert.ok(named.includes(slot), slot);
  assert.deepEqual(compareSnapshots(new FakeHost(places).snapshot(), host.snapshot()), []);
});

test("a step that fails ends the run before anything in force has changed", async () => {
  const host = await hostWith(FLEETS.first());
  const before = host.files.get("/etc/ci-fleet/acme/compose.yaml")?.content;
  const plan = planHere(host, FLEETS.newImage());
  const hands = host.hands();
  const perform: ApplyHands["perform"] = async (action) => {
    if (action.kind === "run" && action.argv.includes("pull")) throw new WorldError("pull", "no route");
    await hands.perform(action);
  };
  let entered = 0;
  const enterChange = async () => {
    entered += 1;
  };
  const listener = { tell: () => {}, enterChange };
  await assert.rejects(carryOut(plan, { ...hands, perform }, listener), /cannot pull: no route/);
  assert.equal(entered, 0, "the lock of the change was never taken");
  assert.equal(host.files.get("/etc/ci-fleet/acme/compose.yaml")?.content, before);
  await carryOut(planHere(host, FLEETS.newImage()), hands, listener);
  assert.equal(entered, 1);
});

test("an image that cannot be removed yet stays ours", async () => {
  const host = await hostWith(FLEETS.first());
  const hands = host.hands();
  const perform: ApplyHands["perform"] = async (action) => {
    if (action.kind === "run" && action.argv.includes("image")) throw new WorldError("rm", "in use");
    await hands.perform(action);
  };
  await carryOut(planHere(host, FLEETS.newImage()), { ...hands, perform }, quiet);
  assert.deepEqual(recordOf(host).images, [
    "ghcr.io/actions/actions-runner:2.337.0",
    "ghcr.io/actions/actions-runner:2.338.0",
  ]);
  await applyHere(host, FLEETS.newImage());
  assert.deepEqual(recordOf(host).images, ["ghcr.io/actions/actions-runner:2.338.0"]);
});

test("an image that was there before us is not ours to remove", async () => {
  const host = new FakeHost(places);
  host.images.add("ghcr.io/actions/actions-runner:2.337.0");
  await applyHere(host, FLEETS.first());
  await applyHere(host, null);
  assert.deepEqual([...host.images], ["ghcr.io/actions/actions-runner:2.337.0"]);
});

test("where a reload would take the card from a job, nothing in force changes before that job ends", async () => {
  const cards = (version: string): Wanted => {
    const wanted = version === "old" ? FLEETS.first() : FLEETS.otherVersion();
    return { ...wanted, slots: wanted.slots.map((slot) => ({ ...slot, losesCards: true })) };
  };
  const host = await hostWith(cards("old"));
  host.cgroupDriver = "systemd";
  host.beginJob("acme-ci-forge-1");
  const target = host.files.get("/etc/systemd/system/acme.target")?.content;
  const { pending } = await carryOut(planHere(host, cards("new")), host.hands(), quiet);
  assert.deepEqual(
    pending.slots.map(({ slot, action }) => [slot, action]),
    [["acme-ci-forge-1", "reload"]],
  );
  assert.equal(host.files.get("/etc/systemd/system/acme.target")?.content, target);
  assert.equal(recordOf(host).generation, cards("old").generation);
  host.endJob("acme-ci-forge-1");
  const plan = planHere(host, cards("new"));
  assert.deepEqual(plan.desk.verdicts.get("acme-ci-forge-1"), {
    kind: "restart",
    because: "SlotLosesItsCards",
  });
  await applyHere(host, cards("new"));
  assert.equal(recordOf(host).generation, cards("new").generation);
});
