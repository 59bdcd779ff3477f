// What tells this very machine from its twins: serial numbers and MAC addresses. Only read when a person asks, for
// an inventory is committed and often public. In: DMI or device tree, /sys/block, /sys/class/net. Out:
// IdentifierFacts.

import type { DiskFacts, IdentifierFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { cleanLabel } from "./clean-text.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";
import { compareNatural, exists, readDeviceTreeStrings, readInteger, readLabel } from "./kernel-formats.ts";

const PRODUCT_SERIAL = "/sys/class/dmi/id/product_serial";
const TREE_SERIAL = "/proc/device-tree/serial-number";
const NETWORK = "/sys/class/net";

/** Linux includes/uapi/linux/if_arp.h: ARPHRD_ETHER, which Wi-Fi is too. */
const ETHERNET = 1;
/** Documentation/ABI/testing/sysfs-class-net, addr_assign_type: 0 is the device's own address. */
const PERMANENT = 0;
const MAC = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/;
/** The kernel's own limit for names (IFNAMSIZ is 16 with the NUL); nothing of it can be a path. */
const INTERFACE_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,14}$/;

export function readIdentifiers(
  files: HostFiles,
  disks: readonly DiskFacts[] | null,
  notes: FactNotes,
): IdentifierFacts {
  return {
    productSerial: readProductSerial(files, notes),
    disks: readDiskSerials(files, disks, notes),
    interfaces: readInterfaces(files, notes),
  };
}

function readProductSerial(files: HostFiles, notes: FactNotes): string | null {
  const text = files.readText(PRODUCT_SERIAL);
  const serial = text.ok ? cleanLabel(text.value) : (readDeviceTreeStrings(files, TREE_SERIAL)?.[0] ?? null);
  if (serial !== null) notes.learned("identifiers.productSerial", text.ok ? PRODUCT_SERIAL : TREE_SERIAL);
  else {
    const why = text.ok ? "the maker left it empty" : explainFailure(PRODUCT_SERIAL, text);
    notes.unknown("identifiers.productSerial", PRODUCT_SERIAL, why);
  }
  return serial;
}

function readDiskSerials(
  files: HostFiles,
  disks: readonly DiskFacts[] | null,
  notes: FactNotes,
): IdentifierFacts["disks"] {
  if (disks === null) {
    notes.unknown("identifiers.disks", "/sys/block", "the disks are not known");
    return null;
  }
  notes.learned("identifiers.disks", "/sys/block");
  return disks.flatMap(({ name }) => {
    const serial = readDiskSerial(files, `/sys/block/${name}`);
    return serial === null ? [] : [{ name, serial }];
  });
}

/** NVMe and eMMC say it below `device`, virtio beside it, SCSI and SATA only in a page of vital product data. */
function readDiskSerial(files: HostFiles, dir: string): string | null {
  const plain = readLabel(files, `${dir}/device/serial`) ?? readLabel(files, `${dir}/serial`);
  if (plain !== null) return plain;
  // SPC-4 section 7.8: page code 0x80, its length in bytes 2 and 3, then the serial number.
  const page = files.readBytes(`${dir}/device/vpd_pg80`, 260);
  if (!page.ok || page.value[1] !== 0x80) return null;
  const length = ((page.value[2] ?? 0) << 8) | (page.value[3] ?? 0);
  return cleanLabel(new TextDecoder().decode(page.value.subarray(4, 4 + length)));
}

function readInterfaces(files: HostFiles, notes: FactNotes): IdentifierFacts["interfaces"] {
  const names = files.list(NETWORK);
  if (!names.ok) {
    notes.unknown("identifiers.interfaces", NETWORK, explainFailure(NETWORK, names));
    return null;
  }
  notes.learned("identifiers.interfaces", NETWORK);
  return [...names.value]
    .filter((name) => INTERFACE_NAME.test(name))
    .sort(compareNatural)
    .flatMap((name) => {
      const mac = readOwnAddress(files, `${NETWORK}/${name}`);
      return mac === null ? [] : [{ name, mac }];
    });
}

/** Of hardware only, and only what stays: bridges have no device, random addresses change with every boot. */
function readOwnAddress(files: HostFiles, dir: string): string | null {
  if (!exists(files, `${dir}/device`) || readInteger(files, `${dir}/type`) !== ETHERNET) return null;
  // A member of a bond bears the bond's address and keeps its own here.
  const bonded = readMac(files, `${dir}/bonding_slave/perm_hwaddr`);
  if (bonded !== null) return bonded;
  return readInteger(files, `${dir}/addr_assign_type`) === PERMANENT
    ? readMac(files, `${dir}/address`)
    : null;
}

function readMac(files: HostFiles, path: string): string | null {
  const mac = readLabel(files, path)?.toLowerCase() ?? "";
  return MAC.test(mac) && mac !== "00:00:00:00:00:00" ? mac : null;
}
