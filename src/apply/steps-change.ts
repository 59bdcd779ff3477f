// What puts the new files in force: files, systemd's reload, starts, and restarts of slots that have no job.
// In: the desk. Out: steps, each naming the slots that must have no job for it.

import type { InstallPlaces, SlotRecord, Step, Wanted, WantedSlot } from "../model/apply.ts";
import { SETBACKS_FILE } from "../model/slot-setbacks.ts";
import { emptyFolder, mount, removeTrees, tolerate, unmount } from "./commands.ts";
import { type Desk, step } from "./desk.ts";
import { findOther } from "./judge-slots.ts";
import { fleetAt, RETIRED } from "./places.ts";
import { runScripts } from "./steps-node.ts";

export function listChanges(desk: Desk, wanted: Wanted): readonly Step[] {
  const steps = [
    ...keepRetiringDown(desk),
    ...welcomeBack(desk, wanted),
    ...writeFiles(desk),
    ...(wanted.supervision === "systemd"
      ? [...reload(desk), ...replaceSlots(desk, wanted), ...enable(desk, wanted), ...tendUpkeep(desk, wanted)]
      : replaceSlots(desk, wanted)),
    ...restartSlots(desk, wanted),
    ...startSlots(desk, wanted),
    ...runScripts(desk),
  ];
  if (desk.gate.length === 0) return steps;
  return [
    step({ kind: "look", slots: desk.gate }, "ReloadWouldTakeCards"),
    ...steps.map((each) => ({ ...each, slots: [...desk.gate, ...each.slots] })),
  ];
}

/** Asked again at each restart by the slot's unit, and by the watchdog. */
export function keepRetiringDown({ installed, places, retiring }: Desk): readonly Step[] {
  // Without state there are no slots: the removal that takes them down has come that far before.
  if (installed.folders.get(places.state)?.kind !== "folder") return [];
  return retiring.flatMap(({ name }) => {
    if (installed.drained.has(name)) return [];
    const file = { path: `${places.state}/drained/${name}`, content: RETIRED, mode: 0o644 as const };
    return [step({ kind: "write", file, isNew: true }, "SlotIsNotWanted")];
  });
}

/** What a person drained stays drained. */
function welcomeBack({ installed, places }: Desk, { slots }: Wanted): readonly Step[] {
  return slots
    .filter(({ name }) => installed.drained.get(name) === true)
    .map(({ name }) =>
      step({ kind: "remove-file", path: `${places.state}/drained/${name}` }, "SlotComesBack"),
    );
}

function writeFiles({ changes }: Desk): readonly Step[] {
  return changes.writes.map(({ file, isNew }) =>
    step({ kind: "write", file, isNew }, isNew ? "FileIsMissing" : "FileIsOlder"),
  );
}

function reload({ commands, reloads, installed }: Desk): readonly Step[] {
  if (!reloads) return [];
  const because = installed.journal === null ? "UnitsChange" : "RunWasCutOff";
  return [step(commands.systemctl("daemon-reload"), because)];
}

/** The target wants every slot that always runs: started again it would wake what a person stopped. */
function enable(desk: Desk, { target, slots }: Wanted): readonly Step[] {
  const { commands, installed, verdicts } = desk;
  if (target === null) return [];
  const replaced = slots.filter(({ name }) => verdicts.get(name)?.kind === "replace").map(({ name }) => name);
  return [
    ...(installed.units.get(target)?.enabled === true
      ? []
      : [step(commands.systemctl("enable", target), "TargetIsNotEnabled")]),
    ...(isTargetNew(desk, target) ? [step(commands.startUnits([target]), "TargetIsNew", replaced)] : []),
  ];
}

/** Or stopped by a run that was cut off; stopped by a person it stays so. */
function isTargetNew({ installed: { record, journal, units } }: Desk, target: string | null): boolean {
  if (target === null) return false;
  if (record === null || record.target === null) return true;
  return journal !== null && units.get(target)?.active === "inactive";
}

function tendUpkeep(desk: Desk, { upkeep, target }: Wanted): readonly Step[] {
  const { commands, installed } = desk;
  const { record, journal, units } = installed;
  return upkeep.flatMap(({ unit, generation, disturbs, guest }) => {
    // Empty: a run that was cut off may have begun it, and another left it for a job's sake. A person did not stop it.
    const known = record?.upkeep[unit] || undefined;
    const isUp = units.get(unit)?.active === "active";
    // What has changed of a guest comes into force at its next start.
    if (guest !== null && (isUp || !guest.starts)) return [];
    if (isUp && (known !== generation || journal !== null)) {
      const restart = step(commands.systemctl("restart", unit), "UnitChanges", disturbs);
      if (disturbs.length === 0) return [restart];
      return [step({ kind: "look", slots: disturbs }, "UnitChanges"), restart];
    }
    // The target starts them all.
    if (isUp || (known !== undefined && journal === null) || isTargetNew(desk, target)) return [];
    return [step(commands.startUnits([unit]), "UnitIsNew")];
  });
}

/** Stopped and started in two steps: what it held, an image for one, is free when the first one ends. */
function restartSlots(desk: Desk, wanted: Wanted): readonly Step[] {
  return wanted.slots.flatMap((slot) => {
    const verdict = desk.verdicts.get(slot.name);
    if (verdict?.kind !== "restart" && verdict?.kind !== "replace") return [];
    const { because } = verdict;
    const start = slot.always || isUp(desk, slot) ? [startSlot(desk, slot, because)] : [];
    if (verdict.kind === "replace") return start;
    const look = step({ kind: "look", slots: [slot.name] }, because);
    return [look, ...stopSlot(desk, slot, because), ...forgetSetbacks(desk, slot, because), ...start];
  });
}

/** What it failed at was the old configuration: with the new one it need not wait. */
function forgetSetbacks({ installed, places }: Desk, { name, unit }: WantedSlot, because: string) {
  const isWaiting = installed.slots.get(name)?.units.get(unit ?? "")?.active === "activating";
  if (!isWaiting) return [];
  return [step({ kind: "remove-file", path: `${places.state}/${name}/${SETBACKS_FILE}` }, because, [name])];
}

/** Before anything is started: a new one must not begin beside the old one, or in its folders. */
function replaceSlots(desk: Desk, wanted: Wanted): readonly Step[] {
  return wanted.slots.flatMap((slot) => {
    const verdict = desk.verdicts.get(slot.name);
    if (verdict?.kind !== "replace") return [];
    const { because } = verdict;
    return [step({ kind: "look", slots: [slot.name] }, because), ...replaceSlot(desk, wanted, slot, because)];
  });
}

function isUp({ installed }: Desk, { name, unit }: WantedSlot): boolean {
  const state = installed.slots.get(name);
  const active = unit === null ? undefined : state?.units.get(unit)?.active;
  return (
    active === "active" || active === "activating" || (unit === null && state?.container?.running === true)
  );
}

/** Compose stops what it makes anew. */
function stopSlot({ commands }: Desk, { name, unit }: WantedSlot, because: string): readonly Step[] {
  return unit === null ? [] : [step(commands.stopUnits([unit]), because, [name])];
}

function startSlot({ commands, places }: Desk, { name, unit }: WantedSlot, because: string): Step {
  const up = ["up", "--detach", "--force-recreate", name];
  return unit === null
    ? step(commands.compose(`${places.config}/compose.yaml`, ...up), because, [name])
    : step(commands.startUnits([unit]), because, [name]);
}

function replaceSlot(desk: Desk, wanted: Wanted, slot: WantedSlot, because: string): readonly Step[] {
  const { record, journal } = desk.installed;
  const old = findOther(slot, record?.slots[slot.name] ?? null, journal?.slots[slot.name] ?? []);
  if (old === null) throw new Error(`${slot.name} replaces nothing`);
  const top = `${wanted.places.state}/${slot.name}`;
  const folders = wanted.folders.filter(({ path }) => path === top || path.startsWith(`${top}/`));
  return [
    ...takeDown(desk, slot.name, old, because),
    ...folders.map((folder) => step({ kind: "make-folder", folder }, because, [slot.name])),
    ...listMounted(desk, slot.name)
      .filter((path) => folders.some((folder) => folder.path === path))
      .map((path) => step(mount(path), because, [slot.name])),
  ];
}

/** Of the caches: nobody mounts anything else there. */
function listMounted({ installed, places }: Desk, name: string): readonly string[] {
  return installed.mounts.filter((path) => path === `${places.state}/${name}/cache`);
}

/** From a slot without a job to nothing of it. GitHub has the last word on whether it has a job. */
export function takeDown(desk: Desk, name: string, old: SlotRecord, because: string): readonly Step[] {
  const { commands, places, installed } = desk;
  const fleet = fleetAt(places);
  const up = [...(installed.slots.get(name)?.units ?? [])].filter(([, { active }]) => active !== "inactive");
  const units = [...new Set([...(old.unit === null ? [] : [old.unit]), ...up.map(([unit]) => unit)])];
  const { docker } = commands;
  const hasSidecar = old.docker === "dind";
  const container = installed.engine?.containers.get(name);
  return [
    step({ kind: "deregister", slot: name, target: old.target }, because, [name]),
    ...(units.length > 0
      ? [
          step(commands.stopUnits(units), because, [name]),
          step(tolerate(commands.systemctl("reset-failed", `${fleet}-*@${name}.service`)), because, [name]),
        ]
      : []),
    ...(units.length === 0 && container !== undefined
      ? [step(tolerate(docker("stop", "--time", "120", name)), because, [name])]
      : []),
    ...(container !== undefined
      ? [step(tolerate(docker("rm", "--force", "--volumes", name)), because, [name])]
      : []),
    ...(hasSidecar
      ? [
          step(tolerate(docker("rm", "--force", "--volumes", `${name}-dind`)), because, [name]),
          step(
            tolerate(docker("volume", "rm", "--force", `ci-fleet-${fleet}_${name}-docker-socket`)),
            because,
            [name],
          ),
        ]
      : []),
    ...listMounted(desk, name).map((path) => step(unmount(path), because, [name])),
    ...emptyByContainer(places, name, old, because),
    step(removeTrees([`${places.state}/${name}`, `${places.run}/${name}`]), because, [name]),
  ];
}

/** What a container wrote belongs to its user, and a person without root can remove that from a container only. */
function emptyByContainer(
  { flavour, state, run: runFolder }: InstallPlaces,
  name: string,
  { run, image }: SlotRecord,
  because: string,
): readonly Step[] {
  if (flavour !== "user" || run !== "container" || image === null) return [];
  return [state, runFolder].map((folder) =>
    step(tolerate(emptyFolder(`${folder}/${name}`, image)), because, [name]),
  );
}

function startSlots(desk: Desk, { slots, target }: Wanted): readonly Step[] {
  const { verdicts, commands, places } = desk;
  // The target starts them all.
  if (isTargetNew(desk, target)) return [];
  const starting = slots.filter(({ name }) => verdicts.get(name)?.kind === "start");
  const bySystemd = starting.filter(({ unit }) => unit !== null);
  const byCompose = starting.filter(({ unit }) => unit === null);
  const because = verdictOf(desk, starting[0]);
  return [
    ...(bySystemd.length === 0
      ? []
      : [step(commands.startUnits(bySystemd.flatMap(({ unit }) => unit ?? [])), because)]),
    ...(byCompose.length === 0
      ? []
      : [
          step(
            commands.compose(
              `${places.config}/compose.yaml`,
              ...["up", "--detach", "--no-recreate", ...byCompose.map(({ name }) => name)],
            ),
            because,
          ),
        ]),
  ];
}

function verdictOf({ verdicts }: Desk, slot: WantedSlot | undefined): string {
  const verdict = slot === undefined ? undefined : verdicts.get(slot.name);
  return verdict?.kind === "start" ? verdict.because : "SlotIsNew";
}
