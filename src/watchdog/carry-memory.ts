// What of the last pass still holds in this one. Windows are measured on a clock that counts within one boot and
// stands still while the machine sleeps; where that cannot be trusted they begin anew: time lost, never a job.
// In: the memory as stored, this pass's time. Out: the memory to decide with.

import type { Memory, PassTime, Retirement } from "../model/watchdog.ts";
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
    retiring: Object.fromEntries(retiring),
    listed: before.listed,
    allowance: before.allowance,
    lastFine: before.lastFine,
  };
  return { memory, broken };
}

function findBreak(before: PassTime, now: PassTime, { gap, jump }: Windows): string | null {
  if (before.boot !== now.boot || now.boot === null) return "the machine was started anew";
  const passed = now.monotonic - before.monotonic;
  if (passed < 0) return "the monotonic clock went back";
  if (passed > gap) return "the last pass was too long ago";
  const drift = now.wall - before.wall - passed;
  return Math.abs(drift) > jump ? "the clock jumped, or the machine slept" : null;
}
