// Which cards of a host its runners can be given, and which not and why. Identity is the UUID: an index
// changes when a card is added. In: an inventory and what guests take of it. Out: cards, in a fixed order.

import type { GpuFacts, GpuVendor, Inventory } from "../model/inventory.ts";
import { isAtAddress, isVirtual } from "./give-away.ts";
import type { Card } from "./site.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Drivers under which a card serves jobs of the host itself; others hold it for a guest or cannot compute. */
const WORKING_DRIVERS: Readonly<Record<GpuVendor, readonly string[]>> = {
  nvidia: ["nvidia", "nvgpu"],
  amd: ["amdgpu"],
  intel: ["i915", "xe"],
  other: [],
};

/** Discrete before integrated, then by address: the same machine always gives the same order. */
export function listCards(
  inventory: Inventory,
  taken: readonly { readonly address: string; readonly taker: string }[],
): readonly Card[] {
  const gpus = (inventory.gpus ?? [])
    .map((gpu, position) => ({ gpu, position }))
    .toSorted((a, b) => compareText(orderKey(a.gpu), orderKey(b.gpu)) || a.position - b.position);
  return gpus.flatMap(({ gpu, position }) => {
    const rank = gpus.filter((o) => o.gpu.vendor === gpu.vendor && rankBefore(o, { gpu, position })).length;
    const guest =
      taken.find(({ address }) => isAtAddress(gpu, address) && !isVirtual(gpu, address))?.taker ?? null;
    const card = describeCard(gpu, { position, rank, guest, inventory });
    if (gpu.mig === null || gpu.mig.length === 0) return [card];
    return gpu.mig.map((device) => ({
      ...card,
      gpu: {
        ...card.gpu,
        id: device.uuid,
        selector: device.uuid,
        name: `${gpu.name ?? "NVIDIA card"} (MIG ${device.profile})`,
      },
      mig: device.profile,
      memory: readProfileMemory(device.profile),
    }));
  });
}

interface Surroundings {
  readonly position: number;
  /** Number among the cards of its vendor, in PCI order: what AMD's and Intel's variables count by. */
  readonly rank: number;
  readonly guest: string | null;
  readonly inventory: Inventory;
}

function describeCard(gpu: GpuFacts, { position, rank, guest, inventory }: Surroundings): Card {
  const selector = chooseSelector(gpu, rank, inventory);
  return {
    gpu: {
      vendor: gpu.vendor,
      id: readUuid(gpu) ?? gpu.address ?? gpu.renderNode ?? `${gpu.vendor}-${rank}`,
      selector: selector ?? "",
      name: gpu.name,
      address: gpu.address,
      renderNode: gpu.renderNode,
      index: gpu.index,
    },
    vendor: gpu.vendor,
    memory: readMemory(gpu, inventory),
    mig: null,
    renderGid: gpu.renderGid ?? (gpu.vendor === "amd" ? readAmdGid(inventory) : null),
    position,
    unusable: guest !== null ? `given to the guest \`${guest}\`` : findObstacle(gpu, selector),
    guest,
  };
}

function findObstacle(gpu: GpuFacts, selector: string | null): string | null {
  if (gpu.driver !== null && !WORKING_DRIVERS[gpu.vendor].includes(gpu.driver)) {
    return `bound to the driver ${gpu.driver}`;
  }
  if (gpu.vendor !== "nvidia" && gpu.renderNode === null) return "without a render node";
  if (selector === null) return "known by neither UUID nor index";
  return null;
}

function chooseSelector(gpu: GpuFacts, rank: number, inventory: Inventory): string | null {
  if (gpu.vendor === "amd") return readAmdUuid(gpu.uuid) ?? String(rank);
  if (gpu.vendor !== "nvidia") return String(rank);
  const uuid = readUuid(gpu);
  if (uuid !== null) return uuid;
  if (gpu.index !== null) return String(gpu.index);
  const isOnlyOne = (inventory.gpus ?? []).filter((other) => other.vendor === "nvidia").length === 1;
  return isOnlyOne ? "0" : null;
}

/** The kernel prints question marks for the UUID of a card that was never used since boot. */
function readUuid(gpu: GpuFacts): string | null {
  return gpu.uuid === null || gpu.uuid.includes("?") ? null : gpu.uuid;
}

/** ROCR_VISIBLE_DEVICES takes `GPU-` and sixteen hex digits (ROCm documentation, "GPU isolation techniques"). */
function readAmdUuid(uuid: string | null): string | null {
  const digits = /^(?:GPU-|0x)?([0-9a-f]{16})$/i.exec(uuid ?? "")?.[1];
  return digits === undefined ? null : `GPU-${digits.toLowerCase()}`;
}

function readAmdGid(inventory: Inventory): number | null {
  return inventory.amd === null || inventory.amd === "none" ? null : inventory.amd.renderGid;
}

/** A card that shares the machine's memory has all of it (GB10, Jetson, most integrated ones). */
function readMemory(gpu: GpuFacts, inventory: Inventory): number | null {
  if (gpu.memoryMiB !== null) return gpu.memoryMiB * MIB;
  const total = inventory.memory.totalMiB;
  return inventory.memory.unified === true && total !== null ? total * MIB : null;
}

/** `1g.10gb` → 10 GiB; NVIDIA rounds in both directions. */
function readProfileMemory(profile: string): number | null {
  const size = /\.(\d+)gb/.exec(profile)?.[1];
  return size === undefined ? null : Number(size) * GIB;
}

function orderKey(gpu: GpuFacts): string {
  return `${gpu.integrated === true ? 1 : 0} ${gpu.address ?? "~"} ${String(gpu.index ?? 0).padStart(4, "0")}`;
}

interface Placed {
  readonly gpu: GpuFacts;
  readonly position: number;
}

function rankBefore(a: Placed, b: Placed): boolean {
  const order = compareText(a.gpu.address ?? "~", b.gpu.address ?? "~");
  return order < 0 || (order === 0 && a.position < b.position);
}

/** By code unit: the same in every locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
