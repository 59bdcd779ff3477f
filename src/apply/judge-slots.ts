// What has to happen to each slot. In: slots as wanted, as recorded, as seen. Out: a verdict for each, with the
// fact that made it. An ordered list of rules: the first that speaks wins.

import type { GenerationRecord, SlotRecord, Wanted, WantedSlot } from "../model/apply.ts";
import type { Installed, SlotState, UnitState } from "../model/apply-state.ts";

export type SlotVerdict =
  | { readonly kind: "start"; readonly because: string }
  | { readonly kind: "restart"; readonly because: string }
  /** It is another runner under the same name: the old one goes, with its folders and its registration. */
  | { readonly kind: "replace"; readonly because: string }
  | { readonly kind: "keep" };

/** One slot with everything that rules look at. */
interface Case {
  readonly slot: WantedSlot;
  readonly record: SlotRecord | null;
  /** What runs that were cut off may have made of it. */
  readonly begun: readonly SlotRecord[];
  readonly state: SlotState | null;
  readonly retired: boolean;
  /** The run before this one did not come to its end. */
  readonly cutOff: boolean;
  readonly configChanges: boolean;
  readonly reloads: boolean;
}

type Rule = (at: Case) => SlotVerdict | null;

export interface Surroundings {
  /** A file of configuration is written in this run. */
  readonly configChanges: boolean;
  /** systemd reads its units again in this run. */
  readonly reloads: boolean;
}

export function judgeSlot(slot: WantedSlot, installed: Installed, surroundings: Surroundings): SlotVerdict {
  const at: Case = {
    slot,
    record: installed.record?.slots[slot.name] ?? null,
    begun: installed.journal?.slots[slot.name] ?? [],
    state: installed.slots.get(slot.name) ?? null,
    retired: installed.drained.get(slot.name) === true,
    cutOff: installed.journal !== null,
    ...surroundings,
  };
  for (const rule of RULES) {
    const verdict = rule(at);
    if (verdict !== null) return verdict;
  }
  return { kind: "keep" };
}

const slotBecameAnother: Rule = ({ slot, record, begun }) =>
  findOther(slot, record, begun) === null ? null : { kind: "replace", because: "SlotBecameAnother" };

/** What else is or may be installed under the slot's name, and cannot become it by a restart. */
export function findOther(
  slot: WantedSlot,
  record: SlotRecord | null,
  begun: readonly SlotRecord[],
): SlotRecord | null {
  const differs = (old: SlotRecord) =>
    old.run !== slot.run || old.lifetime !== slot.lifetime || old.target !== slot.target;
  return begun.findLast(differs) ?? (record !== null && differs(record) ? record : null);
}

const slotRunsOldGeneration: Rule = (at) =>
  isUp(at) && runningGeneration(at) !== at.slot.generation
    ? { kind: "restart", because: "SlotRunsOldGeneration" }
    : null;

const slotLosesItsCards: Rule = (at) =>
  at.reloads && at.slot.losesCards && at.state?.container?.running === true
    ? { kind: "restart", because: "SlotLosesItsCards" }
    : null;

/** What it waits for, back-off and credential among them, it read when it began to wait. */
const slotWaitsWithOldConfiguration: Rule = (at) =>
  at.configChanges && activity(at) === "activating"
    ? { kind: "restart", because: "SlotWaitsWithOldConfiguration" }
    : null;

const slotIsNew: Rule = (at) =>
  at.slot.always && at.record === null && !isUp(at) ? { kind: "start", because: "SlotIsNew" } : null;

const slotComesBack: Rule = (at) =>
  at.slot.always && at.retired && !isUp(at) ? { kind: "start", because: "SlotComesBack" } : null;

/** Between a stop and a start, or while it was being taken down. */
const runWasCutOff: Rule = (at) =>
  at.slot.always && at.cutOff && !isUp(at) ? { kind: "start", because: "RunWasCutOff" } : null;

const slotHasFailed: Rule = (at) =>
  at.slot.always && activity(at) === "failed" ? { kind: "start", because: "SlotHasFailed" } : null;

const RULES: readonly Rule[] = [
  slotBecameAnother,
  slotRunsOldGeneration,
  slotLosesItsCards,
  slotWaitsWithOldConfiguration,
  slotIsNew,
  slotComesBack,
  runWasCutOff,
  slotHasFailed,
];

function isUp(at: Case): boolean {
  const active = activity(at);
  if (active === null) return at.state?.container?.running === true;
  return active === "active" || active === "activating" || active === "unknown";
}

/** null where no systemd supervises it. */
function activity({ slot, state }: Case): UnitState["active"] | null {
  return slot.unit === null ? null : (state?.units.get(slot.unit)?.active ?? "inactive");
}

/**
 * null: unknown, which is not the wanted one. A container says it itself. A process says nothing: it runs what
 * was recorded, unless it is the run that was known to be older, or an apply that was cut off changed its files.
 */
function runningGeneration({ slot, record, begun, state }: Case): string | null {
  const container = state?.container;
  if (container?.running === true) return container.generation;
  const possible = new Set([...begun, ...(record === null ? [] : [record])].map((each) => each.generation));
  const [only] = possible;
  if (possible.size !== 1 || only === undefined) return null;
  if (record === null) return only;
  const run = slot.unit === null ? null : (state?.units.get(slot.unit)?.invocation ?? null);
  return record.staleRun !== null && record.staleRun === run ? null : record.generation;
}

export interface RetiringSlot {
  readonly name: string;
  readonly record: SlotRecord;
}

/** Slots that were installed, or begun to be, and are not wanted any more. */
export function listRetiring(wanted: Wanted | null, installed: Installed): readonly RetiringSlot[] {
  const known = listKnownSlots(installed);
  const keep = new Map((wanted?.slots ?? []).map((slot) => [slot.name, slot]));
  return Object.entries(known)
    .filter(([name]) => !keep.has(name))
    .map(([name, record]) => ({ name, record }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** null: none of its units runs, or it has none. */
export function findRunning(candidates: readonly SlotRecord[], seen: SlotState | null): SlotRecord | null {
  const runs = ({ unit }: SlotRecord) => (seen?.units.get(unit ?? "")?.active ?? "inactive") !== "inactive";
  return candidates.findLast(runs) ?? null;
}

/** What every known slot is; of one that may be several things, what runs of it, or else what was begun last. */
export function listKnownSlots({ record, journal, slots }: Installed): GenerationRecord["slots"] {
  const known: Record<string, SlotRecord> = { ...record?.slots };
  for (const [name, begun] of Object.entries(journal?.slots ?? {})) {
    const before = known[name];
    const candidates = before === undefined ? begun : [before, ...begun];
    const last = findRunning(candidates, slots.get(name) ?? null) ?? candidates.at(-1);
    if (last !== undefined) known[name] = last;
  }
  return known;
}
