// Can this host run guests? In: /dev/kvm, the kvm modules' parameters. Out: KvmFacts.

import type { KvmFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";
import { exists } from "./kernel-formats.ts";

export function readKvm(files: HostFiles, notes: FactNotes): KvmFacts {
  const node = "/dev/kvm";
  const stat = files.stat(node);
  const nested = readNested(files);
  if (!stat.ok) {
    if (stat.code === "ENOENT" && exists(files, "/dev/null")) {
      notes.learned("kvm.present", node);
      return { present: false, usable: false, gid: null, nested };
    }
    for (const fact of ["kvm.present", "kvm.usable"]) notes.unknown(fact, node, explainFailure(node, stat));
    return { present: null, usable: null, gid: null, nested };
  }
  notes.learned("kvm.present", node);
  const opened = files.openReadWrite(node);
  notes.learned("kvm.usable", node);
  // ENODEV, EACCES, EPERM: there, and of no use to whoever asks. A node alone proves nothing.
  return { present: true, usable: opened.ok, gid: stat.value.gid, nested };
}

/** `Y` or `1` by the age of the module; without the module there is nothing to nest. */
function readNested(files: HostFiles): boolean | null {
  for (const module of ["kvm_intel", "kvm_amd"]) {
    const text = files.readText(`/sys/module/${module}/parameters/nested`);
    if (text.ok) return /^[Y1]/.test(text.value.trim());
  }
  return null;
}
