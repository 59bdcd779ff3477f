// What doctor asks of a machine beyond its hardware and its slots: room, clock, accounts, sysctls, programs, who may
// write where. In: what the host's plan needs, and ports. Out: a MachineObservation; nothing is changed.

import type { InstallPlaces } from "../model/apply.ts";
import { readCdiDrivers } from "../model/cdi-drivers.ts";
import {
  type FileFacts,
  type MachineObservation,
  type Seen,
  seen,
  unseen,
} from "../model/host-observation.ts";
import type { HostFiles, HostTools } from "../model/ports.ts";
import { readCdiFiles } from "./cdi-files.ts";
import { observeAccount } from "./observe-account.ts";
import type { DiskReader } from "./observe-disk.ts";
import { findStrays } from "./observe-strays.ts";
import { listUnitNames, showUnits, type UnitPorts } from "./observe-units.ts";

export interface MachinePorts extends UnitPorts {
  readonly files: HostFiles;
  readonly readDisk: DiskReader;
}

export interface MachineRequest {
  readonly places: InstallPlaces;
  /** Of process slots and of the rootless engine; null: the host needs none. */
  readonly account: string | null;
  /** Who runs this, for lingering. */
  readonly userName: string;
  /** In a container there is no kernel of one's own. */
  readonly inContainer: boolean;
  readonly kernel: string | null;
  readonly disks: readonly string[];
  readonly programs: readonly string[];
  readonly sysctls: readonly string[];
  readonly guarded: readonly string[];
  /** File with an authority beside the system's; null: none. */
  readonly authority: string | null;
}

const TIMEOUT_MS = 10_000;

export async function observeMachine(
  request: MachineRequest,
  ports: MachinePorts,
): Promise<MachineObservation> {
  const { files, tools } = ports;
  const { places, account } = request;
  const [clockSynchronized, accountFacts, strays, foreignUnits] = await Promise.all([
    askClock(tools),
    account === null ? seen(null) : observeAccount(account, files, tools),
    account === null ? seen([]) : findStrays(account, files, tools),
    findForeignUnits(ports),
  ]);
  return {
    kernelModules: findModules(files, request),
    disks: request.disks.map((path) => ports.readDisk(path)),
    clockSynchronized,
    account: accountFacts,
    strays,
    linger: exists(files, `/var/lib/systemd/linger/${request.userName}`),
    cdiDrivers: readCdiDrivers(readCdiFiles(files)),
    programs: new Map(request.programs.map((name) => [name, findProgram(files, name)])),
    sysctls: new Map(request.sysctls.map((key) => [key, readSysctl(files, key)])),
    foreignUnits,
    guarded: request.guarded.flatMap((path) => inspectFile(files, path) ?? []),
    runnerVersions: listVersions(files, places.runner),
    authority: request.authority === null ? null : exists(files, request.authority),
  };
}

function exists(files: HostFiles, path: string): Seen<boolean> {
  const stat = files.stat(path);
  if (stat.ok) return seen(true);
  return stat.code === "ENOENT" || stat.code === "ENOTDIR" ? seen(false) : unseen(`${path}: ${stat.code}`);
}

/** Arch removes the modules of the running kernel when it installs the next one. */
function findModules(files: HostFiles, { inContainer, kernel }: MachineRequest): Seen<boolean | null> {
  if (inContainer) return seen(null);
  if (kernel === null) return unseen("the kernel's release is not known");
  const own = exists(files, `/lib/modules/${kernel}`);
  if (!own.known || own.value) return own;
  // A kernel without modules has no folder, and no other kernel has one here either.
  const others = files.list("/lib/modules");
  return seen(others.ok && others.value.length > 0 ? false : null);
}

async function askClock(tools: HostTools): Promise<Seen<boolean>> {
  const answer = await tools.run(
    "timedatectl",
    ["show", "--property=NTPSynchronized", "--value"],
    TIMEOUT_MS,
  );
  if (answer.kind === "missing") return unseen("timedatectl is not installed");
  if (answer.kind !== "ran") return unseen("timedatectl did not answer");
  const word = answer.stdout.trim();
  if (answer.exitCode === 0 && (word === "yes" || word === "no")) return seen(word === "yes");
  return unseen(answer.stderr.trim().split("\n")[0] || "timedatectl did not say");
}

/** `svc.sh install` of GitHub's own runner makes these. */
async function findForeignUnits(ports: UnitPorts): Promise<MachineObservation["foreignUnits"]> {
  const names = await listUnitNames(ports, ["actions.runner.*", "actions-runner*", "github-runner*"]);
  if (!names.known) return names;
  const services = names.value.filter((name) => name.endsWith(".service"));
  const units = await showUnits(ports, services);
  return units.known ? seen([...units.value.values()]) : units;
}

const FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Where units would find it: an absolute path itself, a name in the folders that root's PATH has. */
function findProgram(files: HostFiles, name: string): string | null {
  const candidates = name.startsWith("/") ? [name] : FOLDERS.map((folder) => `${folder}/${name}`);
  return candidates.find((path) => isProgram(files, path)) ?? null;
}

function isProgram(files: HostFiles, path: string): boolean {
  const stat = files.stat(path);
  return stat.ok && stat.value.kind === "file" && (stat.value.mode & 0o111) !== 0;
}

function readSysctl(files: HostFiles, key: string): string | null {
  const text = files.readText(`/proc/sys/${key.replaceAll(".", "/")}`);
  return text.ok ? text.value.trim() : null;
}

/** null: it does not exist, so there is nothing to guard. */
function inspectFile(files: HostFiles, path: string): Seen<FileFacts> | null {
  const stat = files.stat(path);
  if (stat.ok) return seen({ path, uid: stat.value.uid, mode: stat.value.mode });
  return stat.code === "ENOENT" || stat.code === "ENOTDIR" ? null : unseen(`${path}: ${stat.code}`);
}

function listVersions(files: HostFiles, folder: string): Seen<readonly string[]> {
  const names = files.list(folder);
  if (names.ok) {
    return seen(names.value.filter((name) => files.stat(`${folder}/${name}/bin/Runner.Listener`).ok));
  }
  return names.code === "ENOENT" ? seen([]) : unseen(`${folder}: ${names.code}`);
}
