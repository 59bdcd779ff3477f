// When a slot may try to start again. systemd restarts a second after every end, so the brake is here: a broken
// host must not swallow the queue, and a loop of registrations uses up what GitHub allows (1,500 in five
// minutes for the whole organization). Pure functions over a small record that `mint --prepare` keeps beside
// the slot. In: the record, what happened, the time. Out: the next record, or whether to go on.

import type { LastRun, MayStart, Setback, SetbackReason, SlotSetbacks } from "../model/slot-setbacks.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** 5, 10, 20, 40, 80 s (what actions-runner-controller does), then the breaker opens. */
const FIRST_PAUSE = 5 * SECOND;
const BREAKER_AFTER = 5;
/** With the breaker open one try in a while finds out whether the world is well again. */
const OPEN_PAUSE: Readonly<Record<Exclude<SetbackReason, "version-deprecated">, number>> = {
  // Looking at the own host costs nobody anything.
  "preflight-red": 2 * MINUTE,
  "registration-failed": 10 * MINUTE,
  "ended-at-once": 15 * MINUTE,
};
const LONGEST_PAUSE = 60 * MINUTE;
/** A runner that ended sooner without a job did not serve. */
export const SHORT_RUN_MS = MINUTE;

/** `random`: 0 to below 1; pauses differ by a fifth, so that slots of one host do not come at once. */
export function noteSetback(
  before: SlotSetbacks | null,
  setback: Setback,
  now: number,
  random: number,
): SlotSetbacks {
  const { reason, detail, runnerVersion, retryAt } = setback;
  const failures = Math.min((before?.failures ?? 0) + 1, 1000);
  const pause = pauseAfter(reason, failures) * (0.8 + 0.4 * random);
  const nextAt = Math.min(Math.max(now + pause, retryAt ?? 0), now + LONGEST_PAUSE);
  return { version: 1, reason, detail, failures, lastAt: now, nextAt, runnerVersion };
}

function pauseAfter(reason: SetbackReason, failures: number): number {
  if (reason === "version-deprecated") return LONGEST_PAUSE;
  return failures > BREAKER_AFTER ? OPEN_PAUSE[reason] : FIRST_PAUSE * 2 ** (failures - 1);
}

export function mayStart(setbacks: SlotSetbacks | null, now: number, runnerVersion: string): MayStart {
  if (setbacks === null) return { kind: "go" };
  const { reason, detail, failures, lastAt, nextAt } = setbacks;
  if (reason === "version-deprecated") {
    if (setbacks.runnerVersion !== runnerVersion) return { kind: "go" };
    const why = `GitHub takes no jobs from runner ${runnerVersion}: run \`ci-fleet bump\`, render and apply`;
    return { kind: "stop", why };
  }
  // The clock was set back: what was written then says nothing about now.
  if (now < lastAt - MINUTE) return { kind: "go" };
  if (now >= nextAt) return { kind: "go" };
  const until = Math.min(nextAt, now + LONGEST_PAUSE);
  const times = failures === 1 ? "once" : `${failures} times in a row`;
  return { kind: "wait", until, open: failures > BREAKER_AFTER, why: `${reason} ${times}: ${detail}` };
}

/**
 * What the last run of a slot means for the next: null where it served, else the setback. An unknown run is
 * none: a machine that lost its power must not wait for it.
 */
export function judgeLastRun(run: LastRun, runnerVersion: string): Setback | null {
  const setback = (reason: SetbackReason, detail: string): Setback => ({
    reason,
    detail,
    runnerVersion,
    retryAt: null,
  });
  if (run.exitClass === "version-deprecated") return setback("version-deprecated", run.detail);
  if (run.hadJob !== false || run.startedAt === null || run.endedAt === null) return null;
  if (run.exitClass === "stopped") return null;
  const lasted = run.endedAt - run.startedAt;
  if (lasted < 0 || lasted >= SHORT_RUN_MS) return null;
  const how = run.exitClass === null ? "" : ` (${run.exitClass})`;
  return setback(
    "ended-at-once",
    `the runner ended after ${Math.round(lasted / SECOND)} s without a job${how}`,
  );
}

/** The record as it was stored; null for anything else, which costs a start and nothing more. */
export function readSetbacks(text: string | null): SlotSetbacks | null {
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as Partial<Record<keyof SlotSetbacks, unknown>> | null;
    if (typeof value !== "object" || value === null || value.version !== 1) return null;
    const { reason, detail, failures, lastAt, nextAt, runnerVersion } = value;
    if (!isReason(reason) || typeof detail !== "string" || typeof runnerVersion !== "string") return null;
    if (!isTime(failures) || !isTime(lastAt) || !isTime(nextAt)) return null;
    return { version: 1, reason, detail, failures, lastAt, nextAt, runnerVersion };
  } catch {
    return null;
  }
}

function isReason(value: unknown): value is SetbackReason {
  return value === "version-deprecated" || (typeof value === "string" && Object.hasOwn(OPEN_PAUSE, value));
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
