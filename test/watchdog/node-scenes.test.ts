// Scenes of a node whose guests run one job each, played on a fake node whose every request and answer is checked: the
// guest's life, and everything that comes in between.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CLEAN_SNAPSHOT, hasServeWord } from "../../src/model/one-job.ts";
import { endFirstJob, makeByHand, openNodeScene, VM } from "./node-scene.ts";

const MINUTE = 60_000;

test("a guest sets itself up, is kept, has a job, is rolled back, and has the next", async (t) => {
  const scene = await openNodeScene(t);
  const { state, pass, said, live, finishJobs, jobs } = scene;
  makeByHand(scene);
  assert.deepEqual(said(await pass()), ["vm-1 set-up done NeverStarted"]);
  assert.deepEqual(said(await pass()), ["vm-1 leave SettingUp"]);
  live();
  assert.deepEqual(said(await pass()), ["vm-1 keep done SetUpDone"]);
  const clean = state.guest(VM).snapshots.get(CLEAN_SNAPSHOT);
  assert.equal(clean?.disk, "set-up");
  assert.equal(
    hasServeWord(clean?.config.smbios1),
    false,
    "a guest that was rolled back is not called clean yet",
  );
  assert.match(
    clean?.description ?? "",
    /^ci-fleet guest \S+\/vm-1\nSet up and without a job\. Generation [0-9a-f]{16}\.$/,
  );
  live();
  assert.deepEqual(jobs, [VM]);
  assert.deepEqual(said(await pass()), ["vm-1 leave Running"]);
  finishJobs();
  assert.deepEqual(said(await pass()), ["vm-1 reset done JobDone"]);
  assert.equal(state.guest(VM).disk, "set-up");
  live();
  assert.deepEqual(jobs, [VM, VM]);
});

test("a guest that is cloned for each job is made, destroyed after it, and made again", async (t) => {
  const scene = await openNodeScene(t, { reset: "clone" });
  const { state, pass, said, live, finishJobs, jobs } = scene;
  assert.deepEqual(said(await pass()), ["vm-1 make done NotMadeYet"]);
  const first = state.guest(VM).config.smbios1;
  live();
  assert.deepEqual(said(await pass()), ["vm-1 leave Running"]);
  finishJobs();
  assert.deepEqual(said(await pass()), ["vm-1 remake done JobDone"]);
  assert.notEqual(state.guest(VM).config.smbios1, first);
  live();
  assert.deepEqual(jobs, [VM, VM]);
});

test("a guest to be cloned that somebody put there with our mark is not destroyed", async (t) => {
  const scene = await openNodeScene(t, { reset: "clone" });
  makeByHand(scene);
  const pass = await scene.pass();
  assert.deepEqual(scene.said(pass), ["vm-1 wait NotInOurRecord"]);
  assert.deepEqual(
    pass?.decided.notices.map(({ fact }) => fact),
    ["GuestNotInRecord"],
  );
});

test("a guest without our mark is left alone, whatever it is called", async (t) => {
  const scene = await openNodeScene(t);
  makeByHand(scene);
  scene.state.guest(VM).description = "my own machine";
  const before = structuredClone(scene.state.guest(VM).config);
  assert.deepEqual(scene.said(await scene.pass()), ["vm-1 wait NotOurs"]);
  assert.deepEqual(scene.state.guest(VM).config, before);
});

test("a task that fails is tried again after a while that grows, and told when it goes on", async (t) => {
  const scene = await openNodeScene(t);
  const { state, pass, said } = scene;
  makeByHand(scene);
  const words: string[] = [];
  for (let minute = 0; minute < 240; minute += 1) {
    state.badEnds.set("qmstart", ["start failed: QEMU exited with code 1"]);
    words.push(...said(await pass()));
    state.advance(MINUTE);
  }
  const tries = words.flatMap((word, minute) => (word.includes("failed") ? [minute] : []));
  assert.deepEqual(tries, [0, 1, 3, 7, 15, 75, 135, 195]);
  assert.equal(words.at(-1), "vm-1 wait KeepsFailing");
  state.badEnds.clear();
  state.advance(60 * MINUTE);
  assert.deepEqual(said(await pass()), ["vm-1 set-up done NeverStarted"]);
  assert.deepEqual(said(await pass()), ["vm-1 leave SettingUp"]);
  assert.equal(scene.memory()?.guests["vm-1"]?.setbacks, null);
});

test("without quorum nothing is changed, and the first refusal ends the pass", async (t) => {
  const scene = await openNodeScene(t, { count: 3 });
  const { state, pass, said } = scene;
  makeByHand(scene);
  state.hasQuorum = false;
  assert.deepEqual(said(await pass()), [
    "vm-1 set-up failed NeverStarted",
    "vm-2 set-up not-tried NeverStarted",
    "vm-3 set-up not-tried NeverStarted",
  ]);
  state.hasQuorum = true;
  assert.deepEqual(
    said(await pass()),
    [1, 2, 3].map((n) => `vm-${n} set-up done NeverStarted`),
  );
});

test("a locked guest is waited for, and told when the lock stays", async (t) => {
  const scene = await openNodeScene(t);
  const { state, pass, said } = scene;
  makeByHand(scene);
  state.guest(VM).lock = "backup";
  assert.deepEqual(said(await pass()), ["vm-1 wait Locked"]);
  state.advance(61 * MINUTE);
  const later = await pass();
  assert.deepEqual(
    later?.decided.notices.map(({ fact }) => fact),
    ["GuestLocked"],
  );
  state.guest(VM).lock = null;
  assert.deepEqual(said(await pass()), ["vm-1 set-up done NeverStarted"]);
});

test("a token that may not take snapshots says so, and is asked again later", async (t) => {
  const scene = await openNodeScene(t);
  const { state, pass, said, live } = scene;
  makeByHand(scene);
  await pass();
  live();
  for (const paths of state.grants.values()) paths.get(`/vms/${VM}`)?.delete("VM.Snapshot");
  const failed = await pass();
  assert.deepEqual(said(failed), ["vm-1 keep failed SetUpDone"]);
  assert.match(failed?.outcomes[0]?.steps.join() ?? "", /VM\.Snapshot on \/vms\/9101/);
  assert.deepEqual(said(await pass()), ["vm-1 wait BackingOff"]);
});

test("a token that may see nothing leaves everything unknown", async (t) => {
  const scene = await openNodeScene(t);
  makeByHand(scene);
  scene.state.faults.push({ match: /./, kind: "401", left: 100 });
  const pass = await scene.pass();
  assert.deepEqual(scene.said(pass), ["vm-1 unknown NodeUnknown"]);
  assert.equal(pass?.observation.trouble?.kind, "refused");
});

for (const forget of [false, true]) {
  test(`a node that goes down in the middle of a job brings its guest back${forget ? ", tasks forgotten" : ""}`, async (t) => {
    const scene = await openNodeScene(t);
    const { state, pass, said, live, jobs } = scene;
    makeByHand(scene);
    await pass();
    live();
    await pass();
    live();
    state.reboot({ forget });
    assert.deepEqual(said(await pass()), ["vm-1 reset done JobDone"]);
    live();
    assert.deepEqual(jobs, [VM, VM]);
  });
}

test("a node that goes down while it rolls back leaves a lock, and a person is asked", async (t) => {
  const scene = await openNodeScene(t);
  const { state, pass, said } = scene;
  await endFirstJob(scene);
  state.taskMs = 10 * MINUTE;
  await pass("rollback");
  state.reboot();
  assert.deepEqual(said(await pass()), ["vm-1 wait Locked"]);
  state.guest(VM).lock = null;
  state.taskMs = 3000;
  state.advance(10 * MINUTE);
  assert.deepEqual(said(await pass()), ["vm-1 reset done JobDone"]);
});

for (const forget of [false, true]) {
  test(`a node that goes down while a guest sets itself up lets it go on${forget ? ", tasks forgotten" : ""}`, async (t) => {
    const scene = await openNodeScene(t);
    const { state, pass, said, live, jobs } = scene;
    makeByHand(scene);
    await pass();
    assert.deepEqual(said(await pass()), ["vm-1 leave SettingUp"]);
    state.reboot({ forget });
    assert.deepEqual(said(await pass()), ["vm-1 set-up done NeverStarted"]);
    assert.equal(state.guest(VM).snapshots.size, 0, "what is half set up is not kept");
    live();
    assert.deepEqual(said(await pass()), ["vm-1 keep done SetUpDone"]);
    assert.equal(state.guest(VM).snapshots.get(CLEAN_SNAPSHOT)?.disk, "set-up");
    live();
    assert.deepEqual(jobs, [VM]);
  });
}

test("a guest that is set up when its node goes down is started once more, and kept then", async (t) => {
  const scene = await openNodeScene(t);
  const { state, pass, said, live, jobs } = scene;
  makeByHand(scene);
  await pass();
  await pass();
  live();
  state.reboot();
  assert.deepEqual(said(await pass()), ["vm-1 set-up done NeverStarted"]);
  live();
  assert.deepEqual(jobs, []);
  assert.deepEqual(said(await pass()), ["vm-1 keep done SetUpDone"]);
});

test("a backup of a guest that never ran is no first boot", async (t) => {
  const scene = await openNodeScene(t);
  const { state, pass, said, live } = scene;
  makeByHand(scene);
  state.taskMs = 10 * MINUTE;
  state.backUp(VM);
  assert.deepEqual(said(await pass()), ["vm-1 leave SettingUp"]);
  state.advance(11 * MINUTE);
  state.taskMs = 3000;
  assert.deepEqual(said(await pass()), ["vm-1 set-up done NeverStarted"]);
  live();
  await pass();
  assert.equal(state.guest(VM).snapshots.get(CLEAN_SNAPSHOT)?.disk, "set-up");
});

test("a rollback that stops half way is not started from, and is rolled back again", async (t) => {
  const scene = await openNodeScene(t);
  const { state, pass, said, live, jobs } = scene;
  await endFirstJob(scene);
  state.torn = 1;
  assert.deepEqual(said(await pass()), ["vm-1 reset failed JobDone"]);
  state.advance(MINUTE);
  assert.deepEqual(said(await pass()), ["vm-1 wait Locked"]);
  state.guest(VM).lock = null;
  assert.deepEqual(said(await pass()), ["vm-1 reset done JobDone"]);
  live();
  assert.deepEqual(jobs, [VM, VM]);
});

test("the wall clock of a node may step in either direction", async (t) => {
  const scene = await openNodeScene(t);
  const { state, pass, said, live, finishJobs, jobs } = scene;
  await endFirstJob(scene);
  for (const step of [-86_400_000, 2 * 86_400_000]) {
    state.clockAhead += step;
    assert.deepEqual(said(await pass()), ["vm-1 reset done JobDone"]);
    live();
    state.advance(MINUTE);
    finishJobs();
  }
  assert.deepEqual(jobs, [VM, VM, VM]);
});

for (const step of ["before start", "start"]) {
  test(`a crash at ${step} of the first boot loses nothing`, async (t) => {
    const scene = await openNodeScene(t);
    const { pass, live, jobs, state } = scene;
    makeByHand(scene);
    await pass(step);
    for (let round = 0; round < 6; round += 1) {
      state.advance(MINUTE);
      live();
      await pass();
    }
    live();
    assert.deepEqual(jobs, [VM]);
  });
}

for (const step of ["before snapshot", "snapshot", "told", "before start", "start"]) {
  test(`a crash at ${step} when the clean state is kept loses nothing`, async (t) => {
    const scene = await openNodeScene(t);
    const { pass, live, jobs, state } = scene;
    makeByHand(scene);
    await pass();
    live();
    await pass(step);
    for (let round = 0; round < 4; round += 1) {
      state.advance(MINUTE);
      await pass();
      live();
    }
    assert.deepEqual(jobs, [VM]);
    assert.equal(state.guest(VM).snapshots.get(CLEAN_SNAPSHOT)?.disk, "set-up");
  });
}

for (const step of [
  "before destroy",
  "destroy",
  "making",
  "clone",
  "configure",
  "resize",
  "told",
  "before start",
]) {
  test(`a crash at ${step} of a guest that is made anew leaves it ours`, async (t) => {
    const scene = await openNodeScene(t, { reset: "clone" });
    const { pass, live, finishJobs, jobs, state } = scene;
    await pass();
    live();
    finishJobs();
    await pass(step);
    for (let round = 0; round < 4; round += 1) {
      state.advance(MINUTE);
      await pass();
      live();
    }
    assert.equal(jobs.length, 2);
  });
}

test("a watchdog that has forgotten everything starts a guest once more, and keeps it then", async (t) => {
  const scene = await openNodeScene(t);
  const { pass, said, live, forget, jobs } = scene;
  makeByHand(scene);
  await pass();
  live();
  forget();
  assert.deepEqual(said(await pass()), ["vm-1 set-up done NeverStarted"]);
  live();
  assert.deepEqual(jobs, [], "without its node's word it takes no job");
  assert.deepEqual(said(await pass()), ["vm-1 keep done SetUpDone"]);
});

test("a clean state that somebody removed after a job is not taken anew from what the job left", async (t) => {
  const scene = await openNodeScene(t);
  const { state, pass, said } = scene;
  await endFirstJob(scene);
  state.guest(VM).snapshots.clear();
  state.guest(VM).current = null;
  assert.deepEqual(said(await pass()), ["vm-1 wait SnapshotGone"]);
});

test("no more guests are destroyed in one pass than the budget allows", async (t) => {
  const scene = await openNodeScene(t, { reset: "clone", count: 12 });
  const { pass, said, live, finishJobs } = scene;
  await pass();
  live();
  finishJobs();
  const words = said(await pass());
  assert.equal(words.filter((word) => word.includes("remake done")).length, 10);
  assert.equal(words.filter((word) => word.includes("RemovalBudgetSpent")).length, 2);
});
