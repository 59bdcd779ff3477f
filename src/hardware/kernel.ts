// Which kernel, for which processor, started with which options that matter to passthrough and containers.
// In: /proc/sys/kernel, /proc/version, /proc/cmdline, the header of a program. Out: KernelFacts and Arch.

import type { Arch, KernelFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { cleanText } from "./clean-text.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";

/** Anything else stays out: command lines carry host names, disk ids, sometimes passwords. */
const OPTIONS_THAT_MATTER =
  /^(?:intel_iommu|amd_iommu|iommu|iommu\.(?:passthrough|strict)|arm-smmu(?:-v3)?\.[a-z_]+|pcie_acs_override|vfio(?:[-_][a-z0-9]+)*\.[a-z_]+|initcall_blacklist|video|nomodeset|console|systemd\.unified_cgroup_hierarchy|cgroup_(?:enable|disable|no_v1)|swapaccount|isolcpus|nohz_full|hugepages|hugepagesz|default_hugepagesz|kvm(?:_[a-z]+)?\.[a-z_]+|(?:rd\.driver\.|module_|modprobe\.)blacklist|nouveau\.modeset|nvidia[-_]drm\.[a-z]+|pci)(?:=|$)/;

/** uname's machine → the word of GitHub's runner downloads. */
const ARCHES: ReadonlyMap<string, Arch> = new Map<string, Arch>([
  ["x86_64", "x64"],
  ["amd64", "x64"],
  ["aarch64", "arm64"],
  ["arm64", "arm64"],
  ["armv6l", "arm"],
  ["armv7l", "arm"],
  ["armv8l", "arm"],
  ["riscv64", "riscv64"],
  ["ppc64le", "ppc64le"],
  ["s390x", "s390x"],
]);

/** e_machine of an ELF header (elf.h). */
const ELF_MACHINES: Readonly<Record<number, Arch>> = {
  3: "other",
  21: "ppc64le",
  22: "s390x",
  40: "arm",
  62: "x64",
  183: "arm64",
  243: "riscv64",
};

export function readKernel(files: HostFiles, notes: FactNotes): KernelFacts | null {
  const path = "/proc/sys/kernel/osrelease";
  const text = files.readText(path);
  const version = files.readText("/proc/version");
  const fromVersion = version.ok ? /^Linux version (\S+)/.exec(version.value)?.[1] : undefined;
  const release = cleanText(text.ok ? text.value : (fromVersion ?? ""));
  if (release === null) {
    notes.unknown("kernel", path, text.ok ? `${path} is empty` : explainFailure(path, text));
    return null;
  }
  notes.learned("kernel", text.ok ? path : "/proc/version");
  return { release, proxmox: /-pve(?:$|[^a-z])/.test(release), options: readKernelOptions(files, notes) };
}

function readKernelOptions(files: HostFiles, notes: FactNotes): readonly string[] {
  const options = readCommandLine(files);
  if (options === null) {
    notes.unknown("kernel.options", "/proc/cmdline", "/proc/cmdline is not readable");
    return [];
  }
  notes.learned("kernel.options", "/proc/cmdline");
  return [...new Set(options.filter((option) => OPTIONS_THAT_MATTER.test(option)))].slice(0, 64);
}

/** The words of the kernel command line, null where it cannot be read. */
export function readCommandLine(files: HostFiles): readonly string[] | null {
  const text = files.readText("/proc/cmdline");
  if (!text.ok) return null;
  return text.value
    .trim()
    .split(/\s+/)
    .map((option) => cleanText(option))
    .filter((option) => option !== null);
}

export function readArch(files: HostFiles, notes: FactNotes): Arch | null {
  const userland = readElfArch(files);
  const kernel = readKernelArch(files);
  if (kernel === null) {
    if (userland === null)
      notes.unknown("arch", "/proc/sys/kernel/arch", "neither the kernel nor /bin/sh tells");
    else notes.learned("arch", userland.from);
    return userland?.arch ?? null;
  }
  notes.learned("arch", kernel.from);
  if (userland !== null && userland.arch !== kernel.arch) {
    notes.remark(
      `The kernel is ${kernel.arch} but the programs are ${userland.arch}: a process runner must be ${userland.arch}, containers may be ${kernel.arch}.`,
    );
  }
  return kernel.arch;
}

function readKernelArch(files: HostFiles): { readonly arch: Arch; readonly from: string } | null {
  // Since Linux 6.1.
  const path = "/proc/sys/kernel/arch";
  const text = files.readText(path);
  const word = text.ok ? text.value.trim() : "";
  if (word !== "") return { arch: ARCHES.get(word) ?? "other", from: path };
  const cpuinfo = files.readText("/proc/cpuinfo");
  const guess = cpuinfo.ok ? guessArch(cpuinfo.value) : null;
  return guess === null ? null : { arch: guess, from: "/proc/cpuinfo" };
}

function guessArch(cpuinfo: string): Arch | null {
  // `lm`: long mode, the 64-bit mode of x86.
  if (/^flags\s*:.* lm( |$)/m.test(cpuinfo)) return "x64";
  if (/^CPU architecture\s*:\s*(?:8|AArch64)/m.test(cpuinfo)) return "arm64";
  if (/^CPU architecture\s*:\s*[5-7]/m.test(cpuinfo)) return "arm";
  if (/^isa\s*:\s*rv64/m.test(cpuinfo)) return "riscv64";
  if (/^cpu\s*:\s*POWER/m.test(cpuinfo)) return "ppc64le";
  if (/^vendor_id\s*:\s*IBM\/S390/m.test(cpuinfo)) return "s390x";
  return null;
}

function readElfArch(files: HostFiles): { readonly arch: Arch; readonly from: string } | null {
  for (const path of ["/bin/sh", "/usr/bin/env", "/sbin/init"]) {
    const header = files.readBytes(path, 20);
    if (!header.ok || header.value.length < 20) continue;
    const bytes = header.value;
    if (bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) continue;
    const low = bytes[18] ?? 0;
    const high = bytes[19] ?? 0;
    // EI_DATA 2: most significant byte first (s390x).
    const machine = bytes[5] === 2 ? low * 256 + high : high * 256 + low;
    return { arch: ELF_MACHINES[machine] ?? "other", from: path };
  }
  return null;
}
