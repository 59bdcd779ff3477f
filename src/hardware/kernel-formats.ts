// The few formats that Linux uses all over /proc and /sys, read with care: every function answers null for what it
// does not understand. In: a file's text, or the files and a path. Out: numbers, lists, ids.

import type { HostFiles } from "../model/ports.ts";
import { cleanLabel } from "./clean-text.ts";

/** No machine has more logical CPUs (the kernel's NR_CPUS_MAX is 8192); a larger list is garbage. */
const MAX_CPUS = 65536;

/** `0-3,8-11` → [0,1,2,3,8,9,10,11]; an empty line is an empty list. Format: Documentation/admin-guide/kernel-parameters, cpu lists. */
export function parseCpuList(text: string): readonly number[] | null {
  const trimmed = trimEnd(text);
  if (trimmed === "") return [];
  const numbers = new Set<number>();
  for (const part of trimmed.split(",")) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part.trim());
    if (match === null) return null;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first || last >= MAX_CPUS) return null;
    for (let cpu = first; cpu <= last; cpu += 1) numbers.add(cpu);
  }
  return [...numbers].sort((a, b) => a - b);
}

/** The opposite: [0,1,2,5] → `0-2,5`. */
export function formatCpuList(cpus: readonly number[]): string {
  const sorted = [...new Set(cpus)].sort((a, b) => a - b);
  const parts: string[] = [];
  let start = 0;
  for (let i = 1; i <= sorted.length; i += 1) {
    if (i < sorted.length && sorted[i] === (sorted[i - 1] as number) + 1) continue;
    const first = sorted[start];
    const last = sorted[i - 1];
    parts.push(first === last ? `${first}` : `${first}-${last}`);
    start = i;
  }
  return sorted.length === 0 ? "" : parts.join(",");
}

export function readCpuList(files: HostFiles, path: string): readonly number[] | null {
  const text = files.readText(path);
  return text.ok ? parseCpuList(text.value) : null;
}

/** A whole number, also negative (`numa_node` is -1), alone in its file. */
export function readInteger(files: HostFiles, path: string): number | null {
  const text = files.readText(path);
  return text.ok ? parseInteger(text.value) : null;
}

export function parseInteger(text: string): number | null {
  const trimmed = trimEnd(text);
  if (!/^-?\d{1,20}$/.test(trimmed)) return null;
  const value = Number(trimmed);
  return Number.isSafeInteger(value) ? value : null;
}

/** Some drivers end their files with the NUL of a C string. */
function trimEnd(text: string): string {
  return text.replace(/[\s\0]+$/, "").trimStart();
}

/** `0x10de` → `10de`, lower case, without the prefix, at least `digits` long. */
export function readHex(files: HostFiles, path: string, digits: number): string | null {
  const text = files.readText(path);
  if (!text.ok) return null;
  const match = /^(?:0x)?([0-9a-f]{1,8})$/i.exec(trimEnd(text.value));
  return match === null ? null : (match[1] as string).toLowerCase().padStart(digits, "0");
}

export function readLabel(files: HostFiles, path: string): string | null {
  const text = files.readText(path);
  return text.ok ? cleanLabel(text.value) : null;
}

/** Lines `key value` or `key: value` as a map; later lines do not override earlier ones. */
export function parsePairs(text: string, separator: ":" | " "): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const line of text.split("\n")) {
    const at = line.indexOf(separator);
    if (at <= 0) continue;
    const key = line.slice(0, at).trim();
    if (!pairs.has(key)) pairs.set(key, line.slice(at + 1).trim());
  }
  return pairs;
}

/** Device-tree properties are lists of strings, each ended by NUL. */
export function readDeviceTreeStrings(files: HostFiles, path: string): readonly string[] | null {
  const text = files.readText(path);
  if (!text.ok) return null;
  return text.value
    .split("\0")
    .map((part) => cleanLabel(part))
    .filter((part) => part !== null);
}

/** The last part of a link's target: `../../bus/pci/drivers/nvidia` → `nvidia`. */
export function readLinkName(files: HostFiles, path: string): string | null {
  const target = files.readLink(path);
  if (!target.ok) return null;
  const name = target.value.replace(/\/+$/, "").split("/").pop() ?? "";
  return /^[A-Za-z0-9][A-Za-z0-9._+:-]{0,79}$/.test(name) ? name : null;
}

export function exists(files: HostFiles, path: string): boolean {
  return files.stat(path).ok;
}

/**
 * Is sysfs here as a running kernel shows it? Only then does a missing file mean a missing thing: containers hide
 * parts, copies of a tree leave parts out. These are there on every machine.
 */
export function hasWholeSysfs(files: HostFiles): boolean {
  return exists(files, "/sys/bus/platform") && exists(files, "/sys/class/mem");
}

/** `DDDD:BB:DD.F`; the domain may have more than four digits (VMD, GB10's `000f`). */
export const PCI_ADDRESS = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

/** The innermost PCI function in a sysfs path: the controller that a disk or a node hangs on. */
export function findPciAddress(path: string): string | null {
  const parts = path.split("/").filter((part) => PCI_ADDRESS.test(part));
  return parts.at(-1) ?? null;
}

/** Code-unit order, the same in every locale; numbers inside names by value: `cpu2` before `cpu10`. */
export function compareNatural(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const x = left[i] as string;
    const y = right[i] as string;
    if (x === y) continue;
    const bothNumbers = /^\d/.test(x) && /^\d/.test(y);
    if (bothNumbers && Number(x) !== Number(y)) return Number(x) - Number(y);
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
