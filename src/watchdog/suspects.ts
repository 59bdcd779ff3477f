// Which registrations are asked for by number: those that something may be done about in this pass, and those of
// our records that nothing else speaks of. In: what is known so far, memory. Out: numbers, the most urgent first.

import { findOwnedSlot } from "../model/ownership.ts";
import type { SeenRegistration } from "../model/watchdog.ts";
import type { ScopeRequest } from "./ask-scope.ts";
import type { Windows } from "./windows.ts";

export function listSuspects(
  known: readonly SeenRegistration[],
  hasList: boolean,
  url: string,
  request: ScopeRequest,
): readonly number[] {
  const { memory } = request;
  const givenUp = Object.values(memory?.retiring ?? {}).flatMap(({ registration }) =>
    registration?.scope === url ? [registration.id] : [],
  );
  const marked = known.filter((seen) => isRipening(seen, request)).map(({ id }) => id);
  const held = known.filter((seen) => isHeldByUs(seen, request)).map(({ id }) => id);
  // Without the list nothing else speaks of them; with it, only what is missing there is in doubt.
  const silent = known
    .filter(({ recorded, listed }) => recorded && (!hasList || listed === null))
    .map(({ id }) => id);
  return [...new Set([...givenUp, ...held, ...marked, ...silent])];
}

/** Something has been true of it for about as long as it takes. */
function isRipening(
  { id, name, scope }: SeenRegistration,
  { memory, windows, owned, now }: ScopeRequest,
): boolean {
  const slot = findOwnedSlot(name, owned)?.slot.name;
  const own = `${name} ${scope} ${id}`;
  return Object.entries(memory?.marks ?? {}).some(([key, mark]) => {
    if (mark.of !== String(id)) return false;
    if (key !== `${own} ${mark.reason}` && key !== `${slot} ${mark.reason}`) return false;
    return now - mark.since >= shortest(mark.reason, windows) - windows.every;
  });
}

function shortest(reason: string, windows: Windows): number {
  if (reason === "GhostOfGoneHost") return windows.gone;
  return reason === "Ghost" ? windows.offline : 0;
}

function isHeldByUs({ name }: SeenRegistration, { slots, owned }: ScopeRequest): boolean {
  const slot = findOwnedSlot(name, owned)?.slot.name;
  const holder = slots.find((each) => each.slot === slot)?.holder;
  return holder?.known === true && holder.value === "watchdog";
}
