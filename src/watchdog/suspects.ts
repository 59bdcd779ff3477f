// Which registrations are asked for by number: those that something may be done about in this pass, and those of
// our records that nothing else speaks of. In: what is known so far, memory. Out: numbers, the most urgent first.

import { findOwnedSlot } from "../model/ownership.ts";
import type { Mark, Memory, SeenRegistration } from "../model/watchdog.ts";
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
  const marks = indexMarks(memory);
  const marked = known.filter((seen) => isRipening(seen, marks, request)).map(({ id }) => id);
  const ours = listHeldByUs(request);
  const slotOf = (name: string) => findOwnedSlot(name, request.owned)?.slot.name ?? "";
  const held = known.filter(({ name }) => ours.has(slotOf(name))).map(({ id }) => id);
  // Without the list nothing else speaks of them; with it, only what is missing there is in doubt.
  const silent = known
    .filter(({ recorded, listed }) => recorded && (!hasList || listed === null))
    .map(({ id }) => id);
  return [...new Set([...givenUp, ...held, ...marked, ...silent])];
}

/** Something has been true of it for about as long as it takes. */
function isRipening(
  { id, name, scope }: SeenRegistration,
  marks: ReadonlyMap<string, readonly (readonly [string, Mark])[]>,
  { windows, owned, now }: ScopeRequest,
): boolean {
  const slot = findOwnedSlot(name, owned)?.slot.name;
  const own = `${name} ${scope} ${id}`;
  return (marks.get(String(id)) ?? []).some(([key, mark]) => {
    if (key !== `${own} ${mark.reason}` && key !== `${slot} ${mark.reason}`) return false;
    return now - mark.since >= shortest(mark.reason, windows) - windows.every;
  });
}

/** By what they are of: there may be thousands of both. */
function indexMarks(memory: Memory | null): ReadonlyMap<string, readonly (readonly [string, Mark])[]> {
  const index = new Map<string, (readonly [string, Mark])[]>();
  for (const entry of Object.entries(memory?.marks ?? {})) {
    const there = index.get(entry[1].of);
    if (there === undefined) index.set(entry[1].of, [entry]);
    else there.push(entry);
  }
  return index;
}

function shortest(reason: string, windows: Windows): number {
  if (reason === "GhostOfGoneHost") return windows.gone;
  return reason === "Ghost" ? windows.offline : 0;
}

function listHeldByUs({ slots }: ScopeRequest): ReadonlySet<string> {
  const held = slots.filter(({ holder }) => holder.known && holder.value === "watchdog");
  return new Set(held.map(({ slot }) => slot));
}
