// AMD compute (ROCm): the kernel's KFD topology names the compute engine, the DRM files the memory.
// In: /sys/class/kfd, /dev/kfd, /dev/dri. Out: AmdFacts, and per-card facts by PCI address.

import type { AmdFacts, GpuFacts, None } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import type { FactNotes } from "./fact-notes.ts";
import { exists, parsePairs } from "./kernel-formats.ts";

const NODES_DIR = "/sys/class/kfd/kfd/topology/nodes";
const AMD_VENDOR = 0x1002;

/** Engines that are part of a processor and use its memory (LLVM's AMDGPU usage guide, "APU" rows). */
const APU_ENGINES = new Set([
  "gfx902",
  "gfx909",
  "gfx90c",
  "gfx1013",
  "gfx1033",
  "gfx1035",
  "gfx1036",
  "gfx1037",
  "gfx1103",
  "gfx1150",
  "gfx1151",
  "gfx1152",
  "gfx1153",
]);

export interface AmdCard {
  readonly address: string;
  readonly gfx: string | null;
  readonly uuid: string | null;
  readonly integrated: boolean | null;
}

/** Nodes with `simd_count` above 0 are GPUs; values are decimal, also the vendor (kfd_topology.c). */
export function readAmdCards(files: HostFiles): readonly AmdCard[] {
  const names = files.list(NODES_DIR);
  if (!names.ok) return [];
  const cards = new Map<string, AmdCard>();
  for (const name of names.value) {
    const text = files.readText(`${NODES_DIR}/${name}/properties`);
    if (!text.ok) continue;
    const properties = parsePairs(text.value, " ");
    const number = (key: string): number => toCount(properties.get(key));
    if (number("simd_count") === 0 || number("vendor_id") !== AMD_VENDOR) continue;
    const address = formatLocation(number("domain"), number("location_id"));
    const gfx = nameGfx(number("gfx_target_version"));
    // A partitioned MI300 has several nodes at one address: they are one card.
    if (cards.has(address)) continue;
    cards.set(address, {
      address,
      gfx,
      uuid: formatUniqueId(properties.get("unique_id")),
      integrated: judgeIntegrated(gfx, number("cpu_cores_count")),
    });
  }
  return [...cards.values()];
}

/** major*10000 + minor*100 + step → `gfx` + major + hex(minor) + hex(step): 90010 is gfx90a, 110501 gfx1151. */
export function nameGfx(version: number): string | null {
  if (version <= 0 || version > 999_999) return null;
  const major = Math.floor(version / 10_000);
  const minor = Math.floor(version / 100) % 100;
  return `gfx${major}${minor.toString(16)}${(version % 100).toString(16)}`;
}

/** location_id = bus<<8 | device<<3 | function. */
function formatLocation(domain: number, location: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  return `${hex(domain, 4)}:${hex((location >> 8) & 0xff, 2)}:${hex((location >> 3) & 0x1f, 2)}.${location & 7}`;
}

/** The spelling that ROCR_VISIBLE_DEVICES takes: `GPU-` and 16 hex digits. 0 on cards without one. */
function formatUniqueId(text: string | undefined): string | null {
  if (text === undefined || !/^\d{1,20}$/.test(text)) return null;
  const value = BigInt(text);
  return value === 0n || value >= 1n << 64n ? null : `GPU-${value.toString(16).padStart(16, "0")}`;
}

function judgeIntegrated(gfx: string | null, cpuCores: number): boolean | null {
  if (cpuCores > 0) return true;
  return gfx === null ? null : APU_ENGINES.has(gfx);
}

export function readAmd(
  files: HostFiles,
  gpus: readonly GpuFacts[] | null,
  notes: FactNotes,
): AmdFacts | None | null {
  const kfd = files.stat("/dev/kfd");
  const hasCard = gpus?.some((gpu) => gpu.vendor === "amd") ?? null;
  if (!kfd.ok && hasCard === null) {
    notes.unknown("amd", "/dev/kfd", "the PCI devices are not readable");
    return null;
  }
  const nodes = listDriNodes(files);
  // A copied root, or a container: nodes that the kernel made are not in this /dev, so what is not there says nothing.
  if (!kfd.ok && nodes.length === 0 && gpus?.some(({ renderNode }) => renderNode !== null) === true) {
    notes.unknown("amd", "/dev/kfd", "the devices of this machine are not in /dev");
    return null;
  }
  notes.learned("amd", "/dev/kfd");
  if (!kfd.ok && hasCard !== true) return "none";
  const render = nodes.find((node) => node.startsWith("renderD"));
  const card = nodes.find((node) => node.startsWith("card"));
  const renderGid = kfd.ok ? kfd.value.gid : readGid(files, render);
  const videoGid = readGid(files, card);
  if (renderGid === null) notes.unknown("amd.renderGid", "/dev/dri", "no render node in /dev/dri");
  if (videoGid === null) notes.unknown("amd.videoGid", "/dev/dri", "no card node in /dev/dri");
  return { kfd: kfd.ok, renderGid, videoGid };
}

function listDriNodes(files: HostFiles): readonly string[] {
  const names = files.list("/dev/dri");
  return names.ok ? names.value : [];
}

function readGid(files: HostFiles, node: string | undefined): number | null {
  if (node === undefined || !exists(files, `/dev/dri/${node}`)) return null;
  const stat = files.stat(`/dev/dri/${node}`);
  return stat.ok ? stat.value.gid : null;
}

function toCount(text: string | undefined): number {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : 0;
}
