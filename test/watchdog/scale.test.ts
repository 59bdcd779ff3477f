// Which host starts how many slots for which jobs, when nobody sees the others.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Plan } from "../../src/model/plan.ts";
import type { WaitingJob } from "../../src/model/watchdog.ts";
import { coversJob, rankHosts } from "../../src/watchdog/cover-job.ts";
import { shareOf } from "../../src/watchdog/share.ts";
import { makePool } from "../plan/make-fleet.ts";
import { ModelFleet } from "./model-fleet.ts";
import { makePlan, makeRange } from "./model-plan.ts";

const SIX = { ash: "x64", elm: "x64", fir: "x64", oak: "x64", yew: "x64", zelkova: "x64" } as const;

function makeJob(id: number, labels: readonly string[]): WaitingJob {
  return { id, target: "default", repository: "acme/app", labels };
}

async function passAll(fleet: ModelFleet, seconds: number): Promise<void> {
  for (const name of fleet.hosts.keys()) {
    fleet.advance((seconds * 1000) / fleet.hosts.size);
    await fleet.pass(name, { fault: "none", diesAt: null });
  }
}

function countUp(fleet: ModelFleet): number {
  return fleet.slots().filter(({ unit }) => unit !== "inactive").length;
}

test("forty jobs at once on six hosts start about forty runners, not two hundred", async () => {
  const plan = makePlan(SIX, [makePool("ci", { runners: makeRange(0, 240, 40) })]);
  const hub = { lag: 5000, busyLie: 0, gap: 5000, deletesDispatched: true };
  const fleet = new ModelFleet(plan, hub, { startMs: 20_000, endsWhenGone: false, mintDeafUntil: 0 });
  await passAll(fleet, 60);
  for (let each = 0; each < 40; each++) fleet.hub.addJob(["self-hosted", "x64"], 1_200_000);
  let most = 0;
  for (let each = 0; each < 6; each++) {
    await passAll(fleet, 60);
    most = Math.max(most, countUp(fleet));
  }
  assert.ok(most >= 40 && most <= 48, `${most} runners for 40 jobs`);
  assert.ok([...fleet.hub.jobs.values()].every(({ state }) => state === "running"));
});

test("jobs of a host that is gone are started by the next in rank", async () => {
  const plan = makePlan({ ash: "x64", oak: "x64" }, [makePool("ci", { runners: makeRange(0, 16, 8) })]);
  const hub = { lag: 0, busyLie: 0, gap: 5000, deletesDispatched: true };
  const fleet = new ModelFleet(plan, hub, { startMs: 10_000, endsWhenGone: false, mintDeafUntil: 0 });
  fleet.hosts.get("ash")?.crash();
  for (let each = 0; each < 6; each++) fleet.hub.addJob(["self-hosted"], 600_000);
  await passAll(fleet, 10);
  const first = countUp(fleet);
  assert.ok(first > 0 && first < 6, `oak began with its own ${first}`);
  for (let each = 0; each < 3; each++) await passAll(fleet, 60);
  assert.ok([...fleet.hub.jobs.values()].every(({ state }) => state === "running"));
});

test("a slot that was started and does not come counts for a while, and then another host takes over", async () => {
  const plan = makePlan({ ash: "x64", oak: "x64" }, [makePool("ci", { runners: makeRange(0, 2, null) })]);
  const hub = { lag: 0, busyLie: 0, gap: 0, deletesDispatched: true };
  const fleet = new ModelFleet(plan, hub, { startMs: 5000, endsWhenGone: false, mintDeafUntil: 0 });
  const [first] = rankHosts(plan, makeJob(1, ["self-hosted"]), { archFilter: true });
  const slow = fleet.hosts.get(first ?? "");
  if (slow !== undefined) slow.options = { ...slow.options, mintDeafUntil: fleet.hub.now + 10_000_000 };
  fleet.hub.addJob(["self-hosted"], 60_000);
  for (let each = 0; each < 4; each++) await passAll(fleet, 60);
  const [job] = fleet.hub.jobs.values();
  assert.equal(job?.state, "done");
});

test("shares of a pool add up to its max, and hold what always runs", () => {
  const pools = fc.record({
    hosts: fc.integer({ min: 1, max: 5 }),
    min: fc.integer({ min: 0, max: 5 }),
    more: fc.integer({ min: 0, max: 9 }),
    perHost: fc.option(fc.integer({ min: 1, max: 6 })),
  });
  fc.assert(
    fc.property(pools, ({ hosts, min, more, perHost }) => {
      const names = ["ash", "elm", "fir", "oak", "yew"].slice(0, hosts);
      const range = makeRange(min, Math.max(1, min + more), perHost);
      const plan = makePlan(Object.fromEntries(names.map((name) => [name, "x64" as const])), [
        makePool("ci", { runners: range }),
      ]);
      checkShares(plan);
    }),
    { numRuns: 60 },
  );
});

function checkShares(plan: Plan): void {
  const [pool] = plan.pools;
  if (pool?.scaling == null) throw new Error("the pool scales");
  const shares = plan.hosts.map((host) => ({
    share: shareOf(plan, pool, host.name),
    slots: host.placements.flatMap(({ slots }) => slots),
  }));
  const total = shares.reduce((sum, { share }) => sum + share, 0);
  assert.equal(total, Math.min(pool.scaling.max, pool.slots));
  for (const { share, slots } of shares) {
    assert.ok(share <= slots.length && share >= slots.filter(({ always }) => always).length);
  }
}

test("a job goes only to runners that have all of its labels and its architecture", () => {
  const rows: readonly (readonly [readonly string[], string, readonly string[], boolean])[] = [
    [["self-hosted", "linux", "x64"], "x64", ["self-hosted", "x64"], true],
    [["self-hosted", "linux", "x64"], "x64", ["self-hosted", "arm64"], false],
    [["self-hosted", "linux", "arm64"], "arm64", ["linux"], true],
    [["self-hosted", "linux", "x64", "arm64"], "x64", ["arm64"], false],
    [["self-hosted", "linux", "x64", "aarch64"], "x64", ["aarch64"], false],
    [["self-hosted", "linux", "x64"], "x64", ["gpu", "x64"], false],
    [["self-hosted", "linux", "x64"], "x64", [], false],
  ];
  for (const [labels, arch, wanted, covered] of rows) {
    assert.equal(coversJob(labels, arch, makeJob(1, wanted), { archFilter: true }), covered, wanted.join());
  }
  assert.equal(coversJob(["arm64"], "x64", makeJob(1, ["arm64"]), { archFilter: false }), true);
});

test("every host has the same order of hosts for a job, and jobs are spread over them", () => {
  const plan = makePlan(SIX, [makePool("ci", { runners: makeRange(0, 240, 40) })]);
  const firsts = new Map<string, number>();
  for (let id = 1; id <= 600; id++) {
    const ranked = rankHosts(plan, makeJob(id, ["self-hosted"]), { archFilter: true });
    assert.deepEqual([...ranked].sort(), Object.keys(SIX));
    firsts.set(ranked[0] ?? "", (firsts.get(ranked[0] ?? "") ?? 0) + 1);
  }
  for (const [host, count] of firsts) assert.ok(count > 60 && count < 140, `${host} is first for ${count}`);
});
