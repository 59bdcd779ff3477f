// Everything that apply has to know of this machine, gathered. In: what is wanted (null: nothing), places, ports.
// Out: an Installed.

import { dirname } from "node:path";
import { readSecretFile } from "../../adapters/credentials-file.ts";
import { readEngine } from "../../adapters/docker-state.ts";
import {
  type AccountTexts,
  findFreeRange,
  findHolder,
  listGroups,
  readAccount,
} from "../../adapters/install-files-accounts.ts";
import {
  listMissing,
  listMounts,
  listNames,
  listPaths,
  listUnwritable,
  lookAtFile,
  lookAtFiles,
  lookAtFolders,
  readMarkers,
  readTextOrNull,
} from "../../adapters/install-files-state.ts";
import type { LookPorts } from "../../adapters/observe-slots.ts";
import { lookAtSlots, type SlotQuestion } from "../../adapters/systemd-slots.ts";
import { askManager, readLinger, readUnits } from "../../adapters/systemd-state.ts";
import { ACCOUNT, placeRecords, RETIRED, RUNNER_UID } from "../../apply/places.ts";
import {
  NOTHING_SHARED,
  type Reading,
  readGeneration,
  readJournal,
  readShared,
} from "../../apply/records.ts";
import type {
  ApplyJournal,
  GenerationRecord,
  InstallPlaces,
  Refusal,
  SharedRecord,
  Wanted,
} from "../../model/apply.ts";
import type { Ground, Installed } from "../../model/apply-state.ts";
import { nameUnits } from "../../model/names.ts";
import { lookAtNode } from "./look-at-node.ts";

export interface HostLook {
  readonly installed: Installed;
  /** How its slots are looked at again. */
  readonly question: SlotQuestion;
}

export async function lookAtHost(
  wanted: Wanted | null,
  fleet: string,
  places: InstallPlaces,
  ports: LookPorts,
  userName: string,
): Promise<HostLook> {
  const records = readRecords(places);
  const { record, journal, shared } = records;
  const ground = await lookAtGround(wanted, places, ports, userName);
  const slotNames = [
    ...new Set([
      ...(wanted?.slots ?? []).map(({ name }) => name),
      ...Object.keys(record?.slots ?? {}),
      ...Object.keys(journal?.slots ?? {}),
    ]),
  ];
  const made = [record, journal].flatMap((each) => each?.network ?? each?.images ?? []);
  const question: SlotQuestion = {
    ...{ fleet, places },
    asksSystemd: ground.manager === "running" && (wanted ?? record)?.supervision !== "compose",
    // A node without slots never had to do with it.
    asksDocker:
      wanted?.engine.compose === true ||
      (slotNames.length + made.length > 0 && !ground.missing.has("docker")),
  };
  const images = [...(wanted?.images ?? []).map(({ reference }) => reference)];
  const upkeep = [
    ...new Set([
      ...(wanted?.upkeep ?? []).map(({ unit }) => unit),
      ...Object.keys(record?.upkeep ?? {}),
      ...(journal?.upkeep ?? []),
      nameUnits(fleet).target,
    ]),
  ];
  const [engine, units, slots] = await Promise.all([
    question.asksDocker
      ? readEngine(ports.tools, {
          fleet,
          containers: slotNames,
          images: [...new Set([...images, ...(record?.images ?? []), ...(journal?.images ?? [])])],
        })
      : null,
    question.asksSystemd ? readUnits(ports.tools, places.flavour, upkeep) : new Map(),
    lookAtSlots(question, ports, slotNames),
  ]);
  const paths = listPaths(wanted, records, places, [placeRecords(places).staging, "/home/runner"]);
  const accounts = readAccountTexts();
  const installed: Installed = {
    ...{ places, ground, record, journal, shared, engine, units, slots },
    node: await lookAtNode(wanted, ports, ground.isRoot),
    others: findOthers(fleet, places),
    files: lookAtFiles(paths.files),
    folders: lookAtFolders(paths.folders),
    account: readAccount(ACCOUNT, accounts),
    uidHolder: findHolder(wanted?.account?.uid ?? RUNNER_UID, ACCOUNT, accounts),
    freeSubordinates: findFreeRange(accounts),
    mounts: listMounts(places.state),
    program: lookAtFile(places.binary),
    runnerVersions: new Set(listNames(places.runner).filter((name) => /^\d+(?:\.\d+)*$/.test(name))),
    drained: readMarkers(`${places.state}/drained`, RETIRED),
    unsafe: findUnsafe(wanted),
    absent: new Set(
      (wanted?.expects ?? [])
        .filter(({ path, instead }) => [path, ...instead].every((each) => !isThere(ports, each)))
        .map(({ path }) => path),
    ),
    hasPending: readTextOrNull(placeRecords(places).pending) !== null,
    problems: records.problems,
  };
  return { installed, question };
}

/** As `mint` will see them. Without root on a system's install that is refused anyway. */
function findUnsafe(wanted: Wanted | null): Installed["unsafe"] {
  const uid = process.getuid?.() ?? 0;
  return new Map(
    (wanted?.expects ?? []).flatMap(({ path, instead, isSecret }) => {
      const files = isSecret ? [path, ...instead].map((each) => readSecretFile(each, { uid })) : [];
      const refused = files.find((file) => file.kind === "refused" && file.because === "unsafe");
      return refused?.kind === "refused" ? [[path, refused] as const] : [];
    }),
  );
}

/** What may not be looked at is not called missing. */
function isThere({ files }: LookPorts, path: string): boolean {
  const stat = files.stat(path);
  return stat.ok || (stat.code !== "ENOENT" && stat.code !== "ENOTDIR");
}

interface Records {
  readonly record: GenerationRecord | null;
  readonly journal: ApplyJournal | null;
  readonly shared: SharedRecord;
  readonly problems: readonly Refusal[];
}

export function readRecords(places: InstallPlaces): Records {
  const at = placeRecords(places);
  const problems: Refusal[] = [];
  const take = <T>(path: string, read: (text: string) => Reading<T>): T | null => {
    const text = readTextOrNull(path);
    const reading = text === null ? null : read(text);
    if (reading === null || reading.kind === "read") return reading?.value ?? null;
    problems.push(
      reading.kind === "newer"
        ? { message: `${path} was written by a newer ci-fleet`, help: "use that one", kind: "found" }
        : {
            message: `${path} is not what ci-fleet writes`,
            help: "put it back from a backup, or move it away: files with the wanted text are then taken over",
            kind: "found",
          },
    );
    return null;
  };
  const journal = readTextOrNull(at.journal);
  return {
    record: take(at.generation, readGeneration),
    journal: journal === null ? null : readJournal(journal),
    shared: take(at.shared, readShared) ?? NOTHING_SHARED,
    problems,
  };
}

async function lookAtGround(
  wanted: Wanted | null,
  places: InstallPlaces,
  { tools, files }: LookPorts,
  userName: string,
): Promise<Ground> {
  const missing = listMissing([
    "docker",
    "/usr/bin/docker",
    "useradd",
    "dockerd-rootless.sh",
    "newuidmap",
    "qm",
  ]);
  const folders = [places.config, places.state, places.units, dirname(places.binary)];
  return {
    isRoot: process.geteuid?.() === 0,
    manager: await askManager(tools, files, places.flavour),
    lingers: places.flavour === "user" ? readLinger(files, userName) : null,
    userName,
    missing,
    unwritable: listUnwritable(wanted?.runnerVersion == null ? folders : [...folders, places.runner]),
    groups: listGroups(readAccountTexts()),
  };
}

function readAccountTexts(): AccountTexts {
  const read = (name: string) => readTextOrNull(`/etc/${name}`) ?? "";
  return {
    passwd: read("passwd"),
    group: read("group"),
    subuid: read("subuid"),
    subgid: read("subgid"),
  };
}

/** Fleets beside this one that say, or that a run which was cut off says, to be installed. */
function findOthers(fleet: string, places: InstallPlaces): Installed["others"] {
  const top = dirname(places.config);
  return listInstalledFleets(top)
    .filter((other) => other !== fleet)
    .map((other) => {
      const { record, journal } = readRecords({ ...places, config: `${top}/${other}` });
      const slots = [...Object.values(record?.slots ?? {}), ...Object.values(journal?.slots ?? {}).flat()];
      return { fleet: other, runnerVersions: slots.flatMap(({ runnerVersion }) => runnerVersion ?? []) };
    });
}

export function listInstalledFleets(top: string): readonly string[] {
  return listNames(top).filter((name) =>
    ["generation.json", "journal.json"].some((file) => readTextOrNull(`${top}/${name}/${file}`) !== null),
  );
}
