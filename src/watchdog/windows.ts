// How long a thing has to last before it is acted on. Lengths from outside are GitHub's; the rest is caution.
// In: the plan. Out: milliseconds.

import type { Plan } from "../model/plan.ts";

export interface Windows {
  readonly every: number;
  /** A registration may be offline so long before its runner counts as dead. */
  readonly offline: number;
  /** The same where the runner says that it cannot connect: starting it again seldom helps. */
  readonly offlineConnecting: number;
  /** Of hosts that are gone, and of registrations that we have no record of. */
  readonly gone: number;
  /** Between a registration's end and the stop of its runner. */
  readonly grace: number;
  /** A registration answered "gone" by its number for so long. */
  readonly registrationGone: number;
  /** A drained slot without a job. */
  readonly drained: number;
  /** A sign of a job without the job's process is a leftover after so long. */
  readonly staleSign: number;
  /** A slot that was started counts as one that comes. */
  readonly start: number;
  /** Between ranks of hosts that might start a slot for the same job. */
  readonly rank: number;
  /** A pause between passes that breaks every window. */
  readonly gap: number;
  /** Wall and monotonic clock may differ by so much from pass to pass. */
  readonly jump: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

export function chooseWindows({ watchdog }: Pick<Plan, "watchdog">): Windows {
  const { every, offlineAfter } = watchdog;
  return {
    every,
    offline: offlineAfter,
    offlineConnecting: 3 * offlineAfter,
    gone: DAY,
    // A job that was given to a runner and not taken up within 60 s is queued again (GitHub's docs, "Self-hosted
    // runners reference", on routing).
    grace: 75 * SECOND,
    registrationGone: 75 * SECOND,
    drained: MINUTE,
    staleSign: 15 * MINUTE,
    start: 5 * MINUTE,
    rank: Math.max(every, 30 * SECOND),
    gap: Math.max(10 * MINUTE, 5 * every),
    jump: MINUTE,
  };
}
