// A Proxmox node for a test: its cards each with sound and a group of their own, and what else is in the groups.
// In: cards, further devices by group. Out: an inventory.

import type { GpuFacts, Inventory, PciDevice } from "../../src/model/inventory.ts";
import { makeCard, makeInventory } from "./make-fleet.ts";

export const USB: PciDevice = makeDevice("0000:00:14.0", "8086:a36d", "0c0330", "xhci_hcd");
export const DISK: PciDevice = makeDevice("0000:03:00.0", "144d:a80a", "010802", "nvme");
export const NETWORK: PciDevice = makeDevice("0000:05:00.0", "8086:1572", "020000", "i40e");
export const BRIDGE: PciDevice = {
  ...makeDevice("0000:00:01.0", "8086:4c01", "060400", "pcieport"),
  bridge: true,
};
export const DUMMY: PciDevice = makeDevice("0000:00:02.0", "1022:1482", "060000", null);

export function makeDevice(
  address: string,
  id: string,
  deviceClass: string,
  driver: string | null,
): PciDevice {
  return { address, id, subsystemId: null, class: deviceClass, driver, name: null, bridge: false };
}

/** The nth card: `0000:0N:00` with two functions in group N, not yet bound to any driver. */
export function makeNodeCard(number: number, given: Partial<GpuFacts> = {}): GpuFacts {
  const slot = `0000:${String(number).padStart(2, "0")}:00`;
  const id = given.id ?? "10de:2684";
  const subsystemId = "10de:1656";
  const functions = [
    { ...makeDevice(`${slot}.0`, id, "030000", "nouveau"), subsystemId },
    { ...makeDevice(`${slot}.1`, "10de:22ba", "040300", "snd_hda_intel"), subsystemId },
  ];
  return makeCard(number, {
    id,
    subsystemId,
    driver: "nouveau",
    uuid: null,
    index: null,
    functions,
    iommuGroup: number,
    bootVga: false,
    ...given,
  });
}

export function makeNode(
  cards: readonly GpuFacts[],
  others: Readonly<Record<number, readonly PciDevice[]>> = {},
  given: Partial<Inventory> = {},
): Inventory {
  const groups = cards.flatMap((card) => {
    const id = card.iommuGroup;
    return id === null ? [] : [{ id, devices: [...card.functions, ...(others[id] ?? [])] }];
  });
  return makeInventory({
    gpus: cards,
    kernel: { release: "6.17.2-1-pve", proxmox: true, options: [] },
    iommu: { enabled: true, kind: "intel", acsOverride: false, groups },
    docker: "none",
    proxmox: { version: "9.1.1", node: "pve", bootLoader: "grub", bootTool: false },
    ...given,
  });
}
