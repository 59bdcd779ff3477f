// More than one kind of core in one machine: Intel's performance and efficiency cores, ARM's big and little ones.
// The kernel tells in three ways, the surest first. In: sysfs, the CPUs' places. Out: the kinds, fastest first;
// empty where all cores are equal.

import type { CpuKind } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { readArmPart } from "./arm-cores.ts";
import type { FactNotes } from "./fact-notes.ts";
import { formatCpuList, readCpuList, readInteger } from "./kernel-formats.ts";

/** Where one logical CPU sits. `core`: an id that equals exactly among the threads of one core. */
export interface CpuPlace {
  readonly cpu: number;
  readonly package: number | null;
  readonly core: string | null;
}

const CPU_DIR = "/sys/devices/system/cpu";
/** One PMU for each kind of core (perf's hybrid PMUs on x86), each with a `cpus` file. */
const PMUS = [
  ["performance", "cpu_core"],
  ["efficiency", "cpu_atom"],
  ["low-power", "cpu_lowpower"],
] as const;
const SPEED_NAMES = ["performance", "efficiency", "low-power"];

interface Grouping {
  readonly from: string;
  /** Fastest first; the name only where the source gives one. */
  readonly groups: readonly { readonly name: string | null; readonly cpus: readonly number[] }[];
}

export function findCpuKinds(
  files: HostFiles,
  places: readonly CpuPlace[] | null,
  cpuinfo: ReadonlyMap<number, ReadonlyMap<string, string>>,
  notes: FactNotes,
): readonly CpuKind[] | null {
  if (places === null) {
    notes.unknown("cpu.hybrid", null, "the processors are not known");
    return null;
  }
  const cpus = places.map((place) => place.cpu);
  const grouping =
    groupByPmu(files, cpus) ?? groupByArmPart(files, cpus, cpuinfo) ?? groupByBaseFrequency(files, cpus);
  if (grouping === null) {
    notes.learned("cpu.hybrid", `${CPU_DIR}/cpu*`);
    return [];
  }
  notes.learned("cpu.hybrid", grouping.from);
  return grouping.groups.map((group, rank) => {
    const cores = new Set(
      places.filter((place) => group.cpus.includes(place.cpu)).map((place) => place.core ?? place.cpu),
    );
    const name = group.name ?? (grouping.groups.length <= SPEED_NAMES.length ? SPEED_NAMES[rank] : null);
    return {
      name: name ?? `kind-${rank}`,
      cores: cores.size,
      threads: group.cpus.length,
      cpus: formatCpuList(group.cpus),
    };
  });
}

function groupByPmu(files: HostFiles, online: readonly number[]): Grouping | null {
  const groups = PMUS.flatMap(([name, pmu]) => {
    const listed = readCpuList(files, `/sys/devices/${pmu}/cpus`) ?? [];
    const cpus = listed.filter((cpu) => online.includes(cpu));
    return cpus.length === 0 ? [] : [{ name, cpus }];
  });
  return groups.length < 2 ? null : { from: "/sys/devices/cpu_{core,atom,lowpower}/cpus", groups };
}

/** Same part number, same kind, whatever capacity the scheduler gives single cores (they differ by binning). */
function groupByArmPart(
  files: HostFiles,
  online: readonly number[],
  cpuinfo: ReadonlyMap<number, ReadonlyMap<string, string>>,
): Grouping | null {
  const parts = new Map<number, string>();
  for (const cpu of online) {
    const part = readArmPart(cpuinfo.get(cpu) ?? new Map());
    if (part !== null) parts.set(cpu, part);
  }
  if (parts.size === online.length) {
    const byPart = groupBy(online, (cpu) => parts.get(cpu) ?? "");
    if (byPart.length < 2) return null;
    const speed = (cpus: readonly number[]): number =>
      Math.max(...cpus.map((cpu) => readInteger(files, `${CPU_DIR}/cpu${cpu}/cpu_capacity`) ?? 0));
    const groups = byPart.map((cpus) => ({ name: null, cpus })).sort((a, b) => speed(b.cpus) - speed(a.cpus));
    return { from: "/proc/cpuinfo", groups };
  }
  return groupByNumber(files, online, "cpu_capacity");
}

/** intel_pstate publishes the guaranteed frequency, which favoured cores do not change as they do the highest one. */
function groupByBaseFrequency(files: HostFiles, online: readonly number[]): Grouping | null {
  return groupByNumber(files, online, "cpufreq/base_frequency");
}

function groupByNumber(files: HostFiles, online: readonly number[], file: string): Grouping | null {
  const numbers = new Map<number, number>();
  for (const cpu of online) {
    const value = readInteger(files, `${CPU_DIR}/cpu${cpu}/${file}`);
    if (value === null || value <= 0) return null;
    numbers.set(cpu, value);
  }
  const groups = groupBy(online, (cpu) => String(numbers.get(cpu)));
  if (groups.length < 2) return null;
  const first = (cpus: readonly number[]): number => numbers.get(cpus[0] as number) ?? 0;
  groups.sort((a, b) => first(b) - first(a));
  return { from: `${CPU_DIR}/cpu*/${file}`, groups: groups.map((cpus) => ({ name: null, cpus })) };
}

function groupBy(cpus: readonly number[], keyOf: (cpu: number) => string): number[][] {
  const groups = new Map<string, number[]>();
  for (const cpu of cpus) {
    const key = keyOf(cpu);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cpu]);
    else group.push(cpu);
  }
  return [...groups.values()];
}
