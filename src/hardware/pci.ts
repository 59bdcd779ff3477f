// The PCI functions of the machine. In: /sys/bus/pci/devices (Documentation/ABI/testing/sysfs-bus-pci), pci.ids.
// Out: PciFunction records in address order, and the full PciDevice of those that matter.

import type { PciDevice } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { cleanLabel } from "./clean-text.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";
import { exists, hasWholeSysfs, PCI_ADDRESS, readHex, readInteger, readLinkName } from "./kernel-formats.ts";

const PCI_DIR = "/sys/bus/pci/devices";

/** What decides whether a function matters: read for all of them, so kept small. */
export interface PciFunction {
  readonly address: string;
  readonly vendor: string;
  readonly device: string;
  /** Six hex digits. */
  readonly class: string;
}

export function listPciFunctions(files: HostFiles, notes: FactNotes): readonly PciFunction[] | null {
  const names = files.list(PCI_DIR);
  if (!names.ok) {
    // A kernel without PCI (some ARM boards) has no such folder.
    if (names.code === "ENOENT" && hasWholeSysfs(files)) return [];
    notes.unknown("gpus", PCI_DIR, explainFailure(PCI_DIR, names));
    return null;
  }
  return names.value
    .filter((name) => PCI_ADDRESS.test(name))
    .sort(compareAddresses)
    .flatMap((address) => {
      const vendor = readHex(files, `${PCI_DIR}/${address}/vendor`, 4);
      const device = readHex(files, `${PCI_DIR}/${address}/device`, 4);
      const klass = readHex(files, `${PCI_DIR}/${address}/class`, 6);
      if (vendor === null || device === null || klass === null) return [];
      return [{ address, vendor, device, class: klass }];
    });
}

export function pciPath(address: string, file: string): string {
  return `${PCI_DIR}/${address}/${file}`;
}

/** Everything about one function. `nameOf` may know what it is called. */
export function readPciDevice(files: HostFiles, fn: PciFunction, nameOf: PciNames): PciDevice {
  const subVendor = readHex(files, pciPath(fn.address, "subsystem_vendor"), 4);
  const subDevice = readHex(files, pciPath(fn.address, "subsystem_device"), 4);
  const hasSubsystem = subVendor !== null && subDevice !== null && !/^0+$/.test(subVendor);
  return {
    address: fn.address,
    id: `${fn.vendor}:${fn.device}`,
    subsystemId: hasSubsystem ? `${subVendor}:${subDevice}` : null,
    class: fn.class,
    driver: readLinkName(files, pciPath(fn.address, "driver")),
    name: nameOf(fn.vendor, fn.device),
    bridge: isBridge(files, fn),
  };
}

/** Proxmox's own test (PVE::SysFSTools): bridges have a pci_bus folder; and the class says so. */
function isBridge(files: HostFiles, fn: PciFunction): boolean {
  return fn.class.startsWith("0604") || exists(files, pciPath(fn.address, "pci_bus"));
}

export function readIommuGroupId(files: HostFiles, address: string): number | null {
  const name = readLinkName(files, pciPath(address, "iommu_group"));
  return name !== null && /^\d{1,6}$/.test(name) ? Number(name) : null;
}

export function readNumaNodeOf(files: HostFiles, address: string): number | null {
  const node = readInteger(files, pciPath(address, "numa_node"));
  return node === null || node < 0 ? null : node;
}

/** `0000:01:00.1` → `0000:01:00`: the card that the function belongs to. */
export function slotOf(address: string): string {
  return address.slice(0, address.lastIndexOf("."));
}

/** Domain, bus, device, function as numbers: domains are not all of one length. */
export function compareAddresses(a: string, b: string): number {
  const left = a.split(/[:.]/).map((part) => Number.parseInt(part, 16));
  const right = b.split(/[:.]/).map((part) => Number.parseInt(part, 16));
  for (let i = 0; i < left.length; i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export type PciNames = (vendor: string, device: string) => string | null;

/** Names from the machine's own copy of pci.ids, where it has one. Labels only: old copies lack new cards. */
export function openPciNames(files: HostFiles): PciNames {
  let text: string | null = null;
  return (vendor, device) => {
    text ??= readFirst(files, ["/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"]);
    return findPciName(text, vendor, device);
  };
}

/** Grammar: `vvvv  name`, TAB `dddd  name`, TAB TAB subsystem; the vendors end where the classes (`C 00`) begin. */
export function findPciName(ids: string, vendor: string, device: string): string | null {
  const start = ids.startsWith(`${vendor}  `) ? 0 : ids.indexOf(`\n${vendor}  `) + 1;
  if (start === 0 && !ids.startsWith(`${vendor}  `)) return null;
  const next = /\n[0-9a-fC]/g;
  next.lastIndex = start;
  const end = next.exec(ids)?.index ?? ids.length;
  const block = ids.slice(start, end);
  const at = block.indexOf(`\n\t${device}  `);
  if (at === -1) return null;
  const lineEnd = block.indexOf("\n", at + 1);
  return cleanLabel(block.slice(at + device.length + 4, lineEnd === -1 ? undefined : lineEnd));
}

function readFirst(files: HostFiles, paths: readonly string[]): string {
  for (const path of paths) {
    const text = files.readText(path);
    if (text.ok) return text.value;
  }
  return "";
}
