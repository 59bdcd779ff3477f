// What of the last pass still holds in this one. Windows are measured on a clock that counts within one boot and
// stands still while the machine sleeps; where that cannot be trusted they begin anew: time lost, never a job. What
// takes a day keeps the time for which it was seen, for few machines are up for that long in one piece.
// In: the memory as stored, this pass's time. Out: the memory to decide with.

import type { Mark, Memory, PassTime, Reason, Retirement } from "../model/watchdog.ts";
import { emptyMemory } from "../model/watchdog-memory.ts";
import type { Windows } from "./windows.ts";

export interface Carried {
  readonly memory: Memory;
  /** Why the windows began anew; null: they did not. */
  readonly broken: string | null;
}

export function carryMemory(before: Memory | null, time: PassTime, windows: Windows): Carried {
  if (before === null) return { memory: emptyMemory(time), broken: "there is no memory of an earlier pass" };
  const broken = findBreak(before.time, time, windows);
  if (broken === null) return { memory: { ...before, time }, broken };
  const retiring: [string, Retirement][] = Object.entries(before.retiring).map(([slot, retirement]) => [
    slot,
    { ...retirement, since: time.monotonic },
  ]);
  const memory = {
    ...emptyMemory(time),
    marks: keepLongMarks(before, time),
    retiring: Object.fromEntries(retiring),
    listed: before.listed,
    allowance: before.allowance,
    lastFine: before.lastFine,
  };
  return { memory, broken };
}

/** Registrations that nothing here uses: nobody can come to use one again behind our back for longer than a pass. */
const LONG: readonly Reason[] = ["Ghost", "GhostOfGoneHost"];

/** As much of each window as was seen before, and nothing of the time that nobody saw. */
function keepLongMarks({ marks, time: last }: Memory, time: PassTime): Memory["marks"] {
  const kept = Object.entries(marks).flatMap(([key, mark]): [string, Mark][] => {
    if (!LONG.includes(mark.reason)) return [];
    const seenFor = Math.max(0, last.monotonic - mark.since);
    return [[key, { ...mark, since: time.monotonic - seenFor }]];
  });
  return Object.fromEntries(kept);
}

function findBreak(before: PassTime, now: PassTime, { gap, jump }: Windows): string | null {
  if (before.boot !== now.boot || now.boot === null) return "the machine was started anew";
  const passed = now.monotonic - before.monotonic;
  if (passed < 0) return "the monotonic clock went back";
  if (passed > gap) return "the last pass was too long ago";
  const drift = now.wall - before.wall - passed;
  return Math.abs(drift) > jump ? "the clock jumped, or the machine slept" : null;
}
