// Which foreign platforms the kernel hands to QEMU. In: /proc/sys/fs/binfmt_misc
// (Documentation/admin-guide/binfmt-misc.rst). Out: BinfmtFacts by platform.

import type { BinfmtFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { cleanText } from "./clean-text.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";
import { exists } from "./kernel-formats.ts";

const BINFMT_DIR = "/proc/sys/fs/binfmt_misc";

/** QEMU's name of the target → the platform word of Docker and OCI images. */
const PLATFORMS: ReadonlyMap<string, string> = new Map([
  ["aarch64", "linux/arm64"],
  ["arm", "linux/arm/v7"],
  ["i386", "linux/386"],
  ["loongarch64", "linux/loong64"],
  ["mips64", "linux/mips64"],
  ["mips64el", "linux/mips64le"],
  ["ppc64le", "linux/ppc64le"],
  ["riscv64", "linux/riscv64"],
  ["s390x", "linux/s390x"],
  ["x86_64", "linux/amd64"],
]);

export function readBinfmt(files: HostFiles, notes: FactNotes): readonly BinfmtFacts[] | null {
  const names = files.list(BINFMT_DIR);
  if (!names.ok && names.code !== "ENOENT") {
    notes.unknown("binfmt", BINFMT_DIR, explainFailure(BINFMT_DIR, names));
    return null;
  }
  if (!names.ok || !names.value.includes("status")) {
    // The module is loaded on demand, so "not mounted" is not "cannot".
    const why = exists(files, "/proc/self")
      ? `binfmt_misc is not mounted at ${BINFMT_DIR}`
      : `no ${BINFMT_DIR}`;
    notes.unknown("binfmt", BINFMT_DIR, why);
    return null;
  }
  notes.learned("binfmt", BINFMT_DIR);
  const all = readStatus(files);
  const found = names.value
    .filter((name) => name !== "status" && name !== "register")
    .flatMap((name) => readEntry(files, name, all));
  const unique = new Map(found.map((entry) => [`${entry.platform} ${entry.interpreter}`, entry]));
  return [...unique.values()].sort((a, b) =>
    a.platform < b.platform ? -1 : a.platform > b.platform ? 1 : 0,
  );
}

function readStatus(files: HostFiles): boolean {
  const status = files.readText(`${BINFMT_DIR}/status`);
  return !(status.ok && status.value.trim() === "disabled");
}

/** The entry's own name is free; the interpreter's says which QEMU it is. */
function readEntry(files: HostFiles, name: string, allEnabled: boolean): readonly BinfmtFacts[] {
  const text = files.readText(`${BINFMT_DIR}/${name}`);
  if (!text.ok) return [];
  const interpreter = cleanText(/^interpreter (.+)$/m.exec(text.value)?.[1] ?? "", 200);
  // `/usr/bin/qemu-aarch64-static`; Debian 13 has `/usr/libexec/qemu-binfmt/aarch64-binfmt-P`.
  const target = /\/qemu-(?:binfmt\/)?([a-z0-9_]+)(?:-static|-binfmt|-binfmt-P)?$/.exec(
    interpreter ?? "",
  )?.[1];
  const platform = PLATFORMS.get(target ?? "");
  if (interpreter === null || platform === undefined) return [];
  const flags = /^flags: ?(\S*)$/m.exec(text.value)?.[1] ?? "";
  const enabled = allEnabled && /^enabled$/m.test(text.value);
  return [{ platform, interpreter, fixBinary: flags.includes("F"), enabled }];
}
