// Are we a guest, are we in a container? Told from files first, in systemd-detect-virt's words (its source:
// src/basic/virt.c). In: cpuinfo, DMI, clock sources, container marks, the tool's answer. Out: VirtualizationFacts.

import type { VirtualizationFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { cleanWord } from "./clean-text.ts";
import type { FactNotes } from "./fact-notes.ts";
import { readCommandLine } from "./kernel.ts";
import { exists, readDeviceTreeStrings } from "./kernel-formats.ts";
import type { ToolAnswers } from "./tool-answers.ts";

const DMI_DIR = "/sys/class/dmi/id";
const DMI_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(?:KVM|OpenStack|KubeVirt|Red Hat KVM)/, "kvm"],
  [/^Amazon EC2/, "amazon"],
  [/^(?:Google|Google Compute Engine)/, "google"],
  [/^QEMU/, "qemu"],
  [/^VMware|^VMW/, "vmware"],
  [/^innotek GmbH|^VirtualBox|^Oracle Corporation VirtualBox/, "oracle"],
  [/^Xen/, "xen"],
  [/^Bochs/, "bochs"],
  [/^Parallels/, "parallels"],
  [/^BHYVE/, "bhyve"],
  [/^Microsoft Corporation Virtual Machine|^Virtual Machine$/, "microsoft"],
  [/^Apple Virtualization/, "apple"],
];

export function readVirtualization(
  files: HostFiles,
  answers: ToolAnswers,
  notes: FactNotes,
): VirtualizationFacts {
  return { vm: readVm(files, answers, notes), container: readContainer(files, notes) };
}

function readVm(files: HostFiles, answers: ToolAnswers, notes: FactNotes): string | null {
  const at = (vm: string, from: string): string => {
    notes.learned("virtualization.vm", from);
    return vm;
  };
  const flag = readHypervisorFlag(files);
  // x86 hypervisors set this bit; bare-metal clouds carry their DMI names without it.
  if (flag === false) return at("none", "/proc/cpuinfo");
  const named = readDmiName(files);
  // QEMU's DMI is the same with and without KVM: the guest's own clock tells.
  if (named !== null && named !== "qemu") return at(named, DMI_DIR);
  const clock = readClockSource(files);
  if (clock !== null) return at(clock, "/sys/devices/system/clocksource");
  const xen = files.readText("/sys/hypervisor/type");
  if (xen.ok && xen.value.trim() === "xen") return at("xen", "/sys/hypervisor/type");
  const tree = readDeviceTreeStrings(files, "/proc/device-tree/hypervisor/compatible");
  if (tree !== null)
    return at(
      tree.includes("linux,kvm") ? "kvm" : tree.some((t) => t.startsWith("xen")) ? "xen" : "vm-other",
      "/proc/device-tree/hypervisor",
    );
  const asked = readToolWord(answers);
  if (asked !== null) return at(asked, answers.detectVm.line);
  if (named !== null) return at(named, DMI_DIR);
  if (flag === true) return at("vm-other", "/proc/cpuinfo");
  if (exists(files, `${DMI_DIR}/sys_vendor`)) return at("none", DMI_DIR);
  if (exists(files, "/proc/device-tree/model")) return at("none", "/proc/device-tree");
  notes.unknown("virtualization.vm", "/proc/cpuinfo", "no file tells a guest from a machine here");
  return null;
}

/** null on processors that have no such flag to show. */
function readHypervisorFlag(files: HostFiles): boolean | null {
  const cpuinfo = files.readText("/proc/cpuinfo");
  const flags = cpuinfo.ok ? /^flags\s*:(.*)$/m.exec(cpuinfo.value)?.[1] : undefined;
  return flags === undefined ? null : / hypervisor( |$)/.test(flags);
}

function readDmiName(files: HostFiles): string | null {
  const read = (file: string): string => {
    const text = files.readText(`${DMI_DIR}/${file}`);
    return text.ok ? text.value.trim() : "";
  };
  const vendor = read("sys_vendor");
  const product = read("product_name");
  const words = [product, `${vendor} ${product}`, vendor, read("board_vendor"), read("bios_vendor")];
  for (const word of words) {
    for (const [pattern, name] of DMI_WORDS) if (pattern.test(word)) return name;
  }
  return null;
}

/** Paravirtual clocks: `kvm-clock`, `hyperv_clocksource_tsc_page`, `xen`. */
function readClockSource(files: HostFiles): string | null {
  const text = files.readText("/sys/devices/system/clocksource/clocksource0/available_clocksource");
  if (!text.ok) return null;
  if (/\bkvm-clock\b/.test(text.value)) return "kvm";
  if (/\bhyperv_clocksource/.test(text.value)) return "microsoft";
  return null;
}

/** It prints `none` and exits 1 on bare metal. */
function readToolWord(answers: ToolAnswers): string | null {
  const { result } = answers.detectVm;
  return result.kind === "ran" ? cleanWord(result.stdout, /^[a-z][a-z0-9-]{1,30}$/) : null;
}

function readContainer(files: HostFiles, notes: FactNotes): string | null {
  const at = (container: string, from: string): string => {
    notes.learned("virtualization.container", from);
    return container;
  };
  const version = files.readText("/proc/version");
  if (version.ok && /microsoft/i.test(version.value)) return at("wsl", "/proc/version");
  const mark = findMark(files);
  // PID 2 is kthreadd only in the machine's first process namespace: nobody contains us.
  const kthread = files.readText("/proc/2/comm");
  if (kthread.ok && kthread.value.trim() === "kthreadd") {
    if (mark !== null && !rootIsOverlay(files)) {
      notes.remark(
        `${mark.from} is there, but the processes are the machine's own: taken for a leftover of an image, not for a container.`,
      );
    }
    if (mark === null || !rootIsOverlay(files)) return at("none", "/proc/2/comm");
  }
  if (mark !== null) return at(mark.name, mark.from);
  if (exists(files, "/proc/self") || readCommandLine(files) !== null) return at("none", "/.dockerenv");
  notes.unknown("virtualization.container", null, "no file tells a container from a machine here");
  return null;
}

function findMark(files: HostFiles): { readonly name: string; readonly from: string } | null {
  const manager = files.readText("/run/systemd/container");
  const word = manager.ok ? cleanWord(manager.value, /^[a-z][a-z0-9-]{1,30}$/) : null;
  if (word !== null) return { name: word, from: "/run/systemd/container" };
  if (exists(files, "/run/.containerenv")) return { name: "podman", from: "/run/.containerenv" };
  if (exists(files, "/.dockerenv")) return { name: "docker", from: "/.dockerenv" };
  const environment = files.readText("/proc/1/environ");
  const told = environment.ok
    ? /(?:^|\0)container=([a-z][a-z0-9-]{1,30})(?:\0|$)/.exec(environment.value)?.[1]
    : undefined;
  if (told !== undefined) return { name: told, from: "/proc/1/environ" };
  const groups = files.readText("/proc/1/cgroup");
  if (groups.ok && /\/(?:docker|kubepods|lxc)[/.-]/.test(groups.value)) {
    const name = /\/docker[/-]/.test(groups.value)
      ? "docker"
      : /\/lxc[/.]/.test(groups.value)
        ? "lxc"
        : "container-other";
    return { name, from: "/proc/1/cgroup" };
  }
  if (exists(files, "/proc/vz") && !exists(files, "/proc/bc")) return { name: "openvz", from: "/proc/vz" };
  if (exists(files, "/var/run/secrets/kubernetes.io")) {
    return { name: "container-other", from: "/var/run/secrets/kubernetes.io" };
  }
  return null;
}

/** Containers that share the host's processes (`--pid=host`) still have a layered root. */
function rootIsOverlay(files: HostFiles): boolean {
  const mounts = files.readText("/proc/mounts");
  return mounts.ok && /^\S+ \/ (?:overlay|fuse-overlayfs|aufs) /m.test(mounts.value);
}
