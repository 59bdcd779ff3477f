// How the last start of a slot went, from what it left behind. In: the journal, the small files of the slot, the
// time. Out: the facts that back-off judges by. What a job could write there can only make a slot try sooner.

import type { MintJournal } from "../model/mint-journal.ts";
import type { LastRun } from "../model/slot-setbacks.ts";
import type { RunTraces } from "../model/slot-start.ts";

const NOTHING_KNOWN: LastRun = {
  startedAt: null,
  endedAt: null,
  hadJob: null,
  exitClass: null,
  detail: "",
};

export function traceLastRun(started: MintJournal["started"], traces: RunTraces, now: number): LastRun {
  if (started === null || !traces.hasFolder) return NOTHING_KNOWN;
  if (started.boot !== null && started.boot !== traces.boot) return NOTHING_KNOWN;
  const { lastExit } = traces;
  const detail = lastExit === null ? "the runner left no word" : `the runner ended: ${lastExit.class}`;
  const run = { startedAt: started.at, detail };
  if (traces.hasJobMarker) return { ...run, endedAt: now, hadJob: true, exitClass: lastExit?.class ?? null };
  // A container that dies at once, again and again, says nothing at all: each time a registration is spent.
  if (lastExit === null) return { ...run, endedAt: now, hadJob: false, exitClass: null };
  const endedAt = lastExit.at ?? now;
  const hadJob = lastExit.hadJob ?? (lastExit.class === "ended" ? null : false);
  // Seconds are cut off there: a run never ends before it starts.
  return { ...run, endedAt: Math.max(endedAt, started.at), hadJob, exitClass: lastExit.class };
}

/** It came to a job, or stayed long enough: earlier failures are over. */
export function hasServed(run: LastRun, shortRunMs: number): boolean {
  if (run.startedAt === null || run.endedAt === null) return false;
  return run.hadJob === true || run.endedAt - run.startedAt >= shortRunMs;
}
