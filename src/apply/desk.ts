// All that the rules for steps look at, worked out once. In: wanted and installed. Out: one record.

import type { Action, InstallPlaces, Step, Wanted } from "../model/apply.ts";
import type { Installed } from "../model/apply-state.ts";
import { type Commands, makeCommands } from "./commands.ts";
import { type FileChanges, judgeFiles } from "./judge-files.ts";
import { judgeSlot, listRetiring, type RetiringSlot, type SlotVerdict } from "./judge-slots.ts";
import { placeRecords, type RecordPlaces } from "./places.ts";

export interface Desk {
  /** null: everything is to go. */
  readonly wanted: Wanted | null;
  readonly installed: Installed;
  readonly places: InstallPlaces;
  readonly records: RecordPlaces;
  readonly commands: Commands;
  readonly changes: FileChanges;
  readonly verdicts: ReadonlyMap<string, SlotVerdict>;
  readonly retiring: readonly RetiringSlot[];
  /** systemd has to read its units again before anything is started. */
  readonly reloads: boolean;
  /** Slots whose job would lose its card by that. */
  readonly gate: readonly string[];
  /** Slots that run and have to be stopped, each when it has no job. */
  readonly disturbed: readonly string[];
}

export function openDesk(wanted: Wanted | null, installed: Installed, force: boolean): Desk {
  const { places } = installed;
  const changes = judgeFiles(wanted, installed, force);
  const writesUnit = changes.writes.some(({ file }) => file.path.startsWith(`${places.units}/`));
  const reloads = wanted?.supervision === "systemd" && (writesUnit || installed.journal !== null);
  const configChanges = changes.writes.some(({ file }) => file.path.startsWith(`${places.config}/`));
  const verdicts = new Map<string, SlotVerdict>();
  for (const slot of wanted?.slots ?? []) {
    verdicts.set(slot.name, judgeSlot(slot, installed, { configChanges, reloads }));
  }
  const retiring = listRetiring(wanted, installed);
  const changing = [...verdicts].flatMap(([name, { kind }]) =>
    kind === "restart" || kind === "replace" ? [name] : [],
  );
  return {
    wanted,
    installed,
    places,
    records: placeRecords(places),
    commands: makeCommands(places),
    changes,
    verdicts,
    retiring,
    reloads,
    gate: reloads ? listGate(wanted, installed, retiring) : [],
    disturbed: [...changing, ...retiring.map(({ name }) => name)],
  };
}

/** With the engine's own cgroup driver a reload of systemd leaves containers alone. */
function listGate(
  wanted: Wanted | null,
  { engine, slots }: Installed,
  retiring: readonly RetiringSlot[],
): readonly string[] {
  if (engine?.cgroupDriver === "cgroupfs") return [];
  const holders = [
    ...(wanted?.slots ?? []).filter(({ losesCards }) => losesCards).map(({ name }) => name),
    ...retiring.filter(({ record }) => record.losesCards).map(({ name }) => name),
  ];
  return holders.filter((name) => slots.get(name)?.container?.running === true);
}

export function step(action: Action, because: string, slots: readonly string[] = []): Step {
  return { action, because, slots };
}
