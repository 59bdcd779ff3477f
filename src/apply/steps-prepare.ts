// What can be made ready while everything runs as before: journal, account, folders, program, images, runner,
// network. A failure here leaves in force what was. In: the desk. Out: steps.

import type { Step, Wanted, WantedFile } from "../model/apply.ts";
import { addAccount, addSubordinates, removeTrees } from "./commands.ts";
import { type Desk, step } from "./desk.ts";
import { parentOf, RUNNER_UID } from "./places.ts";

/** Not for a removal, which needs nothing but its journal. */
export function listPreparations(desk: Desk, wanted: Wanted): readonly Step[] {
  return [
    ...makeAccount(desk, wanted),
    ...makeFolders(desk, wanted),
    ...placeProgram(desk, wanted),
    ...provideImages(desk, wanted),
    ...provideRunner(desk, wanted),
    ...makeNetwork(desk, wanted),
  ];
}

export function beginJournal({ installed, places, changes }: Desk): readonly Step[] {
  const written = changes.writes.map(({ file }) => parentOf(file.path));
  const folders = [...new Set([...written, places.config, places.runner])].sort();
  return [
    // Half-written files of the run that was cut off, and half a runner.
    ...(installed.journal === null ? [] : [step({ kind: "sweep", folders }, "RunWasCutOff")]),
    step({ kind: "record", what: "journal" }, "WhatFollowsIsOurs"),
    step({ kind: "record", what: "claims" }, "WhatFollowsIsOurs"),
  ];
}

function makeAccount({ installed }: Desk, { account }: Wanted): readonly Step[] {
  if (account === null) return [];
  const there = installed.account;
  const uid = account.uid ?? (installed.uidHolder === null ? RUNNER_UID : null);
  return [
    ...(there === null ? [step(addAccount(account, uid), "AccountIsMissing")] : []),
    ...(account.subordinates && there?.subordinates !== true
      ? [step(addSubordinates(account, installed.freeSubordinates), "SubordinateIdsAreMissing")]
      : []),
  ];
}

/**
 * A folder that is there keeps its owner: its slot may be at work in it. But a run that was cut off may have made
 * it and not yet opened it to those who have to pass.
 */
function makeFolders({ installed, verdicts }: Desk, { folders, places }: Wanted): readonly Step[] {
  return folders.flatMap((folder) => {
    const slot = folder.path.slice(places.state.length + 1).split("/")[0] ?? "";
    if (verdicts.get(slot)?.kind === "replace") return [];
    const there = installed.folders.get(folder.path)?.kind ?? "absent";
    if (there === "absent") return [step({ kind: "make-folder", folder }, "FolderIsMissing")];
    const isHalfMade = there === "folder" && installed.journal !== null;
    return isHalfMade ? [step({ kind: "make-folder", folder }, "RunWasCutOff")] : [];
  });
}

function placeProgram({ installed, places }: Desk, { program, supervision }: Wanted): readonly Step[] {
  if (program === null || supervision !== "systemd") return [];
  const there = installed.program;
  if (there.kind === "file" && there.sha256 === program.sha256) return [];
  const because = there.kind === "absent" ? "ProgramIsMissing" : "ProgramIsOlder";
  return [step({ kind: "copy-program", from: program.path, to: places.binary }, because)];
}

/** From a copy beside, so that a build that fails leaves the files that slots start from as they were. */
function provideImages(desk: Desk, wanted: Wanted): readonly Step[] {
  const { installed, places, records, commands } = desk;
  const missing = wanted.images.filter(({ reference }) => installed.engine?.images.has(reference) !== true);
  const left = installed.folders.get(records.staging)?.kind === "folder";
  const clear = step(removeTrees([records.staging]), "StagingIsOver");
  if (missing.length === 0) return left ? [clear] : [];
  const builds = missing.some(({ how }) => how === "build");
  const staged = wanted.files.flatMap((file): readonly WantedFile[] => {
    const inner = file.path.slice(places.config.length + 1);
    const needed = inner === "compose.yaml" || (builds && inner.startsWith("images/"));
    const isConfig = file.path.startsWith(`${places.config}/`);
    return isConfig && needed ? [{ ...file, path: `${records.staging}/${inner}` }] : [];
  });
  return [
    ...staged.map((file) => step({ kind: "write", file, isNew: true }, "ImageIsMissing")),
    ...missing.map(({ how, service }) =>
      step(commands.compose(`${records.staging}/compose.yaml`, how, service), "ImageIsMissing"),
    ),
    clear,
  ];
}

function provideRunner({ installed, places }: Desk, { runnerVersion }: Wanted): readonly Step[] {
  if (runnerVersion === null || installed.runnerVersions.has(runnerVersion)) return [];
  const folder = `${places.runner}/${runnerVersion}`;
  return [step({ kind: "install-runner", version: runnerVersion, folder }, "RunnerIsMissing")];
}

/** Slots cannot reach one another: docs/decisions/0008-docker-for-jobs.md. */
function makeNetwork(
  { installed, commands }: Desk,
  { network, fleet, supervision }: Wanted,
): readonly Step[] {
  if (supervision !== "systemd") return [];
  if (network === null || installed.engine?.networks.has(network) === true) return [];
  const options = ["--driver", "bridge", "--opt", "com.docker.network.bridge.enable_icc=false"];
  const label = ["--label", `dev.ci-fleet.fleet=${fleet}`];
  return [step(commands.docker("network", "create", ...options, ...label, network), "NetworkIsMissing")];
}
