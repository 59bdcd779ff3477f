// Every display or compute adapter that a job or a guest could use, with everything that its vendor's driver and the
// PCI tree say about it. In: PCI functions, vendor cards. Out: GpuFacts in address order, the adapters left out.

import type { GpuFacts, GpuVendor, PciDevice } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import type { AmdCard } from "./amd.ts";
import { exists, readInteger, readLinkName } from "./kernel-formats.ts";
import type { NvidiaCard } from "./nvidia.ts";
import {
  type PciFunction,
  type PciNames,
  pciPath,
  readIommuGroupId,
  readNumaNodeOf,
  readPciDevice,
  slotOf,
} from "./pci.ts";

/** VGA, XGA, 3D controller, other display (linux/pci_ids.h). */
const DISPLAY_CLASSES = new Set(["0300", "0301", "0302", "0380"]);
/** "Processing accelerator": compute cards of these vendors; Intel's are NPUs and listed as such. */
const ACCELERATOR_CLASS = "1200";
const ACCELERATOR_VENDORS = new Set(["1002", "10de", "1da3"]);

/** Adapters that only draw: consoles of management controllers, and what hypervisors show their guests. */
const NO_GPU_VENDORS: Readonly<Record<string, string>> = {
  "1013": "Cirrus (emulated)",
  "102b": "Matrox management console",
  "1234": "Bochs/QEMU standard VGA",
  "126f": "Silicon Motion management console",
  "1414": "Microsoft virtual display",
  "15ad": "VMware SVGA",
  "18ca": "XGI management console",
  "19e5": "Huawei management console",
  "1a03": "ASPEED management console",
  "1ab8": "Parallels virtual display",
  "1af4": "virtio-gpu",
  "1b36": "QXL",
  "1d0f": "Amazon EC2 console",
  "5853": "Xen virtual display",
  "80ee": "VirtualBox display",
};

const VENDORS: Readonly<Record<string, GpuVendor>> = { "10de": "nvidia", "1002": "amd", "8086": "intel" };

/** NVIDIA parts on PCI that share the processor's memory: GB10 (DGX Spark), Thor. */
const UNIFIED_NVIDIA = new Set(["10de:2e12", "10de:2b00"]);
/** AMD Instinct parts with the processor in the same package: MI300A. */
const UNIFIED_AMD = new Set(["1002:74a0"]);

export const GB10 = "10de:2e12";

export function isDisplay(fn: PciFunction): boolean {
  return DISPLAY_CLASSES.has(fn.class.slice(0, 4));
}

/** Is it one that a job or guest could compute with? Virtual functions belong to their card. */
export function isGpu(files: HostFiles, fn: PciFunction): boolean {
  const accelerator = fn.class.startsWith(ACCELERATOR_CLASS) && ACCELERATOR_VENDORS.has(fn.vendor);
  if (!isDisplay(fn) && !accelerator) return false;
  return !(fn.vendor in NO_GPU_VENDORS) && !exists(files, pciPath(fn.address, "physfn"));
}

/** Consoles and virtual adapters, in words, so that a person does not miss them. */
export function nameLeftOut(files: HostFiles, functions: readonly PciFunction[]): readonly string[] {
  return functions.flatMap((fn) => {
    const what = NO_GPU_VENDORS[fn.vendor];
    if (!isDisplay(fn) || what === undefined) return [];
    const boot =
      readInteger(files, pciPath(fn.address, "boot_vga")) === 1 ? ", shows the firmware console" : "";
    return [`${fn.address} ${what}${boot}`];
  });
}

export interface GpuSources {
  readonly functions: readonly PciFunction[];
  readonly nvidia: readonly NvidiaCard[];
  readonly amd: readonly AmdCard[];
  readonly nameOf: PciNames;
}

/** All but the passthrough verdict, which needs the groups of all cards. */
export function readPciGpus(files: HostFiles, sources: GpuSources): readonly GpuFacts[] {
  return sources.functions.filter((fn) => isGpu(files, fn)).map((fn) => readPciGpu(files, fn, sources));
}

function readPciGpu(files: HostFiles, fn: PciFunction, sources: GpuSources): GpuFacts {
  const functions: readonly PciDevice[] = sources.functions
    .filter((other) => isOfCard(files, other, fn))
    .map((other) => readPciDevice(files, other, sources.nameOf));
  const own = functions.find((device) => device.address === fn.address);
  const vendor = VENDORS[fn.vendor] ?? "other";
  const nvidia = sources.nvidia.find((card) => card.address === fn.address);
  const amd = sources.amd.find((card) => card.address === fn.address);
  const renderNode = findRenderNode(files, fn.address);
  const bootVga = readInteger(files, pciPath(fn.address, "boot_vga"));
  return {
    address: fn.address,
    vendor,
    name: nvidia?.name ?? own?.name ?? null,
    id: `${fn.vendor}:${fn.device}`,
    subsystemId: own?.subsystemId ?? null,
    class: fn.class,
    driver: own?.driver ?? null,
    functions,
    numaNode: readNumaNodeOf(files, fn.address),
    iommuGroup: readIommuGroupId(files, fn.address),
    // The file is there for VGA devices only; a 3D controller shows no console.
    bootVga: bootVga !== null ? bootVga === 1 : fn.class.startsWith("0300") ? null : false,
    integrated: judgeIntegrated(fn, vendor, amd),
    passthrough: null,
    memoryMiB: nvidia?.memoryMiB ?? readVram(files, fn.address),
    uuid: nvidia?.uuid ?? amd?.uuid ?? null,
    index: nvidia?.index ?? null,
    computeCapability: nvidia?.computeCapability ?? null,
    gfx: amd?.gfx ?? null,
    renderNode,
    renderGid: readGid(files, renderNode),
    mig: vendor === "nvidia" ? (nvidia?.mig ?? null) : [],
    sriov: readSriov(files, fn.address),
  };
}

/**
 * What is in the card's slot, and its virtual functions, of which more than seven do not fit there (PCI Express Base
 * Specification, "Single Root I/O Virtualization", First VF Offset and VF Stride).
 */
function isOfCard(files: HostFiles, other: PciFunction, card: PciFunction): boolean {
  const slot = slotOf(card.address);
  if (slotOf(other.address) === slot) return true;
  if (other.vendor !== card.vendor) return false;
  const owner = readLinkName(files, pciPath(other.address, "physfn"));
  return owner !== null && slotOf(owner) === slot;
}

function judgeIntegrated(fn: PciFunction, vendor: GpuVendor, amd: AmdCard | undefined): boolean | null {
  const id = `${fn.vendor}:${fn.device}`;
  if (vendor === "nvidia") return UNIFIED_NVIDIA.has(id);
  // Intel's integrated graphics have been device 2 of the root bus since the i810.
  if (vendor === "intel") return fn.address === "0000:00:02.0";
  if (vendor === "amd") return UNIFIED_AMD.has(id) ? true : (amd?.integrated ?? null);
  return null;
}

/** amdgpu's file, in bytes; i915 and xe have none. */
function readVram(files: HostFiles, address: string): number | null {
  const bytes = readInteger(files, pciPath(address, "mem_info_vram_total"));
  return bytes === null || bytes <= 0 ? null : Math.floor(bytes / (1024 * 1024));
}

function findRenderNode(files: HostFiles, address: string): string | null {
  const names = files.list(pciPath(address, "drm"));
  const node = names.ok ? names.value.find((name) => /^renderD\d{1,4}$/.test(name)) : undefined;
  return node === undefined ? null : `/dev/dri/${node}`;
}

function readGid(files: HostFiles, node: string | null): number | null {
  const stat = node === null ? null : files.stat(node);
  return stat?.ok ? stat.value.gid : null;
}

function readSriov(files: HostFiles, address: string): GpuFacts["sriov"] {
  const totalVfs = readInteger(files, pciPath(address, "sriov_totalvfs"));
  const numVfs = readInteger(files, pciPath(address, "sriov_numvfs"));
  if (totalVfs === null || totalVfs <= 0) return null;
  return { totalVfs, numVfs: numVfs === null || numVfs < 0 ? 0 : numVfs };
}
