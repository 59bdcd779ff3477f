// What the records say: before the steps, all that may come to be; after them, what came of it. In: the desk and
// what happened. Out: records. They are as true after a run that left slots alone as after one that finished.

import { isDeepStrictEqual } from "node:util";
import type {
  ApplyJournal,
  GenerationRecord,
  PendingRecord,
  PendingSlot,
  SharedRecord,
  SlotRecord,
  Step,
  WantedSlot,
} from "../model/apply.ts";
import type { SlotState } from "../model/apply-state.ts";
import { RUNNER_HOME } from "../model/slot-folders.ts";
import type { Desk } from "./desk.ts";
import { findOther, findRunning, listKnownSlots } from "./judge-slots.ts";
import { hashText } from "./read-generations.ts";
import { NOTHING_SHARED } from "./records.ts";
import { listStaleUpkeep } from "./steps-removal.ts";

export interface Outcome {
  /** Slots that turned out to have a job, as they were seen then. */
  readonly left: ReadonlyMap<string, SlotState>;
  /** Steps that were left undone, or failed where that was tolerable. */
  readonly undone: ReadonlySet<Step>;
  /** Registrations that could not be taken away: slot → why. */
  readonly ghosts: ReadonlyMap<string, string>;
}

export function composeJournal({ wanted, installed, changes }: Desk): ApplyJournal {
  const { journal, record, engine } = installed;
  const files: Record<string, readonly string[]> = { ...journal?.files };
  for (const { file } of changes.writes) {
    files[file.path] = [...new Set([...(files[file.path] ?? []), hashText(file.content)])];
  }
  const made = (wanted?.images ?? []).filter(({ reference }) => engine?.images.has(reference) !== true);
  const network = wanted?.network ?? null;
  const makesNetwork = network !== null && engine?.networks.has(network) !== true;
  return {
    version: 1,
    files,
    slots: listBegun(wanted?.slots ?? [], journal),
    upkeep: [...new Set([...(journal?.upkeep ?? []), ...(wanted?.upkeep ?? []).map(({ unit }) => unit)])],
    network: makesNetwork ? network : (journal?.network ?? record?.network ?? null),
    images: [...new Set([...(journal?.images ?? []), ...made.map(({ reference }) => reference)])],
  };
}

function listBegun(slots: readonly WantedSlot[], journal: ApplyJournal | null): ApplyJournal["slots"] {
  const begun: Record<string, readonly SlotRecord[]> = { ...journal?.slots };
  for (const [name, record] of slots.map(recordSlot)) {
    const before = begun[name] ?? [];
    begun[name] = [...before.filter((other) => !isDeepStrictEqual(other, record)), record];
  }
  return begun;
}

function recordSlot(slot: WantedSlot): [string, SlotRecord] {
  const { pool, target, run, lifetime, unit, generation, image, runnerVersion, docker, losesCards } = slot;
  return [
    slot.name,
    {
      ...{ pool, target, run, lifetime, unit, generation, image, runnerVersion, docker, losesCards },
      staleRun: null,
    },
  ];
}

/** Before the first of these is made; what is only tried is claimed too. */
export function composeSharedBefore({ wanted, installed }: Desk): SharedRecord {
  const { shared, program, account, folders, runnerVersions } = installed;
  if (wanted === null) return shared;
  const copies =
    wanted.supervision === "systemd" &&
    wanted.program !== null &&
    !(program.kind === "file" && program.sha256 === wanted.program.sha256);
  const usesHome = wanted.folders.some(({ path }) => path === RUNNER_HOME);
  const version = wanted.runnerVersion;
  return {
    version: 1,
    account: shared.account || (wanted.account !== null && account === null),
    subordinates: shared.subordinates || wanted.account?.subordinates === true,
    programs: copies ? [...new Set([...shared.programs, wanted.program?.sha256 ?? ""])] : shared.programs,
    home: shared.home || (usesHome && (folders.get(RUNNER_HOME)?.kind ?? "absent") === "absent"),
    runners:
      version === null || runnerVersions.has(version)
        ? shared.runners
        : [...new Set([...shared.runners, version])].sort(),
  };
}

export function composeSharedAfter(desk: Desk, steps: readonly Step[], { undone }: Outcome): SharedRecord {
  const before = composeSharedBefore(desk);
  const done = steps.filter((step) => !undone.has(step));
  const removed = new Set(
    done.filter(({ because }) => because === "RunnerIsNotWanted").map(({ action }) => lastWord(action)),
  );
  const copied = done.find(({ action }) => action.kind === "copy-program");
  const program = desk.wanted?.program ?? null;
  // Claimed by a run that was cut off before, one need not be there.
  const isThere = (version: string) =>
    version === desk.wanted?.runnerVersion || desk.installed.runnerVersions.has(version);
  const runners = before.runners.filter(
    (version) => isThere(version) && !removed.has(`${desk.places.runner}/${version}`),
  );
  const programs = copied !== undefined && program !== null ? [program.sha256] : before.programs;
  if (desk.wanted !== null || desk.installed.others.length > 0) return { ...before, runners, programs };
  const isOver = !steps.some((step) => step.because === "NobodyUsesIt" && undone.has(step));
  return isOver ? { ...NOTHING_SHARED, runners } : { ...before, runners };
}

function lastWord(action: Step["action"]): string {
  return action.kind === "run" ? (action.argv.at(-1) ?? "") : "";
}

/** null: nothing of the fleet is left here. */
export function composeGeneration(
  desk: Desk,
  steps: readonly Step[],
  outcome: Outcome,
): GenerationRecord | null {
  const { wanted, installed, places, gate } = desk;
  const { record: old } = installed;
  const { left, undone } = outcome;
  const images = listImages(desk, steps, undone);
  const ghosts = listGhosts(desk, outcome);
  const network = keepNetwork(desk, steps, undone);
  if (wanted !== null && gate.some((slot) => left.has(slot))) {
    // Nothing was put in force.
    return old === null ? null : { ...old, images, ghosts, network };
  }
  const known = listKnownSlots(installed);
  const slots: Record<string, SlotRecord> = {};
  for (const slot of wanted?.slots ?? [])
    slots[slot.name] = settleSlot(desk, slot, left.get(slot.name) ?? null);
  for (const { name } of desk.retiring) {
    const record = known[name];
    if (left.has(name) && record !== undefined) slots[name] = record;
  }
  const basis = wanted ?? old;
  if (basis === null || (wanted === null && Object.keys(slots).length === 0)) return null;
  return {
    version: 1,
    fleet: basis.fleet,
    host: basis.host,
    flavour: places.flavour,
    supervision: basis.supervision,
    ciFleetVersion: basis.ciFleetVersion,
    generation: basis.generation,
    files: listFiles(desk, steps, undone),
    slots,
    upkeep: listUpkeep(desk, steps, undone),
    // Not started yet, it is new to the next apply as well.
    target: steps.some((step) => step.because === "TargetIsNew" && undone.has(step)) ? null : basis.target,
    network,
    images,
    ghosts,
  };
}

/** One that was left alone keeps what tells the next apply that it has something to do. */
function settleSlot(desk: Desk, slot: WantedSlot, seen: SlotState | null): SlotRecord {
  const [, record] = recordSlot(slot);
  const before = desk.installed.record?.slots[slot.name] ?? null;
  const begun = desk.installed.journal?.slots[slot.name] ?? [];
  const old = findOther(slot, before, begun) ?? before ?? begun.at(-1);
  const verdict = desk.verdicts.get(slot.name)?.kind;
  if (seen === null || old === undefined) return record;
  // Of several that runs which were cut off may have made, the one that has the job is to be taken down.
  if (verdict === "replace") return findRunning(before === null ? begun : [before, ...begun], seen) ?? old;
  if (verdict !== "restart" || slot.run === "container") return record;
  const run = slot.unit === null ? null : (seen.units.get(slot.unit)?.invocation ?? null);
  return run === null ? old : { ...record, staleRun: run };
}

function listFiles({ wanted, installed, changes }: Desk, steps: readonly Step[], undone: ReadonlySet<Step>) {
  const files: Record<string, string> = {};
  for (const { path, content } of wanted?.files ?? []) files[path] = hashText(content);
  const kept = new Set(
    steps.flatMap((step) =>
      undone.has(step) && step.action.kind === "remove-file" ? [step.action.path] : [],
    ),
  );
  for (const path of changes.removals) {
    const state = installed.files.get(path);
    if (kept.has(path) && state?.kind === "file") files[path] = state.sha256;
  }
  return files;
}

function listUpkeep(
  desk: Desk,
  steps: readonly Step[],
  undone: ReadonlySet<Step>,
): Readonly<Record<string, string>> {
  const before = desk.installed.record?.upkeep ?? {};
  const notDone = (because: string) =>
    new Set(
      steps.flatMap((step) => (undone.has(step) && step.because === because ? [lastWord(step.action)] : [])),
    );
  const notRestarted = notDone("UnitChanges");
  const notStopped = notDone("UnitIsNotWanted");
  const upkeep: Record<string, string> = {};
  for (const { unit, generation } of desk.wanted?.upkeep ?? []) {
    upkeep[unit] = notRestarted.has(unit) ? (before[unit] ?? "") : generation;
  }
  for (const unit of listStaleUpkeep(desk)) {
    if (notStopped.has(unit) && desk.disturbed.length > 0) upkeep[unit] = before[unit] ?? "";
  }
  return upkeep;
}

function listImages({ installed, wanted }: Desk, steps: readonly Step[], undone: ReadonlySet<Step>) {
  const { record, engine } = installed;
  const removed = new Set(
    steps
      .filter((step) => step.because === "ImageIsNotWanted" && !undone.has(step))
      .map(({ action }) => lastWord(action)),
  );
  const claimed = new Set([...(record?.images ?? []), ...(installed.journal?.images ?? [])]);
  const made = (wanted?.images ?? [])
    .map(({ reference }) => reference)
    .filter((reference) => {
      return claimed.has(reference) || engine?.images.has(reference) !== true;
    });
  const stale = [...claimed].filter((image) => engine?.images.has(image) === true && !removed.has(image));
  return [...new Set([...made, ...stale])].sort();
}

/** One that somebody removed meanwhile is nobody's any more. */
function keepNetwork(desk: Desk, steps: readonly Step[], undone: ReadonlySet<Step>): string | null {
  const { engine } = desk.installed;
  const claimed = composeJournal(desk).network;
  const removal = steps.find(({ because }) => because === "NetworkIsNotWanted");
  if (claimed === null || (removal !== undefined && !undone.has(removal))) return null;
  return claimed === desk.wanted?.network || engine?.networks.has(claimed) === true ? claimed : null;
}

function listGhosts({ installed, wanted, retiring }: Desk, { ghosts, left }: Outcome) {
  const kept: Record<string, string> = {};
  const names = new Set((wanted?.slots ?? []).map(({ name }) => name));
  const targets = { ...installed.record?.ghosts };
  for (const { name, record } of retiring) targets[name] = record.target;
  for (const name of ghosts.keys()) {
    const target = targets[name];
    if (target !== undefined && !names.has(name) && !left.has(name)) kept[name] = target;
  }
  return kept;
}

export function composePending(
  waits: ReadonlyMap<string, { readonly action: PendingSlot["action"]; readonly unit: string | null }>,
  { left, ghosts }: Outcome,
): PendingRecord {
  const waiting = [...left].flatMap(([slot, { why }]): readonly PendingSlot[] => {
    const wait = waits.get(slot);
    return wait === undefined ? [] : [{ slot, unit: wait.unit, action: wait.action, why }];
  });
  const chased = [...ghosts].map(([slot, why]) => ({ slot, unit: null, action: "deregister" as const, why }));
  return { version: 1, slots: [...waiting, ...chased].sort((a, b) => (a.slot < b.slot ? -1 : 1)) };
}
