// How much memory there is. In: /proc/meminfo, control groups, the GPUs. Out: MemoryFacts.

import type { GpuFacts, MemoryFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { readMemoryCap } from "./cgroup-caps.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";

export function readMemory(
  files: HostFiles,
  gpus: readonly GpuFacts[] | null,
  notes: FactNotes,
): MemoryFacts {
  const totalMiB = readTotal(files, notes);
  return { totalMiB, capMiB: readMemoryCap(files, totalMiB, notes), unified: judgeUnified(gpus, notes) };
}

/** MemTotal, null where it cannot be read. The kernel writes kB and means KiB (Documentation/filesystems/proc.rst). */
export function parseMemTotal(text: string): number | null {
  const match = /^MemTotal:\s+(\d{1,15}) kB$/m.exec(text);
  return match === null ? null : Math.floor(Number(match[1]) / 1024);
}

function readTotal(files: HostFiles, notes: FactNotes): number | null {
  const path = "/proc/meminfo";
  const text = files.readText(path);
  const total = text.ok ? parseMemTotal(text.value) : null;
  if (total === null) {
    notes.unknown("memory.totalMiB", path, text.ok ? `${path} has no MemTotal` : explainFailure(path, text));
    return null;
  }
  notes.learned("memory.totalMiB", path);
  return total;
}

/** One memory for CPU and GPU: when every GPU is part of the processor. One card with its own memory: not so. */
function judgeUnified(gpus: readonly GpuFacts[] | null, notes: FactNotes): boolean | null {
  if (gpus === null) {
    notes.unknown("memory.unified", null, "the GPUs are not known");
    return null;
  }
  notes.learned("memory.unified", "gpus");
  if (gpus.some((gpu) => gpu.integrated === false) || gpus.length === 0) return false;
  if (gpus.every((gpu) => gpu.integrated === true)) return true;
  notes.unknown("memory.unified", "gpus", "it is not known whether the GPU has memory of its own");
  return null;
}
