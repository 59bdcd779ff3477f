// The guests that a machine runs by itself, and whether it waits for a reboot. In: the plan of the host, one look at it.
// Out: rows, and lines of a page.

import { layHanging } from "../base/page-layout.ts";
import {
  findFailure,
  type GuestUnitState,
  judgeGuestUnit,
  lacksSetUp,
  listLostFiles,
  type SeenGuestUnit,
} from "../model/guest-units.ts";
import { valueOrNull } from "../model/host-observation.ts";
import type { KvmGuest } from "../model/kvm-plan.ts";
import type { PlannedHost } from "../model/plan.ts";
import type { Health } from "./explain-slot.ts";
import type { MachineStatus } from "./facts.ts";
import { BELOW_ROW, layMarkedRows, MARKS } from "./lay-marked-rows.ts";

export interface GuestUnitRow {
  readonly name: string;
  readonly unit: string;
  readonly state: GuestUnitState;
  readonly health: Health;
  readonly lifetime: KvmGuest["lifetime"];
  /** Address of its card; null: it has none. */
  readonly card: string | null;
  /** null: not known; `setUp` of a persistent guest too, which has no such disk. */
  readonly disk: boolean | null;
  readonly seed: boolean | null;
  readonly setUp: boolean | null;
  /** It runs with what is rendered now; null: it does not run, or not known. */
  readonly current: boolean | null;
  /** Sentences, each about one thing. */
  readonly notes: readonly string[];
}

export function listGuestUnits({ kvm }: PlannedHost, { guests }: MachineStatus): readonly GuestUnitRow[] {
  return (kvm?.guests ?? []).flatMap((guest) => {
    const seen = guests.find(({ name }) => name === guest.name);
    if (seen === undefined) return [];
    const state = judgeGuestUnit(seen);
    return [
      {
        ...{ name: guest.name, unit: guest.unit, state, lifetime: guest.lifetime },
        health: judgeHealth(seen),
        card: guest.card?.functions[0]?.address ?? null,
        disk: valueOrNull(seen.hasDisk),
        seed: valueOrNull(seen.hasSeed),
        setUp: seen.isSetUp === null ? null : valueOrNull(seen.isSetUp),
        current: state === "running" ? valueOrNull(seen.isCurrent) : null,
        notes: explain(guest, seen, state),
      },
    ];
  });
}

/** A guest that stands still was stopped by a person, or is not started by itself. */
function judgeHealth(seen: SeenGuestUnit): Health {
  const state = judgeGuestUnit(seen);
  if (state === "missing" || findFailure(seen) !== null || listLostFiles(seen).length > 0) return "differs";
  if (state === "unknown") return "unknown";
  return state === "running" ? "ok" : "waits";
}

/** None, where nobody could look. */
export function hasOddGuestUnit(machine: MachineStatus | null): boolean {
  return machine?.guests.some((guest) => judgeHealth(guest) === "differs") === true;
}

function explain(
  { unit, lifetime }: KvmGuest,
  seen: SeenGuestUnit,
  state: GuestUnitState,
): readonly string[] {
  const failure = findFailure(seen);
  const first = valueOrNull(seen.hasDisk) === false && lifetime === "persistent";
  const isNew = lacksSetUp(seen);
  const isRunning = state === "running";
  return [
    ...(state === "missing" ? ["`ci-fleet apply` installs it"] : []),
    ...(seen.unit.known ? [] : [`not known: ${seen.unit.why}`]),
    ...(failure === null ? [] : [`it ended badly (${failure}): \`journalctl --unit ${unit}\``]),
    ...(state === "stopped" ? [`\`systemctl start ${unit}\` starts it`] : []),
    ...(listLostFiles(seen).length > 0 ? ["its disk or its seed is gone, while it runs"] : []),
    ...(first && !isRunning && state !== "missing" ? ["no disk yet: its first start makes one"] : []),
    ...(isNew && isRunning ? ["sets itself up, and waits for its credential: no job before"] : []),
    ...(isNew && !isRunning && state !== "missing" ? ["not set up yet: its first boot does that"] : []),
    ...(isRunning && valueOrNull(seen.isCurrent) === false
      ? ["runs with other settings than are rendered now: once applied, they take effect at its next start"]
      : []),
  ];
}

const WORDS: Readonly<Record<GuestUnitState, string>> = {
  running: "running",
  starting: "starting",
  waiting: "waiting",
  stopping: "stopping",
  stopped: "stopped",
  failed: "failed",
  missing: "not installed",
  unknown: "not known",
};
const HEAD = ["guest", "here", "lifetime", "card"];

/** Nothing, where it has no guests and waits for nothing. */
export function layMachine(
  host: PlannedHost,
  machine: MachineStatus,
  paint: (health: Health, mark: string) => string,
): readonly string[] {
  const rows = listGuestUnits(host, machine).map(({ name, state, lifetime, card, health, notes }) => ({
    mark: paint(health, MARKS[health]),
    cells: [name, WORDS[state], lifetime, card ?? "–"],
    below: notes.flatMap((text) => layHanging(BELOW_ROW, text)),
  }));
  return [
    ...layMarkedRows(HEAD, rows),
    ...(machine.waitsForReboot ? layHanging("  reboot: ", "what changed for cards waits for it") : []),
  ];
}
