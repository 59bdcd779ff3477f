// How soon a slot that was started may be started again. `mint` has a back-off of its own for what goes wrong in a
// start; this one is for starts that do not even come there. In: a slot's case. Out: yes or no.

import type { Started } from "../model/watchdog.ts";
import type { SlotCase } from "./slot-case.ts";

const SECOND = 1000;
const PAUSES = [20, 40, 80, 160, 320, 600].map((seconds) => seconds * SECOND);

export function pauseAfterStart({ times }: Started): number {
  return PAUSES[Math.min(times, PAUSES.length) - 1] ?? 0;
}

export function mayStartNow({ started, now }: Pick<SlotCase, "started" | "now">): boolean {
  return started === null || now - started.at >= pauseAfterStart(started);
}
