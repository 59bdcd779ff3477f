// What the machine calls itself, how its firmware starts it, and whether it is one with rules of its own.
// In: DMI, device tree, EFI variables. Out: MachineFacts.

import type { GpuFacts, MachineFacts, MachineModel } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { readMounts } from "./cgroup-caps.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";
import { GB10 } from "./gpus.ts";
import { exists, readDeviceTreeStrings, readLabel } from "./kernel-formats.ts";
import { isTegra } from "./nvidia.ts";

const DMI_DIR = "/sys/class/dmi/id";
const EFI_DIR = "/sys/firmware/efi";
const SECURE_BOOT = `${EFI_DIR}/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c`;

export function readMachine(
  files: HostFiles,
  gpus: readonly GpuFacts[] | null,
  notes: FactNotes,
): MachineFacts {
  const tree = readDeviceTreeStrings(files, "/proc/device-tree/model")?.[0] ?? null;
  const vendor = readLabel(files, `${DMI_DIR}/sys_vendor`);
  // Built from parts, a machine has no name but its board's.
  const product =
    readLabel(files, `${DMI_DIR}/product_name`) ?? tree ?? readLabel(files, `${DMI_DIR}/board_name`);
  const why = `neither ${DMI_DIR} nor a device tree names it`;
  if (product === null) notes.unknown("machine.product", DMI_DIR, why);
  else notes.learned("machine.product", product === tree ? "/proc/device-tree/model" : DMI_DIR);
  if (vendor !== null) notes.learned("machine.vendor", DMI_DIR);
  else if (tree === null) notes.unknown("machine.vendor", DMI_DIR, why);
  const firmware = readFirmware(files, tree, notes);
  return {
    vendor,
    product,
    model: readModel(files, tree, product, gpus),
    secureBoot: readSecureBoot(files, firmware, notes),
    firmware,
  };
}

function readModel(
  files: HostFiles,
  tree: string | null,
  product: string | null,
  gpus: readonly GpuFacts[] | null,
): MachineModel | null {
  // Other makers sell the same board under their own names, so the chip decides.
  if (gpus?.some((gpu) => gpu.id === GB10 || /\bGB10\b/.test(gpu.name ?? ""))) return "dgx-spark";
  if (product !== null && /^NVIDIA_DGX_Spark$/i.test(product)) return "dgx-spark";
  if (tree?.startsWith("Raspberry Pi")) return "raspberry-pi";
  if (isTegra(files)) return "jetson";
  const version = files.readText("/proc/version");
  return version.ok && /microsoft/i.test(version.value) ? "wsl" : null;
}

function readFirmware(files: HostFiles, tree: string | null, notes: FactNotes): MachineFacts["firmware"] {
  // The file system of EFI variables is mounted only where there are some.
  if (exists(files, EFI_DIR) || readMounts(files).some((mount) => mount.type === "efivarfs")) {
    notes.learned("machine.firmware", EFI_DIR);
    return "uefi";
  }
  if (tree !== null) {
    notes.learned("machine.firmware", "/proc/device-tree/model");
    return "device-tree";
  }
  // Containers hide all of /sys/firmware; micro-VMs have ACPI tables but no firmware. A BIOS leaves DMI.
  if (exists(files, `${DMI_DIR}/bios_vendor`) && exists(files, "/sys/firmware/dmi")) {
    notes.learned("machine.firmware", DMI_DIR);
    return "bios";
  }
  notes.unknown("machine.firmware", "/sys/firmware", "no trace of firmware in /sys/firmware");
  return null;
}

/** The variable's four attribute bytes are followed by 0 or 1 (UEFI specification, Globally Defined Variables). */
function readSecureBoot(
  files: HostFiles,
  firmware: MachineFacts["firmware"],
  notes: FactNotes,
): boolean | null {
  if (firmware !== "uefi" && (firmware !== null || exists(files, "/sys/firmware/acpi"))) {
    notes.learned("machine.secureBoot", "/sys/firmware");
    return false;
  }
  const bytes = files.readBytes(SECURE_BOOT, 8);
  const value = bytes.ok ? bytes.value[4] : undefined;
  if (value === 0 || value === 1) {
    notes.learned("machine.secureBoot", SECURE_BOOT);
    return value === 1;
  }
  // Firmware without Secure Boot has no such variable, but then the others can be listed.
  const variables = files.list(`${EFI_DIR}/efivars`);
  if (!bytes.ok && bytes.code === "ENOENT" && variables.ok && variables.value.length > 0) {
    notes.learned("machine.secureBoot", `${EFI_DIR}/efivars`);
    return false;
  }
  const why =
    firmware === null
      ? "no EFI variables"
      : bytes.ok
        ? "the variable is malformed"
        : explainFailure("SecureBoot variable", bytes);
  notes.unknown("machine.secureBoot", SECURE_BOOT, why);
  return null;
}
