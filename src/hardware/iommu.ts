// May a card be given to a guest? The IOMMU isolates groups, not devices: whoever passes one member passes all,
// bridges excepted (Documentation/driver-api/vfio.rst, "Groups are the unit of ownership").
// In: /sys/kernel/iommu_groups, /sys/class/iommu, /proc/cmdline. Out: IommuFacts and a verdict for each GPU.

import type { GpuFacts, IommuFacts, IommuGroup, PassthroughVerdict } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";
import { readCommandLine } from "./kernel.ts";
import { hasWholeSysfs, PCI_ADDRESS } from "./kernel-formats.ts";
import { compareAddresses, type PciFunction, type PciNames, readIommuGroupId, readPciDevice } from "./pci.ts";

const GROUPS_DIR = "/sys/kernel/iommu_groups";

/** Units in /sys/class/iommu: `dmar0` (Intel VT-d), `ivhd0` (AMD-Vi), `smmu3.0x…` (ARM). */
const KINDS: readonly (readonly [RegExp, NonNullable<IommuFacts["kind"]>])[] = [
  [/^dmar/, "intel"],
  [/^ivhd/, "amd"],
  [/^(?:arm-)?smmu/, "arm"],
];

/** `ofCards`: functions whose groups are worth a line; the rest would only be noise in a diff. */
export function readIommu(
  files: HostFiles,
  functions: readonly PciFunction[] | null,
  ofCards: ReadonlySet<string>,
  nameOf: PciNames,
  notes: FactNotes,
): IommuFacts {
  const options = readCommandLine(files);
  if (options === null) notes.unknown("iommu.acsOverride", "/proc/cmdline", "/proc/cmdline is not readable");
  else notes.learned("iommu.acsOverride", "/proc/cmdline");
  const acsOverride =
    options === null ? null : options.some((option) => option.startsWith("pcie_acs_override="));
  if (acsOverride === true) {
    notes.remark(
      "pcie_acs_override splits IOMMU groups on paper only: a guest may still reach its neighbours by peer-to-peer DMA.",
    );
  }
  const enabled = readEnabled(files, notes);
  const ids = new Set<number>();
  for (const fn of functions ?? []) {
    if (!ofCards.has(fn.address)) continue;
    const id = readIommuGroupId(files, fn.address);
    if (id !== null) ids.add(id);
  }
  const groups = [...ids].sort((a, b) => a - b).map((id) => readGroup(files, id, functions ?? [], nameOf));
  return { enabled, kind: readKind(files), acsOverride, groups };
}

function readEnabled(files: HostFiles, notes: FactNotes): boolean | null {
  const names = files.list(GROUPS_DIR);
  if (names.ok) {
    notes.learned("iommu.enabled", GROUPS_DIR);
    return names.value.some((id) => {
      // vfio's no-IOMMU mode makes groups that isolate nothing, and names them so.
      const name = files.readText(`${GROUPS_DIR}/${id}/name`);
      return !(name.ok && name.value.trim() === "vfio-noiommu");
    });
  }
  if (names.code === "ENOENT" && hasWholeSysfs(files)) {
    notes.learned("iommu.enabled", GROUPS_DIR);
    return false;
  }
  notes.unknown("iommu.enabled", GROUPS_DIR, explainFailure(GROUPS_DIR, names));
  return null;
}

function readKind(files: HostFiles): IommuFacts["kind"] {
  const units = files.list("/sys/class/iommu");
  if (!units.ok) return null;
  for (const [pattern, kind] of KINDS) if (units.value.some((unit) => pattern.test(unit))) return kind;
  return null;
}

function readGroup(
  files: HostFiles,
  id: number,
  functions: readonly PciFunction[],
  nameOf: PciNames,
): IommuGroup {
  const names = files.list(`${GROUPS_DIR}/${id}/devices`);
  const addresses = new Set(names.ok ? names.value.filter((name) => PCI_ADDRESS.test(name)) : []);
  // The devices' own links say the same; either may be missing in a container.
  for (const fn of functions) if (readIommuGroupId(files, fn.address) === id) addresses.add(fn.address);
  const members = functions.filter((fn) => addresses.has(fn.address));
  return {
    id,
    devices: members
      .map((fn) => readPciDevice(files, fn, nameOf))
      .sort((a, b) => compareAddresses(a.address, b.address)),
  };
}

/** All functions of a card go together, so the groups of all of them count. */
export function judgePassthrough(
  iommu: IommuFacts,
  card: Pick<GpuFacts, "address" | "iommuGroup" | "functions">,
): PassthroughVerdict | null {
  if (card.address === null || iommu.enabled === null) return null;
  if (!iommu.enabled || card.iommuGroup === null) return { kind: "no-iommu" };
  const own = card.functions.map((fn) => fn.address);
  const strangers = iommu.groups
    .filter((group) => group.devices.some((device) => own.includes(device.address)))
    .flatMap((group) => group.devices)
    .filter((device) => !device.bridge && !own.includes(device.address))
    .map((device) => device.address);
  if (strangers.length === 0) return { kind: "isolated" };
  return { kind: "shared", with: [...new Set(strangers)].sort(compareAddresses) };
}
