// How many packages, cores and threads are online, what they are called, and where their memory is.
// In: /sys/devices/system/cpu, /sys/devices/system/node, /proc/cpuinfo. Out: CpuFacts.

import type { CpuFacts, NumaNode } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { nameArmCores } from "./arm-cores.ts";
import { readCpuCap } from "./cgroup-caps.ts";
import { cleanLabel } from "./clean-text.ts";
import { type CpuPlace, findCpuKinds } from "./cpu-kinds.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";
import { formatCpuList, parsePairs, readCpuList, readInteger, readLabel } from "./kernel-formats.ts";
import { parseMemTotal } from "./memory.ts";

const CPU_DIR = "/sys/devices/system/cpu";

export function readCpu(files: HostFiles, notes: FactNotes): CpuFacts {
  const cpuinfo = readCpuinfo(files);
  const online = readOnline(files, cpuinfo, notes);
  const places = online === null ? null : online.map((cpu) => readPlace(files, cpu, cpuinfo));
  const cores = countCores(places, notes);
  const threads = online?.length ?? null;
  return {
    model: readModel(files, cpuinfo, notes),
    packages: countPackages(places, notes),
    cores,
    threads,
    offline: readOffline(files, online, notes),
    smt: readSmt(files, cores, threads, notes),
    hybrid: findCpuKinds(files, places, cpuinfo, notes),
    numa: readNuma(files, notes),
    cap: readCpuCap(files, threads, notes),
  };
}

/** /proc/cpuinfo: one map for each logical CPU, by its number. Empty where it cannot be read. */
export function readCpuinfo(files: HostFiles): ReadonlyMap<number, ReadonlyMap<string, string>> {
  const text = files.readText("/proc/cpuinfo");
  const cpus = new Map<number, ReadonlyMap<string, string>>();
  if (!text.ok) return cpus;
  let shared: ReadonlyMap<string, string> = new Map();
  for (const block of text.value.split(/\n\s*\n/)) {
    const pairs = parsePairs(block.replaceAll("\t", ""), ":");
    const cpu = /^\d{1,5}$/.test(pairs.get("processor") ?? "") ? Number(pairs.get("processor")) : null;
    if (cpu !== null) cpus.set(cpu, pairs);
    else if (pairs.has("CPU part")) shared = pairs;
  }
  // Old ARM kernels write the identification once, below all processors.
  for (const [cpu, pairs] of cpus) if (shared.size > 0) cpus.set(cpu, new Map([...shared, ...pairs]));
  return cpus;
}

function readOnline(
  files: HostFiles,
  cpuinfo: ReadonlyMap<number, unknown>,
  notes: FactNotes,
): readonly number[] | null {
  const path = `${CPU_DIR}/online`;
  const listed = readCpuList(files, path);
  if (listed !== null && listed.length > 0) {
    notes.learned("cpu.threads", path);
    return listed;
  }
  if (cpuinfo.size > 0) {
    notes.learned("cpu.threads", "/proc/cpuinfo");
    return [...cpuinfo.keys()].sort((a, b) => a - b);
  }
  notes.unknown("cpu.threads", path, `neither ${path} nor /proc/cpuinfo lists processors`);
  return null;
}

function readPlace(
  files: HostFiles,
  cpu: number,
  cpuinfo: ReadonlyMap<number, ReadonlyMap<string, string>>,
): CpuPlace {
  const dir = `${CPU_DIR}/cpu${cpu}/topology`;
  const packageId = readInteger(files, `${dir}/physical_package_id`);
  // thread_siblings_list is the old name of core_cpus_list (Documentation/admin-guide/cputopology.rst).
  const siblings =
    readCpuList(files, `${dir}/core_cpus_list`) ?? readCpuList(files, `${dir}/thread_siblings_list`);
  const info = cpuinfo.get(cpu);
  const physical = packageId ?? toNumber(info?.get("physical id"));
  const coreId = info?.get("core id");
  const fromInfo = coreId === undefined ? null : `${physical ?? "?"}:${coreId}`;
  return {
    cpu,
    // -1: the firmware does not say.
    package: physical !== null && physical >= 0 ? physical : null,
    core: siblings?.includes(cpu) ? formatCpuList(siblings) : fromInfo,
  };
}

function countPackages(places: readonly CpuPlace[] | null, notes: FactNotes): number | null {
  const known = places?.filter((place) => place.package !== null) ?? [];
  if (places === null || known.length === 0) {
    notes.unknown(
      "cpu.packages",
      `${CPU_DIR}/cpu*/topology/physical_package_id`,
      "the kernel does not number packages here",
    );
    return null;
  }
  notes.learned("cpu.packages", `${CPU_DIR}/cpu*/topology/physical_package_id`);
  return new Set(known.map((place) => place.package)).size;
}

function countCores(places: readonly CpuPlace[] | null, notes: FactNotes): number | null {
  const from = `${CPU_DIR}/cpu*/topology/core_cpus_list`;
  if (places === null || places.some((place) => place.core === null)) {
    notes.unknown("cpu.cores", from, "the kernel does not say which threads share a core");
    return null;
  }
  notes.learned("cpu.cores", from);
  return new Set(places.map((place) => place.core)).size;
}

function readOffline(files: HostFiles, online: readonly number[] | null, notes: FactNotes): number | null {
  // `offline` also counts sockets that could be plugged in some day: present without online is what is meant.
  const path = `${CPU_DIR}/present`;
  const present = readCpuList(files, path);
  if (present === null || online === null) {
    notes.unknown("cpu.offline", path, `${path} is not readable`);
    return null;
  }
  notes.learned("cpu.offline", path);
  return present.filter((cpu) => !online.includes(cpu)).length;
}

function readSmt(
  files: HostFiles,
  cores: number | null,
  threads: number | null,
  notes: FactNotes,
): boolean | null {
  const path = `${CPU_DIR}/smt/active`;
  const active = readInteger(files, path);
  if (active !== null) {
    notes.learned("cpu.smt", path);
    return active === 1;
  }
  if (cores !== null && threads !== null) {
    notes.learned("cpu.smt", `${CPU_DIR}/cpu*/topology/core_cpus_list`);
    return threads > cores;
  }
  notes.unknown("cpu.smt", path, `no ${path} and no core topology`);
  return null;
}

function readModel(
  files: HostFiles,
  cpuinfo: ReadonlyMap<number, ReadonlyMap<string, string>>,
  notes: FactNotes,
): string | null {
  for (const pairs of cpuinfo.values()) {
    const name = cleanLabel(pairs.get("model name") ?? pairs.get("uarch") ?? "");
    if (name === null) continue;
    notes.learned("cpu.model", "/proc/cpuinfo");
    // "13th Gen Intel(R) Core(TM) i7-1370P": the marks carry nothing.
    return name
      .replace(/\((?:R|TM|tm|r)\)/g, "")
      .replace(/\s+/g, " ")
      .trim();
  }
  const arm = nameArmCores([...cpuinfo.values()]);
  if (arm !== null) {
    notes.learned("cpu.model", "/proc/cpuinfo");
    return arm;
  }
  const family = readLabel(files, "/sys/devices/soc0/machine");
  if (family !== null) {
    notes.learned("cpu.model", "/sys/devices/soc0/machine");
    return family;
  }
  notes.unknown("cpu.model", "/proc/cpuinfo", "/proc/cpuinfo names no model");
  return null;
}

function readNuma(files: HostFiles, notes: FactNotes): readonly NumaNode[] | null {
  const path = "/sys/devices/system/node/online";
  const text = files.readText(path);
  const ids = text.ok ? readCpuList(files, path) : null;
  if (ids === null) {
    notes.unknown("cpu.numa", path, text.ok ? `${path} holds no list` : explainFailure(path, text));
    return null;
  }
  notes.learned("cpu.numa", path);
  // Nodes without CPUs and memory are reserved numbers (GH200 keeps some for MIG slices).
  const nodes = ids.map((id) => readNumaNode(files, id));
  const only = nodes.length === 1 ? nodes[0] : undefined;
  if (only !== undefined) {
    // All memory is in the only node; its own count grows after boot where a guest's memory is added late.
    const meminfo = files.readText("/proc/meminfo");
    return [{ ...only, memoryMiB: (meminfo.ok ? parseMemTotal(meminfo.value) : null) ?? only.memoryMiB }];
  }
  return nodes.filter((node) => node.cpus !== "" || node.memoryMiB === null || node.memoryMiB > 0);
}

function readNumaNode(files: HostFiles, id: number): NumaNode {
  const dir = `/sys/devices/system/node/node${id}`;
  const cpus = readCpuList(files, `${dir}/cpulist`) ?? readNodeCpus(files, dir);
  const meminfo = files.readText(`${dir}/meminfo`);
  const match = meminfo.ok ? /MemTotal:\s+(\d{1,15}) kB/.exec(meminfo.value) : null;
  return {
    id,
    cpus: formatCpuList(cpus),
    memoryMiB: match === null ? null : Math.floor(Number(match[1]) / 1024),
  };
}

/** Without cpulist (kernels before 2.6.34) the links `cpu0`, `cpu1` tell. */
function readNodeCpus(files: HostFiles, dir: string): readonly number[] {
  const names = files.list(dir);
  if (!names.ok) return [];
  return names.value.filter((name) => /^cpu\d{1,5}$/.test(name)).map((name) => Number(name.slice(3)));
}

function toNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : null;
}
