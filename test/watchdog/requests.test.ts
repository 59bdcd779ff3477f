// What a pass asks GitHub, on a real server with the real client: pages, suspects by number, nothing that costs where
// nothing changed, and no conclusion from an answer that is none.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { seen } from "../../src/model/host-observation.ts";
import type { Memory, Observation, PassTime } from "../../src/model/watchdog.ts";
import { decide } from "../../src/watchdog/decide.ts";
import { observe } from "../../src/watchdog/observe.ts";
import { countAllowance, explainSilence, spendAllowance } from "../../src/watchdog/pace-requests.ts";
import type { ObservePorts } from "../../src/watchdog/watch-ports.ts";
import { type GitHubLab, startGitHubLab } from "../adapters/github-lab.ts";
import type { FaultKind } from "../github/state.ts";
import { ModelHost } from "./model-host.ts";
import { Hub } from "./model-hub.ts";
import { SCENE_PLANS } from "./scene-plans.ts";

const PLAN = SCENE_PLANS.two?.();

interface Watched {
  readonly lab: GitHubLab;
  pass(seconds: number, silence?: string): Promise<Observation>;
  memory(): Memory | null;
}

/** A host of the plan where nothing runs. */
async function watch(t: TestContext, name: "forge" | "spark"): Promise<Watched> {
  const host = PLAN?.hosts.find((each) => each.name === name);
  if (PLAN === undefined || host === undefined) throw new Error("the plan has this host");
  const lab = await startGitHubLab(t);
  lab.state.repositories.set("acme/app", { pushedAt: Date.now(), private: true });
  const access = await lab.open({ options: { deadlineMs: 300, attempts: 2 } });
  const hub = new Hub({ lag: 0, busyLie: 0, gap: 0, deletesDispatched: true });
  const model = new ModelHost(host, hub, { startMs: 0, endsWhenGone: false, mintDeafUntil: 0 });
  let memory: Memory | null = null;
  let time: PassTime = { wall: Date.now(), monotonic: 1_000_000, boot: "one" };
  const ports: ObservePorts = {
    time: () => time,
    look: async () => ({
      slots: [...model.slots.values()].map((one) => model.look(one, false, false)),
      foreign: seen([]),
      disks: [],
      unfinished: [],
    }),
    scopes: access.scopes.map(({ api }) => ({ target: "default", api })),
    closed: [],
    demand: new Map([["default", access.demand]]),
    within: (work) => work,
  };
  return {
    lab,
    memory: () => memory,
    pass: async (seconds, silence) => {
      time = { ...time, wall: time.wall + seconds * 1000, monotonic: time.monotonic + seconds * 1000 };
      lab.state.requests.length = 0;
      const observation = await observe({ plan: PLAN, host, memory, silence: silence ?? null }, ports);
      memory = decide({ plan: PLAN, host, observation, memory }).memory;
      return observation;
    },
  };
}

function addGhosts(lab: GitHubLab, count: number): void {
  const labels = ["self-hosted"];
  for (let each = 1; each <= count; each++) {
    const suffix = String(each).padStart(7, "0");
    lab.state.addRunner("orgs/acme", {
      name: `acme-ci-spark-1-${suffix}`,
      labels,
      ephemeral: true,
      groupId: 1,
    });
  }
}

function addStrangers(lab: GitHubLab, count: number): void {
  const given = { labels: ["self-hosted"], ephemeral: false, groupId: 1 };
  for (let each = 1; each <= count; each++)
    lab.state.addRunner("orgs/acme", { name: `other-${each}`, ...given });
}

function countPaths(lab: GitHubLab, pattern: RegExp): number {
  return lab.state.requests.filter(({ path }) => pattern.test(path)).length;
}

test("the deputy reads the list page by page, and a pass without change costs nothing of the limit", async (t) => {
  const { lab, pass } = await watch(t, "forge");
  addStrangers(lab, 240);
  addGhosts(lab, 4);
  const first = await pass(0);
  assert.equal(countPaths(lab, /\/actions\/runners$/), 3);
  assert.equal(countPaths(lab, /\/actions\/runners\/\d+$/), 0);
  assert.equal(first.registrations.length, 4);
  const used = lab.state.rateUsed;
  const second = await pass(60);
  assert.equal(lab.state.rateUsed, used);
  assert.equal(second.requestsCounted, 0);
  assert.deepEqual(second.registrations, first.registrations);
});

test("suspects are asked for by number only when their time is near", async (t) => {
  const { lab, pass, memory } = await watch(t, "forge");
  addGhosts(lab, 3);
  for (let each = 0; each < 160; each++) await pass(each === 0 ? 0 : 540);
  assert.equal(countPaths(lab, /\/actions\/runners\/\d+$/), 0);
  await pass(540);
  const observation = await pass(0);
  assert.equal(countPaths(lab, /\/actions\/runners\/\d+$/), 3);
  assert.ok(observation.registrations.every(({ asked }) => asked.kind === "here"));
  assert.equal(Object.keys(memory()?.marks ?? {}).length, 3);
});

test("a host that is not the deputy and has nothing registered does not read the list", async (t) => {
  const { lab, pass } = await watch(t, "spark");
  addStrangers(lab, 150);
  addGhosts(lab, 2);
  const observation = await pass(0);
  assert.equal(countPaths(lab, /\/actions\/runners/), 1, "the version's end is asked for, and no list");
  assert.deepEqual(observation.registrations, []);
});

test("waiting jobs are found, those that run or wait for an approval are not among them", async (t) => {
  const { lab, pass } = await watch(t, "spark");
  const add = (status: "queued" | "waiting" | "in_progress", labels: readonly string[]) => {
    const job = lab.state.addJob({ repository: "acme/app", name: "build", labels, script: "" });
    job.status = status;
    return job.id;
  };
  const id = add("queued", ["Self-Hosted", "ARM64"]);
  add("waiting", ["self-hosted"]);
  const { demand } = await pass(0);
  const found = demand.get("default");
  assert.deepEqual(found?.known === true ? found.value : found, {
    jobs: [{ id, target: "default", repository: "acme/app", labels: ["self-hosted", "arm64"] }],
    running: [],
    complete: true,
  });
});

const FAULTS: readonly (readonly [FaultKind, string])[] = [
  ["401", "refused"],
  ["403", "refused"],
  ["404", "refused"],
  ["429", "limited"],
  ["502", "unknown"],
  ["hang-body", "unknown"],
  ["truncate", "unknown"],
  ["empty-200", "unknown"],
  ["reset", "unknown"],
];

for (const [fault, kind] of FAULTS) {
  test(`a list that ends in ${fault} tells nothing of any registration`, async (t) => {
    const { lab, pass } = await watch(t, "forge");
    addGhosts(lab, 2);
    await pass(0);
    lab.cache.clear();
    lab.fail(fault, /\/actions\/runners$/);
    const { troubles, registrations } = await pass(60);
    assert.deepEqual([troubles[0]?.kind, registrations], [kind, []]);
  });
}

test("a share that is spent leaves GitHub alone until some of it has come back", async (t) => {
  const { lab, pass, memory } = await watch(t, "forge");
  const first = await pass(0);
  assert.ok(first.requestsSent > 0 && PLAN !== undefined);
  const base = memory();
  if (base === null) throw new Error("a pass leaves a memory");
  const spent = spendAllowance(base, 5, 9);
  const silence = explainSilence(PLAN, countAllowance(PLAN, spent, base.time));
  assert.equal(silence, "this host's share of 1500 requests an hour is spent");
  const { troubles, demand, requestsSent } = await pass(5, silence ?? undefined);
  assert.deepEqual([lab.state.requests.length, requestsSent, troubles[0]?.kind], [0, 0, "limited"]);
  assert.equal(demand.get("default")?.known, false);
  const later = { ...base.time, monotonic: base.time.monotonic + 60_000 };
  assert.equal(explainSilence(PLAN, countAllowance(PLAN, spent, later)), null);
});
