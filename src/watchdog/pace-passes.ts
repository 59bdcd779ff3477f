// When the daemon looks next. Passes begin on a grid that the first one lays, so that they do not drift; what a long
// pass overran is left out, so that they do not pile up. A wake brings the next one forward, at most once in a while.
// In: monotonic milliseconds. Out: monotonic milliseconds.

/** Between the beginnings of two passes, however much wakes them: as often as `every` may be. */
const WAKE_GAP = 5000;

export interface Pace {
  /** When the first pass began. */
  readonly first: number;
  readonly every: number;
}

/** The first place on the grid after `now`. */
export function nextOnGrid({ first, every }: Pace, now: number): number {
  const passed = Math.max(0, now - first);
  return first + (Math.floor(passed / every) + 1) * every;
}

/** After a wake; never later than the grid has it. */
export function nextAfterWake(pace: Pace, began: number, now: number): number {
  return Math.min(nextOnGrid(pace, now), Math.max(now, began + Math.min(WAKE_GAP, pace.every)));
}

/** A pass saw everything this long ago at most, or the daemon is not well. */
export function healthyFor(every: number): number {
  return Math.max(3 * every, 60_000);
}
