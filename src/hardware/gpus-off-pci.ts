// GPUs that are on no PCI bus the kernel shows: Jetson's (part of the SoC) and those that WSL lends from Windows.
// In: the Tegra marks, nvidia-smi's cards. Out: GpuFacts without an address.

import type { GpuFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { exists, readDeviceTreeStrings } from "./kernel-formats.ts";
import { isTegra, type NvidiaCard } from "./nvidia.ts";

/** Compute capability of the GPU inside each Tegra (NVIDIA's CUDA GPUs page, Jetson table). */
const TEGRA_GPUS: Readonly<Record<string, { readonly name: string; readonly capability: string }>> = {
  "nvidia,tegra210": { name: "Tegra X1", capability: "5.3" },
  "nvidia,tegra186": { name: "Tegra X2", capability: "6.2" },
  "nvidia,tegra194": { name: "Xavier", capability: "7.2" },
  "nvidia,tegra234": { name: "Orin", capability: "8.7" },
};

/** `pciGpus`: what was found on the bus; a card is not listed twice. */
export function readOffPciGpus(
  files: HostFiles,
  cards: readonly NvidiaCard[],
  pciGpus: readonly GpuFacts[],
): readonly GpuFacts[] {
  if (isTegra(files)) {
    // From Thor on the integrated GPU is a PCI device like any other.
    if (pciGpus.some((gpu) => gpu.vendor === "nvidia")) return [];
    return [describeTegra(files, cards[0])];
  }
  if (!exists(files, "/dev/dxg")) return [];
  return cards.map((card) => makeGpu(card, { driver: "dxgkrnl", integrated: null }));
}

function describeTegra(files: HostFiles, card: NvidiaCard | undefined): GpuFacts {
  const compatible = readDeviceTreeStrings(files, "/proc/device-tree/compatible") ?? [];
  const part = compatible.map((name) => TEGRA_GPUS[name]).find((known) => known !== undefined);
  const gpu = makeGpu(card, {
    driver: exists(files, "/sys/module/nvgpu") ? "nvgpu" : null,
    integrated: true,
  });
  return {
    ...gpu,
    name: gpu.name ?? part?.name ?? null,
    computeCapability: gpu.computeCapability ?? part?.capability ?? null,
    bootVga: false,
    // Shared with the processor, whatever a tool calls total.
    memoryMiB: null,
  };
}

function makeGpu(
  card: NvidiaCard | undefined,
  more: { readonly driver: string | null; readonly integrated: boolean | null },
): GpuFacts {
  return {
    address: null,
    vendor: "nvidia",
    name: card?.name ?? null,
    id: null,
    subsystemId: null,
    class: null,
    driver: more.driver,
    functions: [],
    numaNode: null,
    iommuGroup: null,
    bootVga: null,
    integrated: more.integrated,
    passthrough: null,
    memoryMiB: card?.memoryMiB ?? null,
    uuid: card?.uuid ?? null,
    index: card?.index ?? null,
    computeCapability: card?.computeCapability ?? null,
    gfx: null,
    renderNode: null,
    renderGid: null,
    mig: card?.mig ?? [],
    sriov: null,
  };
}
