// What takes down what is not wanted any more: slots first, each when it has no job, then what they needed.
// With nothing wanted this is all there is, and it ends with a host as it was. In: the desk. Out: steps.

import type { Step } from "../model/apply.ts";
import { nameUnits } from "../model/names.ts";
import { RUNNER_HOME } from "../model/slot-folders.ts";
import { removeAccount, removeTrees, tolerate, unmount } from "./commands.ts";
import { type Desk, step } from "./desk.ts";
import { listOwned } from "./judge-files.ts";
import { ACCOUNT, fleetAt, listFoldersBetween, parentOf } from "./places.ts";
import { takeDown } from "./steps-change.ts";
import { retireScripts } from "./steps-node.ts";

export function listRemovals(desk: Desk): readonly Step[] {
  const { retiring, gate, wanted } = desk;
  const steps = [
    ...retireSlots(desk),
    ...(wanted === null || wanted.target === null ? endTarget(desk) : []),
    ...endUpkeep(desk),
    ...retireScripts(desk),
    ...removeFiles(desk),
    ...removeImages(desk),
    ...removeNetwork(desk),
    ...removeRunners(desk),
  ];
  const waiting = wanted === null ? [] : gate;
  const byCards = steps.map((each) => ({ ...each, slots: [...waiting, ...each.slots] }));
  return [
    ...byCards,
    ...sweepMarks(desk),
    ...chaseGhosts(desk),
    ...(wanted === null ? removeRest(desk, retiring.map(nameOf)) : []),
  ];
}

const nameOf = ({ name }: { readonly name: string }) => name;

function retireSlots(desk: Desk): readonly Step[] {
  const { places, wanted } = desk;
  // Where everything goes, the spec that is installed still has the slot: while others have jobs, the watchdog would
  // start it again. The marker goes with the folder of state.
  const marks = wanted === null ? ["assigned"] : ["drained", "assigned"];
  return desk.retiring.flatMap(({ name, record }) => [
    step({ kind: "look", slots: [name] }, "SlotIsNotWanted"),
    ...takeDown(desk, name, record, "SlotIsNotWanted"),
    ...marks.map((folder) =>
      step({ kind: "remove-file", path: `${places.state}/${folder}/${name}` }, "SlotIsNotWanted", [name]),
    ),
  ]);
}

/** Of slots that a removal took down before it was cut off, and that nobody knows of any more. */
function sweepMarks({ installed, places, retiring, wanted }: Desk): readonly Step[] {
  if (wanted === null) return [];
  const known = new Set([...retiring, ...wanted.slots].map(nameOf));
  return [...installed.drained]
    .filter(([name, isOurs]) => isOurs && !known.has(name))
    .map(([name]) =>
      step({ kind: "remove-file", path: `${places.state}/drained/${name}` }, "SlotIsNotWanted"),
    );
}

/** Enabled by a run that was cut off, it is in no record yet. */
function endTarget({ commands, installed, disturbed, places }: Desk): readonly Step[] {
  const { target } = nameUnits(fleetAt(places));
  const state = installed.units.get(target);
  if (state === undefined) return [];
  return [
    ...(state.active === "inactive"
      ? []
      : [step(tolerate(commands.stopUnits([target])), "NothingIsWanted", disturbed)]),
    ...(state.enabled
      ? [step(tolerate(commands.systemctl("disable", target)), "NothingIsWanted", disturbed)]
      : []),
  ];
}

/** While their scripts are there: the end of one takes back what its start has done. */
function endUpkeep(desk: Desk): readonly Step[] {
  const { commands, disturbed, wanted } = desk;
  const stays = (unit: string) => (wanted?.upkeep ?? []).some((each) => each.unit === unit);
  return listStaleUpkeep(desk).flatMap((unit) => {
    const service = unit.replace(/\.timer$/, ".service");
    // A timer's work that a service of the same name goes on with.
    if (service !== unit && stays(service)) {
      return [step(tolerate(commands.stopUnits([unit])), "UnitIsNotWanted", disturbed)];
    }
    const stop = (name: string, because: string) =>
      step(tolerate(commands.stopUnits([name])), because, disturbed);
    return [
      stop(unit, "UnitIsNotWanted"),
      ...(service === unit ? [] : [stop(service, "ServiceIsNotWanted")]),
      // Its disks lie where only systemd looks: the folder of a user that is there while it runs.
      ...(isGuestUnit(desk, unit)
        ? [step(tolerate(commands.systemctl("clean", "--what=state", unit)), "UnitIsNotWanted", disturbed)]
        : []),
      // Failed once, it would be listed for ever.
      step(tolerate(commands.systemctl("reset-failed", service)), "ServiceIsNotWanted", disturbed),
    ];
  });
}

export function isGuestUnit({ places }: Pick<Desk, "places">, unit: string): boolean {
  return unit.startsWith(nameUnits(fleetAt(places)).vm);
}

export function listStaleUpkeep({ installed, wanted }: Desk): readonly string[] {
  const known = new Set([
    ...Object.keys(installed.record?.upkeep ?? {}),
    ...(installed.journal?.upkeep ?? []),
  ]);
  return [...known].filter((unit) => !(wanted?.upkeep ?? []).some((each) => each.unit === unit)).sort();
}

/** Units of slots that still run stay until these are gone. */
function removeFiles(desk: Desk): readonly Step[] {
  const { changes, wanted, places, commands, disturbed } = desk;
  const { removals } = changes;
  const emptied = listEmptied(desk);
  if (removals.length === 0 && emptied.length === 0) return [];
  const removesUnit = removals.some((path) => path.startsWith(`${places.units}/`));
  // A unit that is gone from the disk and stopped does no harm in systemd's memory; a reload would, to cards.
  const reloads = removesUnit && !(wanted?.slots ?? []).some(({ losesCards }) => losesCards);
  const rootless = listStaleUpkeep(desk).some((unit) => unit.endsWith("-rootless.service"));
  return [
    ...removals.map((path) => step({ kind: "remove-file", path }, "FileIsNotWanted", disturbed)),
    ...emptied.map((path) => step({ kind: "remove-folder", path }, "FolderIsEmpty", disturbed)),
    ...(rootless
      ? [
          step(
            removeTrees([`${places.state}/rootless`, `${places.run}/rootless`]),
            "UnitIsNotWanted",
            disturbed,
          ),
        ]
      : []),
    ...(reloads ? [step(commands.systemctl("daemon-reload"), "UnitsChange", disturbed)] : []),
  ];
}

/** Folders of files of ours in which nothing wanted lies, the innermost first. */
function listEmptied({ installed, wanted, places: { config, units } }: Desk): readonly string[] {
  const folders = new Set<string>();
  for (const path of listOwned(installed).keys()) {
    const top = path.startsWith(`${units}/`) ? units : config;
    for (const folder of listFoldersBetween(top, path)) folders.add(folder);
  }
  const holds = (folder: string) => (wanted?.files ?? []).some(({ path }) => path.startsWith(`${folder}/`));
  return [...folders]
    .filter((folder) => !holds(folder) && installed.folders.get(folder)?.kind === "folder")
    .sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
}

function removeImages(desk: Desk): readonly Step[] {
  return listStaleImages(desk).map((reference) =>
    step(tolerate(desk.commands.docker("image", "rm", reference)), "ImageIsNotWanted", desk.disturbed),
  );
}

/** Ours, not wanted, and still there. */
export function listStaleImages({ installed, wanted }: Desk): readonly string[] {
  const { record, journal, engine } = installed;
  const known = new Set([...(record?.images ?? []), ...(journal?.images ?? [])]);
  const keep = new Set((wanted?.images ?? []).map(({ reference }) => reference));
  return [...known].filter((image) => !keep.has(image) && engine?.images.has(image) === true).sort();
}

function removeNetwork({ installed, wanted, commands, disturbed }: Desk): readonly Step[] {
  const { record, journal, engine } = installed;
  const name = record?.network ?? journal?.network ?? null;
  if (name === null || wanted?.network === name || engine?.networks.has(name) !== true) return [];
  return [step(tolerate(commands.docker("network", "rm", name)), "NetworkIsNotWanted", disturbed)];
}

function removeRunners(desk: Desk): readonly Step[] {
  return listStaleRunners(desk).map((version) =>
    step(removeTrees([`${desk.places.runner}/${version}`]), "RunnerIsNotWanted", desk.disturbed),
  );
}

export function listStaleRunners({ installed, wanted }: Desk): readonly string[] {
  const { shared, runnerVersions, others } = installed;
  const used = new Set([...others.flatMap((other) => other.runnerVersions), wanted?.runnerVersion ?? ""]);
  return shared.runners.filter((version) => !used.has(version) && runnerVersions.has(version));
}

/** Registrations that an earlier run could not take away. */
function chaseGhosts({ installed, wanted }: Desk): readonly Step[] {
  const wantedNames = new Set((wanted?.slots ?? []).map(nameOf));
  return Object.entries(installed.record?.ghosts ?? {})
    .filter(([slot]) => !wantedNames.has(slot))
    .map(([slot, target]) => step({ kind: "deregister", slot, target }, "RegistrationIsLeft"));
}

/** State, and what fleets share when this was the last one. */
function removeRest(desk: Desk, slots: readonly string[]): readonly Step[] {
  const { installed, places } = desk;
  const { shared, others } = installed;
  const isLast = others.length === 0;
  const trees = [places.state, places.run].filter((path) => installed.folders.get(path)?.kind === "folder");
  // Those of slots are gone with them; these are of slots that nobody remembers.
  const left = installed.mounts.filter(
    (path) => !slots.some((name) => path.startsWith(`${places.state}/${name}/`)),
  );
  return [
    ...left.map((path) => step(unmount(path), "NothingIsWanted", slots)),
    ...(trees.length > 0 ? [step(removeTrees(trees), "NothingIsWanted", slots)] : []),
    ...(isLast && shared.account && installed.account !== null
      ? [step(removeAccount(ACCOUNT), "NobodyUsesIt", slots)]
      : []),
    ...(isLast && shared.home
      ? [step({ kind: "remove-folder", path: RUNNER_HOME }, "NobodyUsesIt", slots)]
      : []),
    ...(isLast && isOurProgram(desk)
      ? [step({ kind: "remove-file", path: places.binary }, "NobodyUsesIt", slots)]
      : []),
  ];
}

function isOurProgram({ installed: { program, shared } }: Desk): boolean {
  return program.kind === "file" && shared.programs.includes(program.sha256);
}

/** After the records, which lie in some of them; the ones above are there for all fleets. */
export function listLastFolders(desk: Desk): readonly Step[] {
  const { places, retiring, installed } = desk;
  const slots = retiring.map(nameOf);
  const above = [places.state, places.run].map(parentOf);
  const folders = [...above, places.runner, parentOf(places.runner), places.config, parentOf(places.config)];
  const keepsRecords = (path: string) => path === places.config || path === parentOf(places.config);
  return folders
    .filter((path) => keepsRecords(path) || installed.folders.get(path)?.kind === "folder")
    .map((path) => step({ kind: "remove-folder", path }, "NothingIsWanted", slots));
}
