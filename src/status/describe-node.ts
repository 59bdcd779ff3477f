// The guests of a Proxmox node: what is planned and what is there, and which card each has. In: the plan of the host,
// one look at it. Out: rows, and lines of a page.

import { layHanging } from "../base/page-layout.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import type { Health } from "./explain-slot.ts";
import type { NodeStatus } from "./facts.ts";
import { BELOW_ROW, layMarkedRows, MARKS } from "./lay-marked-rows.ts";

export interface GuestRow {
  readonly vmId: number;
  readonly name: string;
  readonly state: "running" | "stopped" | "missing" | "unknown";
  readonly lock: string | null;
  /** Addresses, or the mapping out of which Proxmox chooses one. */
  readonly cards: readonly string[];
  readonly isPlanned: boolean;
  /** Why the plan does not have it started; null: it does. */
  readonly held: string | null;
}

/** Those of the plan in its order, then those that left it. */
export function listGuests({ hypervisor, vfio }: PlannedHost, { seen }: NodeStatus): readonly GuestRow[] {
  if (hypervisor === null) return [];
  const there = seen.guests.known ? seen.guests.value : [];
  const nameCard = (card: string, holds: readonly string[]): string => {
    const mapping = hypervisor.mappings.find(({ id }) => id === card);
    const paths = mapping === undefined ? [card] : mapping.entries.map(({ path }) => path);
    const held = paths.filter((path) => holds.some((address) => address.startsWith(path)));
    const [only, ...more] = held.length > 0 ? held : paths;
    if (only === undefined || more.length > 0) return `one of ${card}`;
    const model = vfio?.cards.find(({ address }) => address === only)?.name ?? null;
    return model === null ? only : `${only} ${model}`;
  };
  const planned = hypervisor.guests.map(({ vmId, name, mark, card, held }): GuestRow => {
    const found = there.find((guest) => guest.vmId === vmId && guest.mark === mark);
    const absent = seen.guests.known ? ("missing" as const) : ("unknown" as const);
    const cards = found?.cards ?? (card === null ? [] : [card.mapping]);
    return {
      ...{ vmId, name, held, isPlanned: true, lock: found?.lock ?? null },
      cards: cards.map((each) => nameCard(each, found?.holds ?? [])),
      state: found === undefined ? absent : found.running ? "running" : "stopped",
    };
  });
  const ours = new Set(hypervisor.guests.map(({ vmId, mark }) => `${vmId} ${mark}`));
  const left = there
    .filter(({ vmId, mark }) => !ours.has(`${vmId} ${mark}`))
    .map(({ vmId, name, running, lock, cards, holds }): GuestRow => {
      const state = running ? "running" : "stopped";
      const named = cards.map((each) => nameCard(each, holds));
      return { vmId, name, state, lock, cards: named, isPlanned: false, held: null };
    });
  return [...planned, ...left];
}

/** A guest that stands still may wait for its watchdog, or was stopped by a person. */
function differs({ state, isPlanned, held }: Pick<GuestRow, "state" | "isPlanned" | "held">): boolean {
  return !isPlanned || (state === "missing" && held === null);
}

/** None, where nobody could look. */
export function hasOddGuest(plan: Plan, node: NodeStatus | null): boolean {
  const host = plan.hosts.find(({ name }) => name === node?.host);
  return node !== null && host !== undefined && listGuests(host, node).some(differs);
}

const WORDS: Readonly<Record<GuestRow["state"], string>> = {
  running: "running",
  stopped: "stopped",
  missing: "not made",
  unknown: "not known",
};

export function layNode(
  host: PlannedHost,
  node: NodeStatus,
  paint: (health: Health, mark: string) => string,
): readonly string[] {
  const { seen } = node;
  const rows = listGuests(host, node).map((row) => ({
    mark: markRow(row, paint),
    cells: [`${row.vmId} ${row.name}`, WORDS[row.state], row.cards.join(" and ") || "–"],
    below: explainRow(row).flatMap((text) => layHanging(BELOW_ROW, text)),
  }));
  return [
    ...layMarkedRows(["guest", "here", "card"], rows),
    ...(seen.guests.known ? [] : layHanging("  guests: ", `not known: ${seen.guests.why}`)),
    ...(seen.waitsForReboot ? layHanging("  reboot: ", "what changed for cards waits for it") : []),
  ];
}

function markRow(
  { state, isPlanned, held }: GuestRow,
  paint: (health: Health, mark: string) => string,
): string {
  if (state === "unknown") return paint("unknown", MARKS.unknown);
  if (differs({ state, isPlanned, held })) return paint("differs", MARKS.differs);
  return state === "running" ? paint("ok", MARKS.ok) : paint("waits", MARKS.waits);
}

function explainRow({ state, isPlanned, held, lock, vmId }: GuestRow): readonly string[] {
  const left = `not in the plan any more: \`qm destroy ${vmId} --purge\` when nobody needs it`;
  return [
    ...(isPlanned ? [] : [left]),
    ...(isPlanned && state === "missing" ? ["`ci-fleet apply` makes it"] : []),
    ...(held === null ? [] : [`held: ${held}`]),
    ...(lock === null ? [] : [`locked: ${lock}`]),
  ];
}
