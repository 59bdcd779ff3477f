// `ci-fleet start <slot|pool|host>`: starts slots of this host. In: a word. Out: what was started; exit 1 where one
// could not be: drained, or not installed.

import { startSlots } from "../../adapters/control-slots.ts";
import { isUp } from "../../model/slot-life.ts";
import type { Command } from "../command.ts";
import { FINE, FOUND } from "../exit-codes.ts";
import { openSlots, type SeenSlot } from "../slots/open-slots.ts";

export const run: Command = async (call) => {
  const { terminal } = call;
  const opened = openSlots(call);
  if (opened === null) return FOUND;
  const seen = await opened.look(opened.chosen);
  const refused = seen.flatMap((slot) => explainRefusal(slot) ?? []);
  const held = new Set(refused.map(({ slot }) => slot));
  const wanted = seen.filter(({ slot }) => !held.has(slot));
  const down = wanted.filter(({ life }) => !isUp(life.life));
  await startSlots(opened.control, down);
  for (const slot of wanted) terminal.out(`${down.includes(slot) ? "started " : "runs    "} ${slot.slot}\n`);
  for (const { slot, why } of refused) terminal.err(`${slot} ${why}\n`);
  if (down.length > 0) terminal.err("`ci-fleet status` shows how far they are\n");
  return refused.length > 0 ? FOUND : FINE;
};

function explainRefusal({
  slot,
  seen,
  life,
}: SeenSlot): { readonly slot: string; readonly why: string } | null {
  if (seen.drained.known && seen.drained.value) {
    return { slot, why: `is drained: \`ci-fleet drain --undo ${slot}\` brings it back` };
  }
  return life.life === "absent" ? { slot, why: "is not installed here: `sudo ci-fleet apply`" } : null;
}
