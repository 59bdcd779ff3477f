// Which cards leave a host for its guests: named by address at a guest, or in a mapping that the guests name.
// In: the host with its inventory, its guests. Out: each card once, with who may have it.

import type { DocPath } from "../base/diagnostic.ts";
import type { HostSpec, VmSpec } from "../model/fleet.ts";
import type { GpuFacts, Inventory, IommuGroup, PciDevice } from "../model/inventory.ts";

export interface GivenCard {
  /** As written, in lower case. */
  readonly address: string;
  /** Where the spec names it. */
  readonly path: DocPath;
  /** One of them has it at a time. */
  readonly guests: readonly VmSpec[];
  /** The declared mapping it is in. */
  readonly mapping: string | null;
  /** null: the host has no such card, or nobody knows. */
  readonly found: FoundCard | null;
}

export interface FoundCard {
  readonly card: GpuFacts;
  /** In the inventory's list. */
  readonly position: number;
  /** What goes: the card's functions, or the one that the address names. */
  readonly functions: readonly PciDevice[];
  /** Groups that any of them is in. Empty where the inventory has none. */
  readonly groups: readonly IommuGroup[];
  /** A virtual function: its card stays, and it comes into being long after boot. */
  readonly virtual: boolean;
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

/** A virtual function goes without its card. Only the first seven of a card fit into its own slot. */
export function isVirtual(gpu: GpuFacts, address: string): boolean {
  if (gpu.sriov === null || gpu.address === null || gpu.address === address) return false;
  return !isInSlotOf(gpu, address) || /\.[1-7]$/.test(address);
}

export function isInSlotOf(gpu: GpuFacts, address: string): boolean {
  const slotOf = (text: string) => text.replace(/\.[0-7]$/, "");
  return gpu.address !== null && slotOf(gpu.address) === slotOf(address);
}

/** Addresses that guests take, with the words for who has them: `first`, or `one of a, b`. */
export function listTaken(
  spec: HostSpec,
  guests: readonly VmSpec[],
): readonly { readonly address: string; readonly taker: string }[] {
  const direct = guests.flatMap((vm) =>
    vm.gpu !== null && isPciAddress(vm.gpu) ? [{ address: vm.gpu, taker: vm.name }] : [],
  );
  const mapped = listMappings(spec).flatMap(({ name, cards }) => {
    const names = guests.filter((vm) => vm.gpu === name).map((vm) => vm.name);
    const taker =
      names.length > 1 ? `one of ${names.join(", ")}` : (names[0] ?? `whom mapping ${name} names`);
    return cards.map((address) => ({ address, taker }));
  });
  return [...direct, ...mapped];
}

export function listMappings(spec: HostSpec) {
  return spec.kind === "proxmox" ? spec.mappings : [];
}

export function listGivenCards(
  spec: HostSpec,
  inventory: Inventory | null,
  guests: readonly VmSpec[],
): readonly GivenCard[] {
  const direct = guests.flatMap((vm): GivenCard[] => {
    if (vm.gpu === null || !isPciAddress(vm.gpu)) return [];
    const address = vm.gpu.toLowerCase();
    const path = [...vm.at, "gpu"];
    return [{ address, path, guests: [vm], mapping: null, found: findCard(address, inventory) }];
  });
  const mapped = listMappings(spec).flatMap(({ name, cards }) =>
    cards.map((card, i): GivenCard => {
      const address = card.toLowerCase();
      return {
        address,
        path: [...spec.at, "mappings", name, i],
        guests: guests.filter((vm) => vm.gpu === name),
        mapping: name,
        found: findCard(address, inventory),
      };
    }),
  );
  return [...direct, ...mapped];
}

function findCard(address: string, inventory: Inventory | null): FoundCard | null {
  const position = inventory?.gpus?.findIndex((gpu) => isAtAddress(gpu, address)) ?? -1;
  const card = inventory?.gpus?.[position];
  if (inventory === null || card === undefined) return null;
  const all = card.functions.length > 0 ? card.functions : describeWhole(card);
  const functions = all.filter((fn) => fn.address === address || fn.address.startsWith(`${address}.`));
  const own = new Set(functions.map((fn) => fn.address));
  const groups = inventory.iommu.groups.filter(({ devices }) => devices.some((one) => own.has(one.address)));
  return { card, position, functions, groups, virtual: isVirtual(card, address) };
}

/** An inventory corrected by hand may name a card without its functions. */
function describeWhole(card: GpuFacts): readonly PciDevice[] {
  if (card.address === null || card.id === null) return [];
  const { address, id, subsystemId, driver, name } = card;
  return [{ address, id, subsystemId, class: card.class ?? "030000", driver, name, bridge: false }];
}

/** `0000:01:00` and `0000:01:00.0` are the same card. */
export function overlaps(a: GivenCard, b: GivenCard): boolean {
  if (a.address === b.address) return true;
  if (a.address.startsWith(`${b.address}.`) || b.address.startsWith(`${a.address}.`)) return true;
  // A card takes its virtual functions along, wherever they are.
  return a.found !== null && a.found.card === b.found?.card && a.found.virtual !== b.found.virtual;
}
