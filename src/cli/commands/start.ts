// `ci-fleet start <slot|pool|host>`: starts slots of this host; one that waits for its next try makes it now. In: a
// word. Out: what was started; exit 1 where one could not be: drained, or not installed.

import { retrySlots, startSlots } from "../../adapters/control-slots.ts";
import { isUp } from "../../model/slot-life.ts";
import type { Command } from "../command.ts";
import { FINE, FOUND } from "../exit-codes.ts";
import { openSlots, type SeenSlot } from "../slots/open-slots.ts";

const SOON_MS = 10_000;

export const run: Command = async (call) => {
  const { terminal } = call;
  const opened = openSlots(call);
  if (opened === null) return FOUND;
  const seen = await opened.look(opened.chosen);
  const refused = seen.flatMap((slot) => explainRefusal(slot) ?? []);
  const held = new Set(refused.map(({ slot }) => slot));
  const wanted = seen.filter(({ slot }) => !held.has(slot));
  const down = wanted.filter(({ life }) => !isUp(life.life));
  const waiting = opened.at.host.supervision === "systemd" ? wanted.filter(isWaiting) : [];
  await startSlots(opened.control, down);
  await retrySlots(opened.control, waiting);
  for (const slot of wanted) {
    const what = down.includes(slot) ? "started " : waiting.includes(slot) ? "retried " : "runs    ";
    terminal.out(`${what} ${slot.slot}\n`);
  }
  for (const { slot, why } of refused) terminal.err(`${slot} ${why}\n`);
  if (down.length + waiting.length > 0) terminal.err("`ci-fleet status` shows how far they are\n");
  return refused.length > 0 ? FOUND : FINE;
};

/** Asleep until its next try: a person who has mended something need not wait as long. */
function isWaiting({ seen: { mint }, life }: SeenSlot): boolean {
  if (life.life !== "starting" || !mint.known || mint.value === null) return false;
  const { state, nextTryAt } = mint.value;
  if (state !== "waiting" && state !== "red") return false;
  // One that is about to try might come to a job before it is started anew.
  return nextTryAt !== null && nextTryAt - Date.now() > SOON_MS;
}

function explainRefusal({
  slot,
  seen,
  life,
}: SeenSlot): { readonly slot: string; readonly why: string } | null {
  if (seen.holder.known && seen.holder.value === "watchdog") {
    return { slot, why: "is being taken down by the watchdog, which lets it go again by itself" };
  }
  if (seen.drained.known && seen.drained.value) {
    return { slot, why: `is drained: \`ci-fleet drain --undo ${slot}\` brings it back` };
  }
  return life.life === "absent" ? { slot, why: "is not installed here: `sudo ci-fleet apply`" } : null;
}
