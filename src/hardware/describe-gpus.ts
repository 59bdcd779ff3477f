// The GPU part of the page: each card with what it is, who has it, and whether a guest may get it.
// In: an inventory. Out: rows.

import type { GpuFacts, Inventory, PciDevice } from "../model/inventory.ts";
import { type Row, row } from "./page-lines.ts";

/** PCI base and sub class in words, for the functions and neighbours of a card. */
const CLASSES: readonly (readonly [string, string])[] = [
  ["0300", "VGA"],
  ["0302", "3D controller"],
  ["03", "display"],
  ["0403", "audio"],
  ["0c03", "USB"],
  ["0c80", "serial bus"],
  ["0108", "NVMe"],
  ["0106", "SATA"],
  ["01", "storage"],
  ["0200", "Ethernet"],
  ["02", "network"],
  ["0604", "PCI bridge"],
  ["06", "bridge"],
  ["12", "accelerator"],
];

export function describeGpus(inventory: Inventory): readonly Row[] {
  if (inventory.gpus === null) return row("", "not known");
  if (inventory.gpus.length === 0) return row("", "none");
  return inventory.gpus.flatMap((gpu) => describeGpu(gpu, inventory));
}

function describeGpu(gpu: GpuFacts, inventory: Inventory): readonly Row[] {
  const index = gpu.index === null ? null : `nvidia-smi index ${gpu.index}`;
  return [
    ...row(gpu.address ?? "on the chip", gpu.name ?? `${gpu.vendor} ${gpu.id ?? "GPU"}`, describeKind(gpu)),
    ...row(
      "",
      describeMemory(gpu),
      nameCapability(gpu),
      gpu.driver === null ? "no driver" : `driver ${gpu.driver}`,
    ),
    ...row("", gpu.uuid, index),
    ...row("", describeNode(gpu), gpu.numaNode === null ? null : `NUMA node ${gpu.numaNode}`),
    ...(gpu.mig ?? []).flatMap((mig) => row("", `MIG ${mig.profile} ${mig.uuid}`)),
    ...row("", describeVfs(gpu)),
    ...describeVerdict(gpu, inventory),
  ];
}

function describeKind(gpu: GpuFacts): string | null {
  const kind = gpu.integrated === true ? "part of the processor" : null;
  const boot = gpu.bootVga === true ? "shows the firmware console" : null;
  const id = gpu.name === null ? null : gpu.id;
  return [id, kind, boot].filter((part) => part !== null).join(", ") || null;
}

function describeMemory(gpu: GpuFacts): string | null {
  if (gpu.memoryMiB !== null) return `${gpu.memoryMiB} MiB`;
  return gpu.integrated === true ? "shares the machine's memory" : "memory not known";
}

function nameCapability(gpu: GpuFacts): string | null {
  if (gpu.computeCapability !== null) return `compute capability ${gpu.computeCapability}`;
  return gpu.gfx;
}

function describeNode(gpu: GpuFacts): string | null {
  if (gpu.renderNode === null) return null;
  return gpu.renderGid === null ? gpu.renderNode : `${gpu.renderNode} (group ${gpu.renderGid})`;
}

function describeVfs(gpu: GpuFacts): string | null {
  return gpu.sriov === null ? null : `${gpu.sriov.numVfs} of ${gpu.sriov.totalVfs} virtual functions`;
}

function describeVerdict(gpu: GpuFacts, { iommu }: Inventory): readonly Row[] {
  const { passthrough: verdict } = gpu;
  if (verdict === null) return row("", gpu.address === null ? null : "passthrough not known");
  if (verdict.kind === "no-iommu") return row("", "passthrough impossible: no IOMMU group");
  const trust = iommu.acsOverride === true ? " (on paper only: pcie_acs_override)" : "";
  const head =
    verdict.kind === "isolated"
      ? `passthrough possible, isolated${trust}`
      : "passthrough unsafe, shares its IOMMU group";
  const own = gpu.functions.map((fn) => fn.address);
  const groups = iommu.groups.filter((group) => group.devices.some((device) => own.includes(device.address)));
  return [
    ...row("", head),
    ...groups.flatMap((group) =>
      group.devices.flatMap((device) => row("", `  group ${group.id}: ${describeMember(device, gpu)}`)),
    ),
  ];
}

function describeMember(device: PciDevice, gpu: GpuFacts): string {
  const mine = gpu.functions.some(({ address }) => address === device.address);
  const what = device.bridge ? "PCI bridge" : nameClass(device.class);
  const driver = device.driver === null ? "" : `, driver ${device.driver}`;
  const foreign = mine || device.bridge ? "" : " ← not part of the card";
  return `${device.address} ${device.name ?? device.id} (${what}${driver})${foreign}`;
}

function nameClass(klass: string): string {
  return CLASSES.find(([prefix]) => klass.startsWith(prefix))?.[1] ?? `class ${klass}`;
}
