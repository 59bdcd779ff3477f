// What has to happen to each slot. In: slots as wanted, as recorded, as seen. Out: a verdict for each, with the
// fact that made it. An ordered list of rules: the first that speaks wins.

import type {
  GenerationRecord,
  Installed,
  SlotRecord,
  SlotState,
  UnitState,
  Wanted,
  WantedSlot,
} from "../model/apply.ts";

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
  readonly journalled: SlotRecord | null;
  readonly state: SlotState | null;
  readonly retired: boolean;
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
    journalled: installed.journal?.slots[slot.name] ?? null,
    state: installed.slots.get(slot.name) ?? null,
    retired: installed.drained.get(slot.name) === true,
    ...surroundings,
  };
  for (const rule of RULES) {
    const verdict = rule(at);
    if (verdict !== null) return verdict;
  }
  return { kind: "keep" };
}

const slotBecameAnother: Rule = ({ slot, record, journalled }) => {
  const old = record ?? journalled;
  if (old === null) return null;
  const same = old.run === slot.run && old.lifetime === slot.lifetime && old.target === slot.target;
  return same ? null : { kind: "replace", because: "SlotBecameAnother" };
};

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

/** Between the stop and the start of a restart. */
const runWasCutOff: Rule = (at) =>
  at.slot.always && at.journalled !== null && !isUp(at) ? { kind: "start", because: "RunWasCutOff" } : null;

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
function runningGeneration({ slot, record, journalled, state }: Case): string | null {
  const container = state?.container;
  if (container?.running === true) return container.generation;
  if (record === null) return journalled?.generation ?? null;
  if (journalled !== null && journalled.generation !== record.generation) return null;
  const run = slot.unit === null ? null : (state?.units.get(slot.unit)?.invocation ?? null);
  return record.staleRun !== null && record.staleRun === run ? null : record.generation;
}

export interface RetiringSlot {
  readonly name: string;
  readonly record: SlotRecord;
}

/** Slots that were installed, or begun to be, and are not wanted any more. */
export function listRetiring(wanted: Wanted | null, installed: Installed): readonly RetiringSlot[] {
  const known: GenerationRecord["slots"] = { ...installed.journal?.slots, ...installed.record?.slots };
  const keep = new Map((wanted?.slots ?? []).map((slot) => [slot.name, slot]));
  return Object.entries(known)
    .filter(([name]) => !keep.has(name))
    .map(([name, record]) => ({ name, record }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
