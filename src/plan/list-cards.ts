// Which cards of a host its runners can be given, and which not and why. Identity is the UUID: an index
// changes when a card is added. In: an inventory and the guests that take cards. Out: cards, in a fixed order.

import type { VmSpec } from "../model/fleet.ts";
import type { GpuFacts, GpuVendor, Inventory } from "../model/inventory.ts";
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
export function listCards(inventory: Inventory, guests: readonly VmSpec[]): readonly Card[] {
  const gpus = (inventory.gpus ?? [])
    .map((gpu, position) => ({ gpu, position }))
    .toSorted((a, b) => compareText(orderKey(a.gpu), orderKey(b.gpu)) || a.position - b.position);
  return gpus.flatMap(({ gpu, position }) => {
    const rank = gpus.filter((o) => o.gpu.vendor === gpu.vendor && rankBefore(o, { gpu, position })).length;
    const guest = guests.find((vm) => vm.gpu !== null && isAtAddress(gpu, vm.gpu))?.name ?? null;
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

/** Anything else that a spec may write is the name of a resource mapping, which the hypervisor resolves. */
export function isPciAddress(text: string): boolean {
  return /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}(?:\.[0-7])?$/i.test(text);
}

/** `0000:01:00` or `0000:01:00.0` of a spec against a card with all its functions. */
export function isAtAddress(gpu: GpuFacts, address: string): boolean {
  const wanted = address.toLowerCase();
  const own = [gpu.address, ...gpu.functions.map((device) => device.address)];
  return own.some(
    (a) => a !== null && (a.toLowerCase() === wanted || a.toLowerCase().startsWith(`${wanted}.`)),
  );
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
