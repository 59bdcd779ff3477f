// What the watchdog has counted since it began, for metrics: a file beside its memory, read as a stranger's text.
// Losing it sets counters back to zero, which Prometheus expects of counters, and changes no decision.
// In: a text. Out: a record, empty where the text is anything else.

import { asObject, parseObject, readEach } from "../base/read-json.ts";

export const TALLY_FILE = "watchdog.counts.json";

/** How many fell into each bucket, not cumulative; one more than there are bounds, for all above. */
export interface Histogram {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** A job as its marker tells of it; the texts in a marker are a stranger's, so only their hash is kept. */
export interface RunningMark {
  readonly job: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export type Counts = Readonly<Record<string, number>>;

export interface Tally {
  readonly version: 1;
  /** By exit code. */
  readonly passes: Counts;
  /** By `pool action reason result`, none of which has a space. */
  readonly actions: Counts;
  /** By pool. */
  readonly registrations: Counts;
  /** By pool. */
  readonly jobs: Counts;
  /** By pool, seconds. */
  readonly durations: Readonly<Record<string, Histogram>>;
  /** By pool, seconds. */
  readonly waits: Readonly<Record<string, Histogram>>;
  readonly requestsCounted: number;
  readonly requestsFree: number;
  /** What came to the daemon's webhook, by what became of it. */
  readonly webhooks: Counts;
  /** Registrations that each slot was seen to have. */
  readonly known: Readonly<Record<string, readonly number[]>>;
  /** The job that each slot was seen to have. */
  readonly running: Readonly<Record<string, RunningMark>>;
  /** When each slot's runner was seen to have ended last. */
  readonly ended: Counts;
  /** Jobs in progress whose wait is counted. */
  readonly counted: readonly number[];
}

export const EMPTY_TALLY: Tally = {
  version: 1,
  passes: {},
  actions: {},
  registrations: {},
  jobs: {},
  durations: {},
  waits: {},
  requestsCounted: 0,
  requestsFree: 0,
  webhooks: {},
  known: {},
  running: {},
  ended: {},
  counted: [],
};

export function writeTally(tally: Tally): string {
  return `${JSON.stringify(tally)}\n`;
}

/** `bounds`: of histograms; one with other bounds is begun anew. */
export function readTally(text: string | null, bounds: number): Tally {
  const value = text === null ? null : parseObject(text);
  if (value?.version !== 1) return EMPTY_TALLY;
  const histogram = (entry: unknown) => readHistogram(entry, bounds);
  return {
    version: 1,
    passes: readEach(value.passes, readCount),
    actions: readEach(value.actions, readCount),
    registrations: readEach(value.registrations, readCount),
    jobs: readEach(value.jobs, readCount),
    durations: readEach(value.durations, histogram),
    waits: readEach(value.waits, histogram),
    requestsCounted: readCount(value.requestsCounted) ?? 0,
    requestsFree: readCount(value.requestsFree) ?? 0,
    webhooks: readEach(value.webhooks, readCount),
    known: readEach(value.known, readNumbers),
    running: readEach(value.running, readMark),
    ended: readEach(value.ended, readCount),
    counted: readNumbers(value.counted) ?? [],
  };
}

function readCount(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

function readNumbers(value: unknown): readonly number[] | null {
  if (!Array.isArray(value)) return null;
  return value.filter((each): each is number => readCount(each) !== null);
}

function readHistogram(value: unknown, bounds: number): Histogram | null {
  const { counts, sum } = asObject(value) ?? {};
  const read = readNumbers(counts);
  if (read === null || read.length !== bounds + 1 || readCount(sum) === null) return null;
  return { counts: read, sum: sum as number };
}

function readMark(value: unknown): RunningMark | null {
  const { job, since } = asObject(value) ?? {};
  return typeof job === "string" && readCount(since) !== null ? { job, since: since as number } : null;
}
