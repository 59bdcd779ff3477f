// What the last look refuses, right before something is taken away, though it was decided: each by its own evidence.

import assert from "node:assert/strict";
import { test } from "node:test";
import { seen } from "../../src/model/host-observation.ts";
import { listOwnedSlots } from "../../src/model/ownership.ts";
import type { Action, Decision, RegistrationRef, WatchedSlot } from "../../src/model/watchdog.ts";
import { emptyMemory } from "../../src/model/watchdog-memory.ts";
import { act } from "../../src/watchdog/act.ts";
import { chooseWindows } from "../../src/watchdog/windows.ts";
import { openModelScope } from "./model-api.ts";
import { ModelHost, SCOPE } from "./model-host.ts";
import { Hub } from "./model-hub.ts";
import { makeSmallPlan } from "./model-plan.ts";

const PLAN = makeSmallPlan();
const SLOT = "acme-ci-forge-1";
const WORKER = {
  pid: 9,
  kind: "worker",
  uid: 1001,
  owner: { kind: "container", id: SLOT },
  folder: null,
} as const;

/** One idle slot whose registration is to be taken away; `late` is what only the last look finds. */
async function playLate(kind: "retire" | "stop" | "delete" | "admit", late: (world: World) => void) {
  const hub = new Hub({ lag: 0, busyLie: 0, gap: 0, deletesDispatched: true });
  const host = PLAN.hosts[0];
  if (host === undefined) throw new Error("the plan has a host");
  const at = new ModelHost(host, hub, { startMs: 0, endsWhenGone: false, mintDeafUntil: 0 });
  hub.now += 10_000;
  at.tick();
  hub.now += 10_000;
  at.tick();
  const one = at.slots.get(SLOT);
  const runner = hub.runners.get(one?.runner ?? 0);
  if (one === undefined || runner === undefined) throw new Error("the slot is registered");
  const world: World = { hub, runner, change: (seen) => seen };
  const registration: RegistrationRef = { target: "default", scope: SCOPE, id: runner.id, name: runner.name };
  if (kind === "delete") at.stop(one);
  late(world);
  const retirement = {
    phase: "deregister",
    reason: "IdleBeyondMin",
    registration,
    since: 0,
    next: "stay-down",
  } as const;
  const action: Action =
    kind === "delete"
      ? { kind, slot: SLOT, registration }
      : kind === "admit"
        ? { kind, slot: SLOT, scope: SCOPE }
        : { kind, slot: SLOT, retirement };
  const subject = { kind: "slot", slot: SLOT, pool: "ci" } as const;
  const decision: Decision = {
    subject,
    verdict: "act",
    reason: "IdleBeyondMin",
    evidence: ["it is idle"],
    action,
  };
  const time = { wall: hub.now, monotonic: hub.now, boot: "one" };
  const done: string[] = [];
  const note = (what: string) => async (): Promise<void> => void done.push(what);
  const { outcomes } = await act(
    {
      host: "forge",
      decisions: [decision],
      memory: emptyMemory(time),
      owned: listOwnedSlots(PLAN),
      windows: chooseWindows(PLAN),
    },
    {
      time: () => time,
      lookAt: async () => world.change(at.look(one, false, false)),
      scope: () =>
        openModelScope({ hub, calls: { count: 0 }, advance: () => {}, sneak: () => {} }, "none", () =>
          done.push("delete"),
        ),
      ...{ start: note("start"), stop: note("stop"), hold: note("hold"), letGo: note("let go") },
      ...{ assign: note("assign"), admit: note("admit"), forget: note("forget"), save: note("save") },
      rest: async () => undefined,
      stopping: () => null,
      pass: () => {},
    },
  );
  return { result: outcomes[0]?.result, why: outcomes[0]?.steps.join("; "), done };
}

interface World {
  readonly hub: Hub;
  readonly runner: { name: string; online: boolean; job: number | null; readonly past: unknown[] };
  change: (seen: WatchedSlot) => WatchedSlot;
}

const hasWorker = (world: World): void => {
  world.change = (slot) => ({ ...slot, processes: seen([WORKER]) });
};
const hasMarker = (world: World): void => {
  const job = {
    repository: "acme/app",
    runId: "1",
    runAttempt: "1",
    workflow: "CI",
    job: "b",
    startedAt: null,
  };
  world.change = (slot) => ({ ...slot, job: seen(job) });
};
const isHidden = (world: World): void => {
  world.change = (slot) => ({ ...slot, processes: { known: false, why: "the engine does not answer" } });
};

test("nothing of a job at the last look: the way down is gone", async () => {
  const { result, done } = await playLate("retire", () => {});
  assert.deepEqual([result, done], ["done", ["save", "hold", "delete", "save", "save"]]);
});

for (const [what, late, why] of [
  ["a worker", hasWorker, /Runner\.Worker/],
  ["a job's marker", hasMarker, /marker/],
  ["processes that cannot be seen", isHidden, /engine does not answer/],
] as const) {
  test(`${what} at the last look leaves the registration and the runner as they are`, async () => {
    for (const kind of ["retire", "stop"] as const) {
      const { result, why: said, done } = await playLate(kind, late);
      assert.equal(result, "dropped", kind);
      assert.match(said ?? "", why);
      assert.ok(!done.includes("delete") && !done.includes("stop"), `${kind}: ${done}`);
    }
  });
}

test("GitHub saying at the last look that it has a job lets the slot go again", async () => {
  const { result, why, done } = await playLate("retire", ({ hub, runner }) => {
    runner.job = 1;
    runner.past.push({ at: hub.now, online: true, busy: true });
  });
  assert.deepEqual([result, done.includes("delete"), done.includes("let go")], ["dropped", false, true]);
  assert.match(why ?? "", /GitHub says that it has a job/);
});

test("a ghost that came online, got another name or is in use again is not deleted", async () => {
  const online = await playLate(
    "delete",
    ({ hub, runner }) => void runner.past.push({ at: hub.now, online: true, busy: false }),
  );
  assert.match(online.why ?? "", /online now/);
  const renamed = await playLate("delete", ({ hub, runner }) => {
    const id = [...hub.runners.values()].find((each) => each === runner)?.id ?? 0;
    const other = hub.register("acme-ci-forge-1-zzzzzzz", [], true);
    if (other !== "taken") hub.runners.set(id, other);
  });
  assert.match(renamed.why ?? "", /is called acme-ci-forge-1-zzzzzzz/);
  const used = await playLate("delete", (world) => {
    world.change = (slot) => ({ ...slot, processes: seen([{ ...WORKER, kind: "listener" }]) });
  });
  assert.match(used.why ?? "", /may be using it/);
  for (const { result, done } of [online, renamed, used])
    assert.deepEqual([result, done.includes("delete")], ["dropped", false]);
});

test("a token goes to a slot that waits for one, and to none that has a registration or a listener", async () => {
  const waiting = await playLate("admit", (world) => {
    world.change = (slot) => ({ ...slot, processes: seen([]), names: seen([]) });
  });
  assert.deepEqual([waiting.result, waiting.done], ["done", ["save", "admit", "save"]]);
  for (const change of [{ processes: seen([]) }, { names: seen([]) }]) {
    const { result, done } = await playLate("admit", (world) => {
      world.change = (slot) => ({ ...slot, ...change });
    });
    assert.deepEqual([result, done], ["dropped", ["save"]]);
  }
});
