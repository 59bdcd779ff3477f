// What is counted from pass to pass, and what a damaged file of counts is worth.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seen, unseen } from "../../src/model/host-observation.ts";
import type { JobMarker, LastExit } from "../../src/model/slot-state.ts";
import type { Decision, Observation, Outcome, WatchedSlot } from "../../src/model/watchdog.ts";
import { EMPTY_TALLY, readTally, type Tally, writeTally } from "../../src/model/watchdog-tally.ts";
import { BOUNDS, countCrash, countPass } from "../../src/watchdog/count-pass.ts";

const START = Date.parse("2026-11-21T10:00:00Z");
const SLOT = "acme-ci-forge-1";
const pools = new Map([[SLOT, "ci"]]);

interface Given {
  /** Seconds. */
  readonly at?: number;
  readonly job?: Partial<JobMarker> | null | "unseen";
  readonly exit?: Partial<LastExit> | null;
  readonly ids?: readonly number[];
  readonly agent?: number;
  readonly running?: readonly { readonly id: number; readonly slot: string; readonly waitedMs: number }[];
  readonly outcomes?: readonly Outcome[];
  readonly exitCode?: number;
}

function makeSlot({ job = null, exit = null, ids = [], agent }: Given): WatchedSlot {
  const blind = unseen("it was not looked at");
  const names = ids.map((id) => ({ name: `${SLOT}-abcdefg`, url: "https://github.com/acme", id, at: START }));
  const whole = { kind: "whole", agentId: agent ?? 0, agentName: SLOT, gitHubUrl: null } as const;
  const marker = {
    repository: "acme/app",
    runId: "1",
    runAttempt: "1",
    workflow: "ci",
    job: "build",
    startedAt: null,
  };
  const ended = { class: "ended", code: 0, at: null, hadJob: null };
  return {
    slot: SLOT,
    ...{ unit: blind, mintUnit: blind, container: blind, processes: blind, drained: blind, assigned: blind },
    ...{ mint: blind, holder: blind, log: blind, outdated: blind },
    job: job === "unseen" ? blind : seen(job === null ? null : { ...marker, ...job }),
    lastExit: seen(exit === null ? null : { ...ended, ...exit }),
    identity: seen(agent === undefined ? { kind: "none" } : (whole as never)),
    names: seen(names),
  };
}

function count(before: Tally, given: Given = {}): Tally {
  const { at = 0, running = [], outcomes = [], exitCode = 0 } = given;
  const observation: Observation = {
    host: "forge",
    time: { wall: START + at * 1000, monotonic: at * 1000, boot: "one" },
    clockOffset: null,
    slots: [makeSlot(given)],
    registrations: [],
    troubles: [],
    demand: new Map([["default", seen({ jobs: [], running, complete: true })]]),
    listed: new Map(),
    versionEnds: new Map(),
    disks: [],
    unfinished: [],
    guestUnits: [],
    waitsForReboot: false,
    foreign: seen([]),
    requestsLeft: null,
    requestsSent: 5,
    requestsCounted: 2,
  };
  const requests = { sent: 3, counted: 3 };
  return countPass(before, { observation, outcomes, requests, exitCode, pools, webhooks: { woken: 1 } });
}

const passes = (...given: readonly Given[]): Tally => given.reduce(count, EMPTY_TALLY);

test("a job is counted once, and takes from its own start to its runner's end", () => {
  const job = { startedAt: START };
  const tally = passes(
    { at: 1, job },
    { at: 31, job },
    { at: 61, exit: { at: START + 45_000, hadJob: true } },
  );
  assert.deepEqual(tally.jobs, { ci: 1 });
  assert.equal(tally.durations.ci?.sum, 45);
  assert.deepEqual(
    tally.durations.ci?.counts.flatMap((each, at) => (each > 0 ? [BOUNDS[at]] : [])),
    [60],
  );
  assert.deepEqual(tally.running, {});
});

test("the next job on a slot ends the one before, to within a pass", () => {
  const tally = passes(
    { at: 1, job: { runId: "1", startedAt: START } },
    { at: 61, job: { runId: "2", startedAt: START + 50_000 } },
    { at: 121 },
  );
  assert.deepEqual(tally.jobs, { ci: 2 });
  assert.equal(tally.durations.ci?.sum, 61 + 71);
});

test("a job that came and went between two passes is counted by its runner's end, without a duration", () => {
  const tally = passes(
    { at: 0, exit: { at: START - 60_000, hadJob: true } },
    { at: 60, exit: { at: START + 20_000, hadJob: true } },
    { at: 120, exit: { at: START + 20_000, hadJob: true } },
    { at: 180, exit: { at: START + 130_000, hadJob: false } },
  );
  assert.deepEqual(tally.jobs, { ci: 1 });
  assert.deepEqual(tally.durations, {});
});

test("while a slot cannot be seen its job goes on", () => {
  const job = { startedAt: START };
  const tally = passes({ at: 1, job }, { at: 31, job: "unseen" }, { at: 61, job });
  assert.deepEqual([tally.jobs, tally.durations], [{ ci: 1 }, {}]);
});

test("a start that a job made up is none", () => {
  for (const startedAt of [START + 3_600_000, START - 10 * 86_400_000, null]) {
    const tally = passes({ at: 0, job: { startedAt } }, { at: 30 });
    assert.equal(tally.durations.ci?.sum, 30, String(startedAt));
  }
});

test("a wait is counted once, of jobs on this host's slots", () => {
  const mine = { id: 7, slot: SLOT, waitedMs: 4000 };
  const other = { id: 8, slot: "acme-ci-spark-1", waitedMs: 9000 };
  const tally = passes({ running: [mine, other] }, { at: 30, running: [mine] }, { at: 60 });
  assert.equal(tally.waits.ci?.sum, 4);
  assert.deepEqual(tally.waits.ci?.counts.slice(0, 3), [0, 1, 0]);
  assert.deepEqual(tally.counted, []);
});

test("registrations are counted as they come; those of the first look are the base", () => {
  const tally = passes({ ids: [3, 4] }, { at: 30, ids: [4, 5] }, { at: 60, ids: [4, 5], agent: 9 });
  assert.deepEqual(tally.registrations, { ci: 2 });
});

test("actions are counted by what, why and how it went; passes by their code, crashes among them", () => {
  const decision: Decision = {
    subject: { kind: "slot", slot: SLOT, pool: "ci" },
    verdict: "act",
    reason: "DeadSlot",
    evidence: [],
    action: { kind: "start", slot: SLOT, repository: null },
  };
  const outcomes: readonly Outcome[] = [{ decision, result: "done", steps: [] }];
  const tally = countCrash(passes({ outcomes }, { outcomes, exitCode: 77 }));
  assert.deepEqual(tally.actions, { "ci start DeadSlot done": 2 });
  assert.deepEqual(tally.passes, { 0: 1, 77: 1, crashed: 1 });
  assert.deepEqual([tally.requestsCounted, tally.requestsFree, tally.webhooks], [10, 6, { woken: 2 }]);
});

test("counts are read as they were written; anything else is the beginning", () => {
  const tally = passes({ ids: [1], job: { startedAt: START } }, { at: 30, ids: [2] });
  assert.deepEqual(readTally(writeTally(tally), BOUNDS.length), tally);
  for (const text of [null, "", "[]", '{"version":2}', '{"version":1,"jobs":7,"waits":{"ci":{}}}']) {
    assert.deepEqual(readTally(text, BOUNDS.length), EMPTY_TALLY);
  }
  assert.deepEqual(readTally(writeTally(tally), BOUNDS.length + 1).durations, {}, "other bounds");
  fc.assert(
    fc.property(fc.json(), (text) => {
      count(readTally(text, BOUNDS.length), { at: 90, ids: [3] });
    }),
  );
});
