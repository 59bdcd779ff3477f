// The disks that are hardware (or look like it to a guest). In: /sys/block. Out: DiskFacts by name.

import type { DiskFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";
import {
  compareNatural,
  exists,
  findPciAddress,
  PCI_ADDRESS,
  readInteger,
  readLabel,
} from "./kernel-formats.ts";

/** Software devices and drives without a disk of their own; boot partitions of eMMC are parts of mmcblkN. */
const NO_DISK = /^(?:loop|ram|zram|dm-|md|sr|fd|nbd|zd|rbd|drbd|bcache)\d|^mmcblk\d+(?:boot|rpmb)/;
const DISK_NAME = /^[A-Za-z][A-Za-z0-9!_-]{0,31}$/;

export function readDisks(files: HostFiles, notes: FactNotes): readonly DiskFacts[] | null {
  const names = files.list("/sys/block");
  if (!names.ok) {
    notes.unknown("disks", "/sys/block", explainFailure("/sys/block", names));
    return null;
  }
  notes.learned("disks", "/sys/block");
  return names.value
    .filter((name) => DISK_NAME.test(name) && !NO_DISK.test(name))
    .sort(compareNatural)
    .flatMap((name) => readDisk(files, name));
}

function readDisk(files: HostFiles, name: string): readonly DiskFacts[] {
  const dir = `/sys/block/${name}`;
  // The file counts sectors of 512 bytes whatever the disk's own sector size is; 0 is an empty card reader.
  const sectors = readInteger(files, `${dir}/size`);
  if (!exists(files, `${dir}/device`) || sectors === null || sectors <= 0) return [];
  const path = readDevicePath(files, dir);
  const transport = nameTransport(name, path);
  return [
    {
      name,
      sizeGiB: roundSize((sectors * 512) / 2 ** 30),
      rotational: readRotational(files, dir, transport),
      removable: readInteger(files, `${dir}/removable`) === 1,
      transport,
      model: readLabel(files, `${dir}/device/model`) ?? readLabel(files, `${dir}/device/name`),
      pci: findController(files, name, path),
    },
  ];
}

/** Where the device hangs, as the kernel's links spell it: buses are told apart by the words in it. */
function readDevicePath(files: HostFiles, dir: string): string {
  const link = files.readLink(dir);
  const device = files.readLink(`${dir}/device`);
  return `${link.ok ? link.value : ""}/${device.ok ? device.value : ""}`;
}

function nameTransport(name: string, path: string): DiskFacts["transport"] {
  if (name.startsWith("nvme")) return "nvme";
  if (name.startsWith("mmcblk")) return "mmc";
  if (name.startsWith("vd")) return "virtio";
  if (/\/usb\d/.test(path)) return "usb";
  if (/\/ata\d/.test(path)) return "sata";
  if (/\/(?:host|target)\d/.test(path)) return "scsi";
  return null;
}

function readRotational(files: HostFiles, dir: string, transport: DiskFacts["transport"]): boolean | null {
  // virtio-blk says 1 whatever lies below it.
  if (transport === "virtio") return null;
  const value = readInteger(files, `${dir}/queue/rotational`);
  return value === null ? null : value === 1;
}

function findController(files: HostFiles, name: string, path: string): string | null {
  const own = findPciAddress(path);
  if (own !== null) return own;
  // With multipath the disk is virtual, but the controller of the same number still knows its address.
  const controller = /^(nvme\d+)/.exec(name)?.[1];
  const address = controller === undefined ? null : readLabel(files, `/sys/class/nvme/${controller}/address`);
  return address !== null && PCI_ADDRESS.test(address) ? address : null;
}

function roundSize(gib: number): number {
  return gib >= 10 ? Math.round(gib) : Math.round(gib * 10) / 10;
}
