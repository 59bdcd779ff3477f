// What kind of thing a PCI function is, in words, and whether a host can do without it. In: its class and driver.
// Out: words; a drawing of an IOMMU group. Classes: PCI Code and ID Assignment Specification, chapter 1.

import type { DiskFacts, IommuGroup, PciDevice } from "../model/inventory.ts";

const KINDS: readonly (readonly [prefix: string, name: string])[] = [
  ["01", "disk controller"],
  ["02", "network"],
  ["03", "display"],
  ["0403", "sound"],
  ["04", "multimedia"],
  ["05", "memory controller"],
  ["0600", "host bridge"],
  ["0601", "ISA bridge"],
  ["06", "bridge"],
  ["08", "system device"],
  ["0c03", "USB controller"],
  ["0c05", "SMBus"],
  ["0c80", "serial bus"],
  ["12", "accelerator"],
];

/** Base classes and classes without which a host is cut off, halts, or loses its sensors. */
const VITAL = ["01", "02", "05", "0601", "08", "0c05"];

export function nameKind(device: Pick<PciDevice, "class">): string {
  const matching = KINDS.filter(([prefix]) => device.class.startsWith(prefix));
  const longest = matching.toSorted((a, b) => b[0].length - a[0].length)[0];
  return longest?.[1] ?? `device of class ${device.class.slice(0, 4)}`;
}

export function isDisplay(device: Pick<PciDevice, "class">): boolean {
  return device.class.startsWith("03");
}

export function isVital(device: PciDevice): boolean {
  return VITAL.some((prefix) => device.class.startsWith(prefix));
}

/**
 * Bridges stay with the host (PVE::SysFSTools skips them, vfio takes pcieport for harmless). So does a host bridge
 * that no driver holds: AMD's root complexes have one in every group, with nothing behind it.
 */
export function staysBehind(device: PciDevice): boolean {
  return device.bridge || (device.class.startsWith("0600") && device.driver === null);
}

/** `0000:03:00.0 (disk controller nvme0n1, driver nvme)` */
export function describeDevice(device: PciDevice, disks: readonly DiskFacts[]): string {
  const names = disks.filter(({ pci }) => pci === device.address).map(({ name }) => name);
  const kind = [nameKind(device), ...names].join(" ");
  return `${device.address} (${device.driver === null ? kind : `${kind}, driver ${device.driver}`})`;
}

/** The group as a tree, one line for each member with what becomes of it. */
export function drawGroup(
  host: string,
  group: IommuGroup,
  going: ReadonlySet<string>,
  taker: string,
): readonly string[] {
  const rows = group.devices.map((device) => [
    device.address,
    nameKind(device),
    device.driver ?? "no driver",
    going.has(device.address) ? `goes to ${taker}` : staysBehind(device) ? "stays" : "would be taken along",
  ]);
  const widths = [0, 1, 2].map((i) => Math.max(0, ...rows.map((row) => (row[i] as string).length)));
  return [
    `IOMMU group ${group.id} of ${host}`,
    ...rows.map((row, i) => {
      const branch = i === rows.length - 1 ? "└─" : "├─";
      const cells = row.map((cell, c) => cell.padEnd(widths[c] ?? 0));
      return `${branch} ${cells.join("  ")}`.trimEnd();
    }),
  ];
}
