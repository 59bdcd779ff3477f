// Finds the processes of GitHub's runner on this machine, those in containers too: the kernel shows them all to
// the host, with the control group that says whose they are. In: /proc. Out: listeners and workers, and whether
// a given process could be seen at all.

import { type ProcessOwner, type RunnerProcess, type Seen, seen, unseen } from "../model/host-observation.ts";
import type { HostFiles } from "../model/ports.ts";

export interface ProcessView {
  readonly runners: Seen<readonly RunnerProcess[]>;
  /** false: /proc hides it, or it lives in another process namespace. */
  readonly sees: (pid: number) => boolean;
}

/** The kernel cuts names after 15 characters (proc(5), /proc/pid/comm); both have no more. */
const KINDS: Readonly<Record<string, RunnerProcess["kind"]>> = {
  "Runner.Listener": "listener",
  "Runner.Worker": "worker",
};

export function viewProcesses(files: HostFiles): ProcessView {
  const sees = (pid: number): boolean => files.stat(`/proc/${pid}/comm`).ok;
  const entries = files.list("/proc");
  if (!entries.ok) return { runners: unseen(`/proc cannot be read (${entries.code})`), sees };
  const own = readOwnContainers(files);
  const runners = entries.value
    .filter((name) => /^[1-9][0-9]{0,9}$/.test(name))
    .flatMap((name) => readProcess(files, Number(name), own) ?? []);
  return { runners: seen(runners), sees };
}

/** Containers that this machine itself is: on version 1 their names are in all of its paths. */
function readOwnContainers(files: HostFiles): ReadonlySet<string> {
  const groups = files.readText("/proc/1/cgroup");
  return new Set(groups.ok ? listPaths(groups.value).flatMap(listContainers) : []);
}

/** null: another program, or gone by now. */
function readProcess(files: HostFiles, pid: number, own: ReadonlySet<string>): RunnerProcess | null {
  const comm = files.readText(`/proc/${pid}/comm`);
  const kind = comm.ok ? KINDS[comm.value.trimEnd()] : undefined;
  if (kind === undefined) return null;
  const status = files.readText(`/proc/${pid}/status`);
  const uid = status.ok ? /^Uid:\s+(\d+)/m.exec(status.value)?.[1] : undefined;
  const groups = files.readText(`/proc/${pid}/cgroup`);
  const folder = files.readLink(`/proc/${pid}/cwd`);
  return {
    pid,
    kind,
    uid: uid === undefined ? null : Number(uid),
    owner: groups.ok ? readOwner(groups.value, own) : { kind: "unknown" },
    folder: folder.ok ? folder.value : null,
  };
}

/**
 * Lines of cgroups(7): `0::/system.slice/acme-process@….service` on version 2, one for each controller on
 * version 1. Docker's driver writes `/docker/<id>` or `docker-<id>.scope`; of containers inside containers the
 * outermost that is not the machine itself is ours.
 */
export function readOwner(text: string, own: ReadonlySet<string> = new Set()): ProcessOwner {
  const paths = listPaths(text);
  for (const path of paths) {
    const id = listContainers(path).find((each) => !own.has(each));
    if (id !== undefined) return { kind: "container", id };
  }
  for (const path of paths) {
    // Of `user@1000.service/app.slice/acme-process@….service` the innermost; sub-groups may follow it.
    const unit = path.split("/").findLast((part) => part.endsWith(".service"));
    if (unit !== undefined) return { kind: "unit", unit };
  }
  return { kind: "unknown" };
}

function listPaths(text: string): readonly string[] {
  return text.split("\n").map((line) => line.split(":").slice(2).join(":"));
}

/** The outermost first. */
function listContainers(path: string): readonly string[] {
  const ids = path.matchAll(/\/(?:docker|docker-|libpod-)\/?([0-9a-f]{64})(?:\.scope)?(?=\/|$)/g);
  return [...ids].flatMap(([, id]) => id ?? []);
}
