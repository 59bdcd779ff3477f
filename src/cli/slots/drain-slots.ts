// Takes slots out of service without ending a job: a marker first, so that nothing comes back; then what is idle
// is stopped; what has a job, or may have one, is left to end by itself. In: slots and ways to look and to act.
// Out: what became of each.

import { isUp, mayStop } from "../../model/slot-life.ts";
import type { ChosenSlot } from "./choose-slots.ts";
import type { SeenSlot } from "./open-slots.ts";

export interface DrainPorts {
  readonly look: (slots: readonly ChosenSlot[]) => Promise<readonly SeenSlot[]>;
  readonly mark: (slot: string) => void;
  readonly stop: (slots: readonly ChosenSlot[]) => Promise<void>;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Never goes back. */
  readonly monotonic: () => number;
}

export interface DrainOutcome {
  /** By us, or by themselves while we waited. */
  readonly down: readonly string[];
  /** They have a job, or may have one. */
  readonly left: readonly SeenSlot[];
}

export async function drainSlots(slots: readonly ChosenSlot[], ports: DrainPorts): Promise<DrainOutcome> {
  for (const { slot } of slots) ports.mark(slot);
  return stopIdle(slots, ports);
}

/**
 * Two looks, the second right before the stop: a job may come between the first and its evaluation. What comes in
 * the instant after the second is cancelled by the runner, and GitHub gives a job that no runner took to another.
 */
async function stopIdle(slots: readonly ChosenSlot[], ports: DrainPorts): Promise<DrainOutcome> {
  const first = await ports.look(slots);
  const idle = first.filter(({ life }) => mayStop(life.life));
  const second = idle.length === 0 ? [] : await ports.look(idle);
  const stopping = second.filter(({ life }) => mayStop(life.life));
  await ports.stop(stopping);
  const stopped = new Set(stopping.map(({ slot }) => slot));
  const latest = new Map([...first, ...second].map((each) => [each.slot, each]));
  const left = [...latest.values()].filter(({ slot, life }) => !stopped.has(slot) && isUp(life.life));
  const remaining = new Set(left.map(({ slot }) => slot));
  return { down: slots.map(({ slot }) => slot).filter((slot) => !remaining.has(slot)), left };
}

const POLL_MS = 2000;

/**
 * A persistent runner goes on listening after its job, so it is stopped here as soon as it is idle. `onDown` hears
 * of each slot once. Out: those that still run after `timeoutMs` (null: there is no end to waiting).
 */
export async function waitForDrained(
  left: readonly SeenSlot[],
  timeoutMs: number | null,
  ports: DrainPorts,
  onDown: (slot: string) => void,
): Promise<readonly SeenSlot[]> {
  const end = timeoutMs === null ? Number.POSITIVE_INFINITY : ports.monotonic() + timeoutMs;
  let waiting = left;
  while (waiting.length > 0 && ports.monotonic() < end) {
    await ports.sleep(Math.min(POLL_MS, Math.max(0, end - ports.monotonic())));
    const outcome = await stopIdle(waiting, ports);
    for (const slot of outcome.down) onDown(slot);
    waiting = outcome.left;
  }
  return waiting;
}
