// What control groups leave of the machine to whoever runs detect: in a container, a slice or a VM's guest agent
// that is less than the hardware. In: /proc/self/cgroup, /proc/mounts, the groups' own files. Out: caps.
// Formats: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.

import type { Inventory, None } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import type { FactNotes } from "./fact-notes.ts";
import { exists, parseInteger, readCpuList, readInteger } from "./kernel-formats.ts";

const CGROUP_DIR = "/sys/fs/cgroup";

export function readCgroupVersion(files: HostFiles, notes: FactNotes): Inventory["cgroup"] {
  const at = (version: Inventory["cgroup"], from: string): Inventory["cgroup"] => {
    notes.learned("cgroup", from);
    return version;
  };
  if (exists(files, `${CGROUP_DIR}/cgroup.controllers`)) return at(2, `${CGROUP_DIR}/cgroup.controllers`);
  const unified = `${CGROUP_DIR}/unified/cgroup.controllers`;
  if (exists(files, unified)) return at("hybrid", unified);
  const mounts = readMounts(files);
  if (mounts.some((mount) => mount.type === "cgroup")) return at(1, "/proc/mounts");
  if (mounts.some((mount) => mount.type === "cgroup2" && mount.at === CGROUP_DIR))
    return at(2, "/proc/mounts");
  notes.unknown("cgroup", CGROUP_DIR, `no control groups are mounted at ${CGROUP_DIR}`);
  return null;
}

export function readCpuCap(files: HostFiles, threads: number | null, notes: FactNotes): number | None | null {
  const quotas = [
    ...readEach(files, "cpu", "cpu.max", parseCpuMax),
    ...listGroups(files, "cpu").flatMap((group) => readQuotaV1(files, group)),
  ];
  // The cpuset of the innermost group that has one is already the intersection with all above it.
  const sets = listGroups(files, "cpuset").flatMap((group) => {
    const cpus =
      readCpuList(files, `${group}/cpuset.cpus.effective`) ??
      readCpuList(files, `${group}/cpuset.effective_cpus`) ??
      readCpuList(files, `${group}/cpuset.cpus`) ??
      readCpuList(files, `${group}/cpus`);
    return cpus === null || cpus.length === 0 ? [] : [cpus.length];
  });
  return summarize("cpu.cap", [...quotas, ...sets], threads, files, notes);
}

export function readMemoryCap(
  files: HostFiles,
  totalMiB: number | null,
  notes: FactNotes,
): number | None | null {
  const bytes = [
    ...readEach(files, "memory", "memory.max", parseInteger),
    ...readEach(files, "memory", "memory.limit_in_bytes", parseInteger),
  ];
  const inMiB = bytes.map((limit) => Math.floor(limit / (1024 * 1024)));
  return summarize("memory.capMiB", inMiB, totalMiB, files, notes);
}

function summarize(
  fact: string,
  caps: readonly number[],
  whole: number | null,
  files: HostFiles,
  notes: FactNotes,
): number | None | null {
  const mounted = readMounts(files).some((mount) => mount.type === "cgroup" && exists(files, mount.at));
  if (caps.length === 0 && !mounted && !exists(files, CGROUP_DIR)) {
    notes.unknown(fact, CGROUP_DIR, `no control groups at ${CGROUP_DIR}`);
    return null;
  }
  notes.learned(fact, CGROUP_DIR);
  // v1 says "no limit" by a number near 2^63, v2 by the word max (which no parser here reads as a number).
  const real = caps.filter((cap) => cap > 0 && cap < 2 ** 40 && (whole === null || cap < whole));
  return real.length === 0 ? "none" : Math.min(...real);
}

/** `200000 100000` → 2; `max 100000` → null. */
function parseCpuMax(text: string): number | null {
  const match = /^(\d{1,15}) (\d{1,15})$/.exec(text.trim());
  return match === null || Number(match[2]) === 0 ? null : roundCpus(Number(match[1]) / Number(match[2]));
}

function readQuotaV1(files: HostFiles, group: string): readonly number[] {
  const quota = readInteger(files, `${group}/cpu.cfs_quota_us`);
  const period = readInteger(files, `${group}/cpu.cfs_period_us`);
  if (quota === null || period === null || quota <= 0 || period <= 0) return [];
  return [roundCpus(quota / period)];
}

function roundCpus(cpus: number): number {
  return Math.round(cpus * 100) / 100;
}

function readEach(
  files: HostFiles,
  controller: string,
  file: string,
  parse: (text: string) => number | null,
): readonly number[] {
  return listGroups(files, controller).flatMap((group) => {
    const text = files.readText(`${group}/${file}`);
    const value = text.ok ? parse(text.value) : null;
    return value === null ? [] : [value];
  });
}

/**
 * The folders of our own group and of every group above it, innermost first. In a container that does not hide
 * the host's path, the own path does not exist below the mount: only the mount itself, our group, is left.
 */
function listGroups(files: HostFiles, controller: string): readonly string[] {
  const mount = findMount(files, controller);
  if (mount === null) return [];
  const parts = readOwnPath(files, controller, mount.unified)
    .split("/")
    .filter((part) => part !== "" && part !== "." && part !== "..");
  const folders: string[] = [];
  for (let depth = parts.length; depth >= 0; depth -= 1) {
    const folder = [mount.at, ...parts.slice(0, depth)].join("/");
    if (depth === 0 || exists(files, folder)) folders.push(folder);
  }
  return folders;
}

interface CgroupMount {
  readonly at: string;
  readonly unified: boolean;
}

function findMount(files: HostFiles, controller: string): CgroupMount | null {
  if (exists(files, `${CGROUP_DIR}/cgroup.controllers`)) return { at: CGROUP_DIR, unified: true };
  const mounted = readMounts(files).find(
    (mount) => mount.type === "cgroup" && mount.options.split(",").includes(controller),
  );
  if (mounted !== undefined) return { at: mounted.at, unified: false };
  const usual = `${CGROUP_DIR}/${controller}`;
  return exists(files, usual) ? { at: usual, unified: false } : null;
}

/** Lines of /proc/self/cgroup: `4:memory:/user.slice` (v1), `0::/user.slice` (v2). */
function readOwnPath(files: HostFiles, controller: string, unified: boolean): string {
  const text = files.readText("/proc/self/cgroup");
  if (!text.ok) return "/";
  for (const line of text.value.split("\n")) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    const controllers = (match[1] as string).split(",");
    if (unified ? match[1] === "" : controllers.includes(controller)) return match[2] as string;
  }
  return "/";
}

interface Mount {
  readonly source: string;
  readonly at: string;
  readonly type: string;
  readonly options: string;
}

export function readMounts(files: HostFiles): readonly Mount[] {
  const text = files.readText("/proc/mounts");
  if (!text.ok) return [];
  return text.value.split("\n").flatMap((line) => {
    const [source, at, type, options] = line.split(" ");
    if (source === undefined || at === undefined || type === undefined || options === undefined) return [];
    return [{ source, at, type, options }];
  });
}
