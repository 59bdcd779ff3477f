// Adds one pass to what was counted before it: passes, actions, registrations, jobs with how long they waited and
// took. Two sources tell of jobs: the markers of the job hooks, and, where the queue is followed, GitHub's list.
// A job that comes and goes between two passes leaves at most the note of how its runner ended.
// In: the tally so far, a pass. Out: the tally.

import { createHash } from "node:crypto";
import type { JobMarker } from "../model/slot-state.ts";
import type { Observation, Outcome, WatchedSlot } from "../model/watchdog.ts";
import type { Counts, Histogram, RunningMark, Tally } from "../model/watchdog-tally.ts";
import type { Acted } from "./act.ts";

/** Seconds; five days is the longest that GitHub lets a job run or wait. */
export const BOUNDS = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400, 432_000] as const;

const LONGEST_MS = 432_000_000;

export interface CountInputs {
  readonly observation: Observation;
  readonly outcomes: readonly Outcome[];
  /** What was asked of GitHub beside the observation. */
  readonly requests: Acted["requests"];
  readonly exitCode: number;
  /** Of this host's slots. */
  readonly pools: ReadonlyMap<string, string>;
  /** Deliveries to the webhook since the pass before. */
  readonly webhooks: Counts;
}

export function countPass(before: Tally, inputs: CountInputs): Tally {
  const { observation, outcomes, exitCode, webhooks, requests } = inputs;
  const sent = observation.requestsSent + requests.sent;
  const counted = observation.requestsCounted + requests.counted;
  const jobs = countJobs(before, inputs);
  const waits = countWaits(before, inputs);
  return {
    version: 1,
    passes: add(before.passes, String(exitCode), 1),
    actions: addAll(before.actions, outcomes.map(nameOutcome)),
    ...countRegistrations(before, inputs),
    ...jobs,
    ...waits,
    requestsCounted: before.requestsCounted + counted,
    requestsFree: before.requestsFree + sent - counted,
    webhooks: Object.entries(webhooks).reduce((all, [key, count]) => add(all, key, count), before.webhooks),
  };
}

/** A pass that did not come to its end. */
export function countCrash(before: Tally): Tally {
  return { ...before, passes: add(before.passes, "crashed", 1) };
}

function nameOutcome({ decision, result }: Outcome): string {
  return [decision.subject.pool, decision.action?.kind ?? "none", decision.reason, result].join(" ");
}

/** The first look at a slot is a base and counts nothing. */
function countRegistrations(
  before: Tally,
  { observation, pools }: CountInputs,
): Pick<Tally, "registrations" | "known"> {
  const known: Record<string, readonly number[]> = {};
  const came: string[] = [];
  for (const seen of observation.slots) {
    const ids = listIds(seen);
    const old = before.known[seen.slot];
    if (ids === null) {
      if (old !== undefined) known[seen.slot] = old;
      continue;
    }
    known[seen.slot] = ids;
    const pool = pools.get(seen.slot);
    if (old === undefined || pool === undefined) continue;
    for (const id of ids) if (!old.includes(id)) came.push(pool);
  }
  return { known, registrations: addAll(before.registrations, came) };
}

/** null: they could not all be seen. */
function listIds({ names, identity }: WatchedSlot): readonly number[] | null {
  if (!names.known || !identity.known) return null;
  const own = identity.value.kind === "whole" ? [identity.value.agentId] : [];
  return [...own, ...names.value.flatMap(({ id }) => id ?? [])];
}

function countJobs(
  before: Tally,
  { observation, pools }: CountInputs,
): Pick<Tally, "jobs" | "durations" | "running" | "ended"> {
  const now = observation.time.wall;
  const running: Record<string, RunningMark> = {};
  const ended: Record<string, number> = {};
  let { jobs, durations } = before;
  for (const seen of observation.slots) {
    const { slot, job, lastExit } = seen;
    const pool = pools.get(slot);
    const old = before.running[slot];
    const oldEnd = before.ended[slot];
    const exit = lastExit.known ? lastExit.value : null;
    const endedAt = exit?.at != null && exit.at <= now ? exit.at : null;
    ended[slot] = endedAt ?? oldEnd ?? 0;
    if (!job.known || pool === undefined) {
      if (old !== undefined) running[slot] = old;
      continue;
    }
    const present = job.value === null ? null : markOf(job.value, now);
    if (present !== null) {
      running[slot] = present.job === old?.job ? old : present;
      if (present.job !== old?.job) jobs = add(jobs, pool, 1);
    }
    if (old !== undefined && present?.job !== old.job) {
      const end = endedAt !== null && endedAt >= old.since ? endedAt : now;
      durations = { ...durations, [pool]: note(durations[pool], (end - old.since) / 1000) };
    } else if (old === undefined && present === null && exit?.hadJob === true && endedAt !== null) {
      if (oldEnd !== undefined && endedAt > oldEnd) jobs = add(jobs, pool, 1);
    }
  }
  return { jobs, durations, running, ended };
}

/** A job may write its own marker: a time that cannot be is taken for none. */
function markOf(marker: JobMarker, now: number): RunningMark {
  const { repository, runId, runAttempt, workflow, job, startedAt } = marker;
  const words = JSON.stringify([repository, runId, runAttempt, workflow, job, startedAt]);
  const isPossible = startedAt !== null && startedAt <= now && startedAt > now - LONGEST_MS;
  return {
    job: createHash("sha256").update(words).digest("hex").slice(0, 16),
    since: isPossible ? startedAt : now,
  };
}

/** By GitHub's clock alone, from the queue to the start; once for each job. */
function countWaits(before: Tally, { observation, pools }: CountInputs): Pick<Tally, "waits" | "counted"> {
  const earlier = new Set(before.counted);
  const counted: number[] = [];
  let { waits } = before;
  for (const demand of observation.demand.values()) {
    // What is not told now may be told again.
    if (!demand.known) {
      counted.push(...before.counted);
      continue;
    }
    for (const { id, slot, waitedMs } of demand.value.running) {
      const pool = pools.get(slot);
      if (pool === undefined) continue;
      counted.push(id);
      if (!earlier.has(id)) waits = { ...waits, [pool]: note(waits[pool], waitedMs / 1000) };
    }
  }
  return { waits, counted: [...new Set(counted)] };
}

function note(before: Histogram | undefined, seconds: number): Histogram {
  const counts = before?.counts ?? Array.from({ length: BOUNDS.length + 1 }, () => 0);
  const found = BOUNDS.findIndex((bound) => seconds <= bound);
  const at = found === -1 ? BOUNDS.length : found;
  return { counts: counts.with(at, (counts[at] ?? 0) + 1), sum: (before?.sum ?? 0) + seconds };
}

function addAll(counts: Counts, keys: readonly string[]): Counts {
  return keys.reduce((all, key) => add(all, key, 1), counts);
}

function add(counts: Counts, key: string, by: number): Counts {
  return { ...counts, [key]: (counts[key] ?? 0) + by };
}
