// Settings of a guest's hardware that exclude each other: what QEMU or Proxmox (qm.conf(5), PVE::QemuServer)
// refuses only when the guest starts, or drops in silence. In: the draft. Out: CF650, CF642.

import type { DocPath } from "../../base/diagnostic.ts";
import type { VmSpec } from "../../model/fleet.ts";
import type { Rule, Say } from "../draft.ts";
import { relate } from "../report.ts";
import { findNode } from "../spec-node.ts";
import { firstOfEach } from "./host-rules.ts";

const MIB = 2 ** 20;
const PAGES = { "2MiB": 2 * MIB, "1GiB": 1024 * MIB, any: 2 * MIB } as const;
const MAX_ID = 999_999_999;

interface Conflict {
  /** Below the guest. */
  readonly at: readonly string[];
  readonly message: string;
  readonly help: string;
  readonly other: readonly string[];
  readonly note: string;
}

type Check = (vm: VmSpec, wrote: (...key: string[]) => boolean) => readonly Conflict[];

const pcieWithoutPort: Check = ({ hardware }) => {
  if (hardware.pcie !== true || hardware.machine === "q35") return [];
  return [
    {
      at: ["hardware", "pcie"],
      message: "`pcie` needs the chipset q35: Proxmox would not start the guest",
      help: "set `machine: q35`, or remove `pcie`",
      other: ["hardware", "machine"],
      note: "the chipset",
    },
  ];
};

const secureBootWithoutUefi: Check = ({ hardware }) => {
  if (!hardware.secureBoot || hardware.bios === "ovmf") return [];
  return [
    {
      at: ["hardware", "secureBoot"],
      message: "Secure Boot is a part of UEFI, which SeaBIOS is not",
      help: "set `bios: ovmf`, or remove `secureBoot`",
      other: ["hardware", "bios"],
      note: "the firmware",
    },
  ];
};

const pagesWithoutNuma: Check = ({ hardware }) => {
  if (hardware.hugepages === null || hardware.numa) return [];
  return [
    {
      at: ["hardware", "hugepages"],
      message: "huge pages need `numa: true`: Proxmox would not start the guest",
      help: "add `numa: true` beside it",
      other: ["hardware", "numa"],
      note: "NUMA is off",
    },
  ];
};

const memoryInPieces: Check = ({ hardware, limits }) => {
  const page = hardware.hugepages === null ? MIB : PAGES[hardware.hugepages];
  if (limits.memory % page === 0) return [];
  const of =
    hardware.hugepages === null
      ? "whole MiB"
      : `whole pages of ${hardware.hugepages === "any" ? "2MiB" : hardware.hugepages}`;
  return [
    {
      at: ["limits", "memory"],
      message: `a guest's memory is counted in ${of}`,
      help: `write ${Math.floor(limits.memory / page) * (page / MIB)}MiB`,
      other: ["hardware", "hugepages"],
      note: "the size of its pages",
    },
  ];
};

const threadWithoutController: Check = ({ hardware }) => {
  if (hardware.iothread !== true || hardware.scsihw === "virtio-scsi-single") return [];
  return [
    {
      at: ["hardware", "iothread"],
      message: `a thread of its own needs a controller of its own, which ${hardware.scsihw} is not`,
      help: "set `scsihw: virtio-scsi-single`, or remove `iothread`",
      other: ["hardware", "scsihw"],
      note: "the controller",
    },
  ];
};

const cardSettingsWithoutCard: Check = ({ gpu }, wrote) => {
  if (gpu !== null) return [];
  return ["pcie", "rombar", "romfile", "xVga"]
    .filter((key) => wrote("hardware", key))
    .map((key) => ({
      at: ["hardware", key],
      message: `\`${key}\` is about a card, and the guest has none`,
      help: `add \`gpu\`, or remove \`${key}\``,
      other: [],
      note: "the guest",
    }));
};

const flagBothWays: Check = ({ hardware }) => {
  const names = hardware.flags.map((flag) => flag.slice(1));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return [];
  return [
    {
      at: ["hardware", "flags"],
      message: `the CPU flag ${twice} is there twice`,
      help: "leave one of the two",
      other: [],
      note: "the guest",
    },
  ];
};

const tooManyCpusForChipset: Check = ({ hardware, limits }) => {
  if (hardware.machine === "q35" || limits.cpus <= 255) return [];
  return [
    {
      at: ["limits", "cpus"],
      message: "the chipset i440fx has at most 255 CPUs",
      help: "set `machine: q35`",
      other: ["hardware", "machine"],
      note: "the chipset",
    },
  ];
};

const CHECKS: readonly Check[] = [
  pcieWithoutPort,
  secureBootWithoutUefi,
  pagesWithoutNuma,
  memoryInPieces,
  threadWithoutController,
  cardSettingsWithoutCard,
  flagBothWays,
  tooManyCpusForChipset,
];

const hardwareConflicts: Rule = (draft, say) => {
  for (const vm of firstOfEach(draft)) {
    const wrote = (...key: string[]) => findNode(draft.tree, [...vm.at, ...key]) !== null;
    for (const { at, message, help, other, note } of CHECKS.flatMap((check) => check(vm, wrote))) {
      if (!draft.knows([...vm.at, ...other])) continue;
      const related = other.length > 0 && wrote(...other) ? [relate(note, [...vm.at, ...other])] : [];
      say("CF650", [...vm.at, ...at], { message, help, related });
    }
  }
};

/** A template is a guest too, and a range of ids has an end. */
const idsOutOfReach: Rule = (draft, say) => {
  for (const vm of draft.fleet.hosts) {
    if (vm.kind !== "vm" || vm.vmId === null) continue;
    const path = [...vm.at, "vmId"];
    const parent = draft.hosts.get(vm.parent);
    if (parent?.kind === "proxmox" && parent.template === vm.vmId) sayTemplate(say, vm, path, parent.at);
    if (vm.vmId > MAX_ID) {
      say("CF650", path, {
        message: `"${vm.name}" would have the VM id ${vm.vmId}; the last one is ${MAX_ID}`,
        help: "begin lower",
      });
      return;
    }
  }
};

function sayTemplate(say: Say, vm: VmSpec, path: DocPath, parent: DocPath): void {
  say("CF642", path, {
    message: `the VM id ${vm.vmId} of "${vm.name}" is that of the template it is made from`,
    related: [relate("the template is here", [...parent, "template"])],
  });
}

/** Sharing a folder is Proxmox's work; a machine with KVM keeps the disks of its guests. */
const cacheFolderWithoutNode: Rule = (draft, say) => {
  for (const vm of firstOfEach(draft)) {
    const parent = draft.hosts.get(vm.parent);
    if (vm.cacheFolder === null || parent?.kind !== "machine") continue;
    say("CF620", [...vm.at, "cacheFolder"], {
      message: `only a Proxmox node shares a folder with its guests, and "${vm.parent}" is a machine`,
      help: "remove `cacheFolder`",
      related: [relate("its parent is here", [...vm.at, "parent"])],
    });
  }
};

export const GUEST_RULES: readonly Rule[] = [hardwareConflicts, idsOutOfReach, cacheFolderWithoutNode];
