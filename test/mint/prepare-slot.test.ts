// One slot's start, prepared on a host in memory: what is done and in which order, what each fault leads to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { prepareSlot } from "../../src/mint/prepare-slot.ts";
import { type GitHubAnswer, NO_META } from "../../src/model/github.ts";
import { fault } from "../../src/model/slot-start.ts";
import { makeWorld, openPorts, runSlot, SLOT, URL, type World } from "./make-start.ts";

const prepare = (world: World, once = false) => prepareSlot(openPorts(world), { once });
const kinds = (world: World) => world.steps.map(({ kind }) => kind);
const names = (world: World) => [...world.registrations.values()].map(({ name }) => name);
const asked = { request: "POST …/generate-jitconfig", meta: NO_META };

const refusal: GitHubAnswer<never> = {
  ...asked,
  kind: "refused",
  status: 403,
  message: "Resource not accessible by personal access token",
  missing: "Self-hosted runners (organization): write",
  help: null,
};
const lost: GitHubAnswer<never> = { ...asked, kind: "unknown", cause: "the connection was reset" };

test("registers last, after the container is there, and hands over one line", async () => {
  const world = makeWorld();
  assert.deepEqual(await prepare(world), { kind: "ready", how: "registered" });
  assert.deepEqual(kinds(world), ["make-folders", "make-hand-over", "make-network", "create-container"]);
  const [name] = names(world);
  assert.match(name ?? "", /^acme-ci-forge-1-[a-z0-9]{7}$/);
  assert.deepEqual([...(world.handed ?? [])], [["jitconfig", `jit-of-${name}\n`]]);
  assert.deepEqual(world.disk.state, {
    state: "ready",
    reason: "registered",
    message: "registered; its runner may start",
    at: world.now,
    nextTryAt: null,
    failures: 0,
  });
});

test("after a job it comes back under a new name, in a new container, without a question more than needed", async () => {
  const world = makeWorld();
  await prepare(world);
  const [first] = names(world);
  runSlot(world);
  world.calls.length = 0;
  assert.equal((await prepare(world)).kind, "ready");
  assert.deepEqual(world.calls, ["createJit"]);
  assert.equal(names(world).length, 1);
  assert.notEqual(names(world)[0], first);
  assert.deepEqual(world.containers, [{ name: SLOT, state: "created", fleet: "acme" }]);
});

test("a container that runs is taken over before anything else is looked at", async () => {
  const world = makeWorld();
  await prepare(world);
  world.containers = [{ name: SLOT, state: "running", fleet: "acme" }];
  world.faults = [fault("disk-full", "it is full")];
  world.calls.length = 0;
  world.steps.length = 0;
  assert.deepEqual(await prepare(world), { kind: "ready", how: "adopted" });
  assert.deepEqual([world.calls, world.steps], [[], []]);
});

test("a container of somebody else's is left alone, and told", async () => {
  const world = makeWorld();
  world.containers = [{ name: SLOT, state: "exited", fleet: null }];
  const prepared = await prepare(world, true);
  assert.equal(prepared.kind === "failed" && prepared.fault.reason, "foreign-container");
  assert.equal(world.containers.length, 1);
});

test("an unfit host registers nothing, says why and tries again until it is fit", async () => {
  const world = makeWorld();
  world.faults = [fault("gpu-silent", "GPU-1 did not answer within 20 s", "Look at dmesg")];
  let seen: unknown = null;
  world.onNap = () => {
    seen ??= world.disk.state;
    if (world.naps.length > 30) world.faults = [];
  };
  assert.equal((await prepare(world)).kind, "ready");
  assert.deepEqual(seen, {
    state: "red",
    reason: "gpu-silent",
    message: "GPU-1 did not answer within 20 s. Look at dmesg",
    at: 1_800_000_000_000,
    nextTryAt: 1_800_000_005_000,
    failures: 1,
  });
  assert.equal(world.calls.filter((call) => call === "createJit").length, 1);
});

test("a slot that is drained while it waits stops waiting", async () => {
  const world = makeWorld();
  world.faults = [fault("disk-full", "it is full")];
  world.onNap = () => {
    world.drained = world.naps.length === 3;
  };
  assert.deepEqual(await prepare(world), { kind: "held", why: "it is drained" });
  assert.deepEqual(world.calls, []);
});

test("a credential that is refused names the missing permission and is tried again ever more rarely", async () => {
  const world = makeWorld();
  world.answers.push(
    ...Array.from({ length: 7 }, () => ({ call: "createJit", answer: refusal, done: false })),
  );
  const start = world.now;
  assert.equal((await prepare(world)).kind, "ready");
  assert.ok(
    world.said[0]?.includes("missing permission: Self-hosted runners (organization): write"),
    world.said[0],
  );
  // 5, 10, 20, 40, 80 s, then the breaker: ten minutes each.
  assert.ok(world.now - start >= 1_355_000, String(world.now - start));
  assert.equal(names(world).length, 1);
});

test("a credential that is not there is looked for every two minutes, for nobody is asked", async () => {
  const world = makeWorld();
  const message = "there is no /etc/ci-fleet/app.pem";
  const answer = { ...refusal, status: null, missing: null, message } as const;
  world.answers.push(...Array.from({ length: 7 }, () => ({ call: "createJit", answer, done: false })));
  const start = world.now;
  assert.equal((await prepare(world)).kind, "ready");
  assert.ok(world.said[0]?.startsWith(`the credential cannot be used: ${message}`), world.said[0]);
  // 5, 10, 20, 40, 80 s, then twice two minutes.
  assert.ok(world.now - start <= 474_000, String(world.now - start));
});

test("once: a refused credential is told apart from a host that is not fit", async () => {
  const world = makeWorld();
  world.answers.push({ call: "createJit", answer: refusal, done: false });
  const refused = await prepare(world, true);
  assert.deepEqual(
    refused.kind === "failed" && [refused.fault.reason, refused.isCredential, refused.isHost],
    ["credential-refused", true, false],
  );
  const unfit = makeWorld();
  unfit.faults = [fault("disk-full", "it is full")];
  const red = await prepare(unfit, true);
  assert.deepEqual(red.kind === "failed" && [red.fault.reason, red.isCredential, red.isHost], [
    "disk-full",
    false,
    true,
  ]);
});

test("a rate limit is waited for as long as GitHub says", async () => {
  const world = makeWorld();
  const retryAt = world.now + 1_500_000;
  const answer: GitHubAnswer<never> = {
    ...asked,
    kind: "limited",
    retryAt,
    message: "API rate limit exceeded",
  };
  world.answers.push({ call: "createJit", answer, done: false });
  await prepare(world);
  assert.ok(world.now >= retryAt);
  assert.equal(world.calls.length, 2);
});

test("an answer that got lost leaves no second registration", async () => {
  const world = makeWorld();
  world.answers.push({ call: "createJit", answer: lost, done: true });
  assert.equal((await prepare(world)).kind, "ready");
  assert.equal(names(world).length, 1);
  assert.equal(world.handed?.get("jitconfig"), `jit-of-${names(world)[0]}\n`);
});

test("a runner that was stopped before its job leaves no registration behind", async () => {
  const world = makeWorld();
  await prepare(world);
  const [first] = names(world);
  runSlot(world, { class: "stopped", code: 143, hadJob: false });
  await prepare(world);
  assert.equal(names(world).length, 1);
  assert.ok(world.said.includes(`took back the registration ${first} of an earlier start`));
});

test("a runner that ends at once again and again is held back, and serves again when a job came", async () => {
  const world = makeWorld();
  const failures: number[] = [];
  for (let round = 0; round < 7; round++) {
    await prepare(world);
    failures.push(world.disk.state?.failures ?? -1);
    runSlot(world, { class: "listener-error", code: 49, hadJob: false, lasted: 2000 });
  }
  assert.deepEqual(failures, [0, 1, 2, 3, 4, 5, 6]);
  const waited = world.naps.reduce((sum, nap) => sum + nap, 0);
  assert.ok(waited > 15 * 60_000, String(waited));
  await prepare(world);
  runSlot(world);
  await prepare(world);
  assert.equal(world.disk.state?.failures, 0);
});

test("a container that dies without a word is held back too, but not after a reboot", async () => {
  const world = makeWorld();
  await prepare(world);
  runSlot(world, { hadJob: false, lasted: 1000 });
  world.lastExit = null;
  await prepare(world);
  assert.equal(world.disk.state?.failures, 1);
  runSlot(world, { hadJob: false, lasted: 1000 });
  world.lastExit = null;
  world.boot = "another";
  world.naps.length = 0;
  await prepare(world);
  assert.deepEqual(world.naps, []);
});

test("a version that GitHub takes no jobs from stops the slot until another version is in force", async () => {
  const world = makeWorld();
  await prepare(world);
  runSlot(world, { class: "version-deprecated", code: 43, hadJob: false });
  world.calls.length = 0;
  let seen: unknown = null;
  world.onNap = () => {
    seen ??= world.disk.state;
    if (world.naps.length !== 200) return;
    const { plan } = world.place;
    world.place = { ...world.place, plan: { ...plan, runner: { ...plan.runner, version: "2.400.0" } } };
  };
  assert.equal((await prepare(world)).kind, "ready");
  assert.equal(world.calls.filter((call) => call === "createJit").length, 1);
  assert.equal((seen as { state: string }).state, "stopped");
  assert.equal((seen as { nextTryAt: unknown }).nextTryAt, null);
});

test("a clock that is too far off is this host's fault, and what was registered is taken back", async () => {
  const world = makeWorld();
  world.offset = 400_000;
  const prepared = await prepare(world, true);
  assert.deepEqual(prepared.kind === "failed" && [prepared.fault.reason, prepared.isHost], [
    "clock-skew",
    true,
  ]);
  assert.deepEqual(names(world), []);
  assert.deepEqual([...(world.handed ?? [])], []);
});

test("a persistent slot with its registration asks GitHub nothing", async () => {
  const world = makeWorld({ lifetime: "persistent" });
  world.identity = { kind: "whole", agentId: 7, agentName: SLOT, gitHubUrl: URL, ephemeral: false };
  assert.deepEqual(await prepare(world), { kind: "ready", how: "kept-registration" });
  assert.deepEqual([world.calls, [...(world.handed ?? [])]], [[], []]);
});

test("a persistent slot without one gets a token; one that is suspect is looked up, twice", async () => {
  const world = makeWorld({ lifetime: "persistent" });
  assert.equal((await prepare(world)).kind, "ready");
  assert.deepEqual([...(world.handed ?? [])], [["token", "AAAATOKEN\n"]]);
  world.identity = { kind: "whole", agentId: 7, agentName: SLOT, gitHubUrl: URL, ephemeral: false };
  world.suspect = true;
  runSlot(world, { class: "registration-deleted", code: 41, hadJob: false, lasted: 90_000 });
  world.calls.length = 0;
  await prepare(world);
  assert.deepEqual([world.calls, [...(world.handed ?? [])]], [["getRunner"], []]);
  runSlot(world, { class: "registration-deleted", code: 41, hadJob: false, lasted: 90_000 });
  await prepare(world);
  assert.deepEqual(world.calls, ["getRunner", "getRunner", "createRegistrationToken"]);
  assert.deepEqual([...(world.handed ?? [])], [["token", "AAAATOKEN\n"]]);
});

test("of a personal account the assigned repository is served, and only one that the spec names", async () => {
  const target = {
    ...makeWorld().place.target,
    url: "https://github.com/alice",
    scope: { kind: "repositories", owner: "alice", repos: ["app", "lib"] } as const,
  };
  const world = makeWorld({}, { targets: [target] });
  world.place = { ...world.place, target };
  assert.deepEqual(await prepare(world), { kind: "held", why: "no repository is assigned to it" });
  world.assigned = "alice/evil";
  assert.equal((await prepare(world)).kind, "held");
  world.assigned = "Alice/lib";
  assert.equal((await prepare(world)).kind, "ready");
  const persistent = makeWorld({ lifetime: "persistent" }, { targets: [target] });
  persistent.place = { ...persistent.place, target };
  persistent.assigned = "alice/app";
  await prepare(persistent);
  assert.equal(persistent.handed?.get("url"), "https://github.com/alice/app\n");
});

test("a process slot starts with empty folders, and never under a runner that is at work", async () => {
  const change = { run: "process", image: null, uid: null, user: "ci-fleet", work: "same-as-host" } as const;
  const world = makeWorld(change);
  world.unit = "running";
  assert.deepEqual(await prepare(world), { kind: "ready", how: "adopted" });
  for (const [unit, reason] of [
    ["stopping", "unit-stopping"],
    ["unknown", "systemd-silent"],
  ] as const) {
    world.unit = unit;
    const prepared = await prepare(world, true);
    assert.equal(prepared.kind === "failed" && prepared.fault.reason, reason);
  }
  assert.deepEqual(world.steps, []);
  world.unit = "down";
  assert.equal((await prepare(world, true)).kind, "ready");
  assert.deepEqual(kinds(world), ["throw-away", "make-folders", "make-hand-over"]);
  const state = "/var/lib/ci-fleet/acme/acme-ci-forge-1";
  assert.deepEqual(world.steps[0], {
    kind: "throw-away",
    folders: [`${state}/home`, `${state}/work`, `${state}/root`],
  });
});

test("a persistent slot keeps its folders, and what jobs left there as root is given back", async () => {
  const world = makeWorld({ lifetime: "persistent", docker: "socket", work: "same-as-host" });
  await prepare(world);
  const state = "/var/lib/ci-fleet/acme/acme-ci-forge-1";
  assert.deepEqual(
    world.steps.find(({ kind }) => kind === "repair"),
    { kind: "repair", folders: [`${state}/work`, `${state}/root`] },
  );
  assert.ok(!kinds(world).includes("throw-away") && !kinds(world).includes("make-network"));
});

test("an engine of a slot's own is made, started, and removed together with it", async () => {
  const world = makeWorld({ docker: "dind", work: "same-as-host" });
  world.containers = [
    { name: SLOT, state: "exited", fleet: "acme" },
    { name: `${SLOT}-dind`, state: "running", fleet: "acme" },
  ];
  await prepare(world);
  assert.deepEqual(kinds(world), [
    "remove-containers",
    "throw-away",
    "make-folders",
    "make-hand-over",
    "make-network",
    "create-container",
    "start-sidecar",
  ]);
  assert.deepEqual(world.steps[0], { kind: "remove-containers", names: [SLOT, `${SLOT}-dind`] });
});
