// Neural processing units with a device node: the kernel's accel subsystem (Documentation/accel).
// In: /sys/class/accel. Out: NpuFacts.

import type { NpuFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";
import { compareNatural, findPciAddress, hasWholeSysfs, readLinkName } from "./kernel-formats.ts";

const ACCEL_DIR = "/sys/class/accel";

export function readNpus(files: HostFiles, notes: FactNotes): readonly NpuFacts[] | null {
  const names = files.list(ACCEL_DIR);
  if (!names.ok) {
    // No such class: no driver of that kind is loaded.
    if (names.code === "ENOENT" && hasWholeSysfs(files)) {
      notes.learned("npus", ACCEL_DIR);
      return [];
    }
    notes.unknown("npus", ACCEL_DIR, explainFailure(ACCEL_DIR, names));
    return null;
  }
  notes.learned("npus", ACCEL_DIR);
  return names.value
    .filter((name) => /^accel\d{1,3}$/.test(name))
    .sort(compareNatural)
    .map((name) => {
      const link = files.readLink(`${ACCEL_DIR}/${name}`);
      return {
        node: `/dev/accel/${name}`,
        gid: readGid(files, `/dev/accel/${name}`),
        driver: readLinkName(files, `${ACCEL_DIR}/${name}/device/driver`),
        address: link.ok ? findPciAddress(link.value) : null,
      };
    });
}

function readGid(files: HostFiles, node: string): number | null {
  const stat = files.stat(node);
  return stat.ok ? stat.value.gid : null;
}
