// Laws of a node's watchdog over random histories: passes that crash anywhere, a node that refuses, fails, forgets and
// goes down, people who start, stop, lock and snapshot. No call harms a guest that runs or is not ours (the scene holds
// each call to that); the clean state never has a job in it; and when the world is well again every guest runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { GuestReset } from "../../src/model/fleet.ts";
import { CLEAN_SNAPSHOT } from "../../src/model/one-job.ts";
import type { FakeGuest } from "../proxmox/state.ts";
import { makeByHand, type NodeScene, openNodeScene, VM } from "./node-scene.ts";

const STEPS = [
  "before start",
  "start",
  "before snapshot",
  "snapshot",
  "before rollback",
  "rollback",
  "told",
  "before destroy",
  "destroy",
  "making",
  "clone",
  "configure",
];
const TASKS = ["qmstart", "qmsnapshot", "qmrollback", "qmclone", "qmdestroy", "qmconfig"];
const FAULTS = ["500", "595", "reset", "garbage", "done-then-reset", "done-then-596"] as const;

type Event = readonly [kind: string, detail: number];

const anEvent: fc.Arbitrary<Event> = fc.tuple(
  fc.constantFrom(
    ...["pass", "pass", "pass", "pass", "live", "live", "finish", "finish"],
    ...["crash", "crash", "advance", "fail", "fault", "lock", "unlock", "quorum", "slow", "fast"],
    ...["reboot", "forget", "start by hand", "stop by hand", "snapshot by hand"],
    ...["back up", "back up", "tear", "full", "room", "revoke", "grant", "leave pool", "join pool"],
    ...["clock", "disk full", "disk room", "template", "move away", "bring back"],
  ),
  fc.nat(1000),
);

async function play(scene: NodeScene, [kind, detail]: Event): Promise<void> {
  const { state } = scene;
  const guest = state.guests.get(VM + (detail % 2));
  const pick = <T>(all: readonly T[]): T => all[detail % all.length] as T;
  switch (kind) {
    case "pass":
      await scene.pass();
      return state.advance(60_000);
    case "crash":
      await scene.pass(pick(STEPS));
      return state.advance(60_000);
    case "live":
      return scene.live();
    case "finish":
      return scene.finishJobs();
    case "advance":
      return state.advance(detail * 5000);
    case "fail":
      return state.failNext(pick(TASKS), "something went wrong");
    case "fault":
      state.faults.push({ match: /./, kind: pick(FAULTS), left: 1 + (detail % 3) });
      return;
    case "lock":
      if (guest !== undefined) guest.lock ??= "backup";
      return;
    case "unlock":
      if (guest?.lock === "backup") guest.lock = null;
      return;
    case "quorum":
      state.hasQuorum = detail % 2 === 0;
      return;
    case "slow":
      state.taskMs = 400_000;
      return;
    case "fast":
      state.taskMs = 3000;
      return;
    case "reboot":
      return state.reboot({ forget: detail % 2 === 0 });
    case "forget":
      return scene.forget();
    case "start by hand":
      if (guest !== undefined && guest.lock === null && guest.status === "stopped") {
        guest.status = "running";
        guest.startedAt = state.now;
      }
      return;
    case "stop by hand":
      if (guest !== undefined && guest.lock === null && guest.status === "running") {
        // Nobody can tell that from a guest that powers off by itself.
        if (guest.disk === "new") guest.disk = "cut off";
        state.powerOff(guest.vmId);
      }
      return;
    case "snapshot by hand":
      if (guest !== undefined && guest.lock === null) guest.snapshots.delete(CLEAN_SNAPSHOT);
      return;
    default:
      return playMore(scene, [kind, detail], guest);
  }
}

/** What other people and the node's own troubles do. */
function playMore(scene: NodeScene, [kind, detail]: Event, guest: FakeGuest | undefined): void {
  const { state } = scene;
  switch (kind) {
    case "back up":
      if (guest?.lock === null) state.backUp(guest.vmId);
      return;
    case "tear":
      state.torn = 1;
      return;
    case "full":
    case "room":
      state.isFull = kind === "full";
      return;
    case "revoke":
      scene.revoke();
      return;
    case "grant":
      scene.grantAgain();
      return;
    case "leave pool":
      if (guest !== undefined) state.members.delete(guest.vmId);
      return;
    case "join pool":
      joinPools(scene);
      return;
    case "clock":
      state.clockAhead += (detail - 500) * 60_000;
      return;
    case "disk full":
    case "disk room":
      scene.isDiskFull = kind === "disk full";
      return;
    case "template":
      if (!state.guests.delete(9000)) state.addTemplate(9000);
      return;
    case "move away":
      if (guest?.lock === null && guest.status === "stopped") state.moveAway(guest.vmId);
      return;
    case "bring back":
      state.bringBack();
      return;
    default:
      assert.fail(kind);
  }
}

function joinPools({ state, host }: NodeScene): void {
  for (const { vmId, pool } of host.hypervisor?.guests ?? []) {
    if (pool !== null && state.guests.has(vmId)) state.members.set(vmId, pool);
  }
}

function checkCleanStates({ state }: NodeScene): void {
  for (const { vmId, snapshots } of state.guests.values()) {
    const disk = snapshots.get(CLEAN_SNAPSHOT)?.disk ?? "set-up";
    assert.ok(["set-up", "cut off"].includes(disk), `the clean state of ${vmId} is ${disk}`);
  }
}

/** People mend what is theirs, unlock what a dead task has locked, and the node is well. */
async function settle(scene: NodeScene): Promise<readonly string[]> {
  const { state } = scene;
  state.faults.length = 0;
  state.badEnds.clear();
  state.hasQuorum = true;
  state.taskMs = 3000;
  state.isFull = false;
  state.torn = 0;
  scene.isDiskFull = false;
  scene.grantAgain();
  state.bringBack();
  if (!state.guests.has(9000)) state.addTemplate(9000);
  state.advance(4 * 3_600_000);
  for (const guest of [...state.guests.values()]) {
    if (guest.lock === "clone") state.guests.delete(guest.vmId);
    guest.lock = null;
  }
  joinPools(scene);
  let words: readonly string[] = [];
  for (let round = 0; round < 8; round += 1) {
    words = scene.said(await scene.pass());
    state.advance(2 * 3_600_000);
    scene.live();
  }
  return words;
}

for (const reset of ["rollback", "clone"] as const) {
  test(`${reset}: whatever happens, no job is harmed, no job's leavings are kept, and all comes right again`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anEvent, { minLength: 5, maxLength: 25 }), async (events) => {
        const ends: (() => Promise<void>)[] = [];
        const scene = await openNodeScene({ after: (end) => ends.push(end) }, { reset, count: 2 });
        try {
          await checkHistory(scene, reset, events);
        } finally {
          for (const end of ends) await end();
        }
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
}

async function checkHistory(scene: NodeScene, reset: GuestReset, events: readonly Event[]): Promise<void> {
  const { state } = scene;
  if (reset === "rollback") makeByHand(scene);
  const stranger = state.addGuest(9500, { description: "somebody's", status: "running" });
  const before = structuredClone({ ...stranger, snapshots: [] });
  for (const event of events) {
    await play(scene, event);
    checkCleanStates(scene);
  }
  if (!events.some(([kind]) => kind === "reboot")) assert.deepEqual({ ...stranger, snapshots: [] }, before);
  const words = await settle(scene);
  for (const word of words) {
    const isWell = / (?:Running|JobDone|NotMadeYet|NewlyMade)$/.test(word);
    const hasReason = / wait (?:SnapshotGone|NotInOurRecord|NotOurs)$/.test(word);
    assert.ok(isWell || hasReason, `${word} after ${JSON.stringify(events)}`);
  }
  checkCleanStates(scene);
}
