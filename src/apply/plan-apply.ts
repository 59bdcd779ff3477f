// From what should be on a host and what is there to the steps between, in an order in which a kill at any
// moment leaves something that the next run finishes. In: wanted (null: nothing), installed. Out: a plan.

import type { ApplyPlan, Step, Wanted } from "../model/apply.ts";
import type { Installed } from "../model/apply-state.ts";
import { checkGround, listWarnings } from "./check-ground.ts";
import { composeJournal, composeSharedBefore } from "./conclude.ts";
import { type Desk, openDesk, step } from "./desk.ts";
import { parentOf } from "./places.ts";
import { keepRetiringDown, listChanges } from "./steps-change.ts";
import { beginJournal, listPreparations } from "./steps-prepare.ts";
import { listLastFolders, listRemovals } from "./steps-removal.ts";

export interface PlannedApply extends ApplyPlan {
  readonly desk: Desk;
  /** Index of the first step that changes what is in force. */
  readonly firstChange: number;
}

export interface ApplyOptions {
  /** Drop what was edited by hand in files of ours. */
  readonly force: boolean;
}

export function planApply(
  wanted: Wanted | null,
  installed: Installed,
  { force }: ApplyOptions,
): PlannedApply {
  const desk = openDesk(wanted, installed, force);
  const ready = wanted === null ? [] : listPreparations(desk, wanted);
  const change =
    wanted === null ? listTakingDown(desk) : [...listChanges(desk, wanted), ...listRemovals(desk)];
  const isDone = ready.length + change.length === 0 && !recordsDiffer(desk);
  const before = [...beginJournal(desk), ...ready];
  return {
    wanted,
    refusals: [...checkGround(wanted, installed), ...desk.changes.refusals],
    warnings: listWarnings(wanted, installed),
    steps: isDone ? listRemains(desk) : [...before, ...change, ...endJournal(desk)],
    firstChange: isDone ? 0 : before.length,
    waits: listWaits(desk),
    gate: desk.gate,
    journal: composeJournal(desk),
    sharedBefore: composeSharedBefore(desk),
    desk,
  };
}

function listTakingDown(desk: Desk): readonly Step[] {
  return [...keepRetiringDown(desk), ...listRemovals(desk)];
}

/** Nothing to do but, after a removal that was cut off behind its last record, empty folders. */
function listRemains(desk: Desk): readonly Step[] {
  const { places, installed, wanted } = desk;
  const remains = [places.config, parentOf(places.config)].some((path) => {
    const there = installed.folders.get(path);
    return there?.kind === "folder" && there.isEmpty;
  });
  return wanted === null && remains ? listLastFolders(desk) : [];
}

/** Nothing to do on the host, but what is written down is not what is so. */
function recordsDiffer({ wanted, installed }: Desk): boolean {
  const { record, journal } = installed;
  if (journal !== null || installed.hasPending) return true;
  if (wanted === null) return record !== null;
  return (
    record === null ||
    record.generation !== wanted.generation ||
    record.ciFleetVersion !== wanted.ciFleetVersion ||
    wanted.slots.some((slot) => record.slots[slot.name]?.generation !== slot.generation)
  );
}

function endJournal(desk: Desk): readonly Step[] {
  const record = (what: "pending" | "generation" | "shared" | "end") =>
    step({ kind: "record", what }, "WhatIsInForce");
  return [
    step({ kind: "sync" }, "WhatIsInForce"),
    ...[record("pending"), record("generation"), record("shared"), record("end")],
    ...(desk.wanted === null ? listLastFolders(desk) : []),
  ];
}

function listWaits(desk: Desk): PlannedApply["waits"] {
  const waits = new Map<string, { action: "restart" | "remove" | "reload"; unit: string | null }>();
  for (const slot of desk.wanted?.slots ?? []) {
    const verdict = desk.verdicts.get(slot.name)?.kind;
    if (verdict === "restart" || verdict === "replace") {
      waits.set(slot.name, { action: "restart", unit: slot.unit });
    }
  }
  for (const { name, record } of desk.retiring) waits.set(name, { action: "remove", unit: record.unit });
  for (const name of desk.gate) {
    waits.set(name, { action: "reload", unit: waits.get(name)?.unit ?? null });
  }
  for (const { disturbs, unit } of desk.wanted?.upkeep ?? []) {
    for (const name of disturbs) if (!waits.has(name)) waits.set(name, { action: "restart", unit });
  }
  return waits;
}
