// The command that runs one guest under KVM (qemu(1)). In: the guest as planned. Out: its options in order. Where the
// guest's disks are of other systems, cloud images are the measure: all that is needed to boot is on virtio.

import type { KvmCard, KvmGuest } from "../model/kvm-plan.ts";
import { writeQemuOption } from "./quote-qemu.ts";

const MIB = 2 ** 20;
export const QEMU = "/usr/bin/qemu-system-x86_64";

/** A type, not an interface: only types are assignable to a view. `value` null: the option has none. */
export type QemuOption = { readonly flag: string; readonly value: string | null };

export function listQemuOptions(guest: KvmGuest): readonly QemuOption[] {
  return [
    option("name", guest.name),
    { flag: "nodefaults", value: null },
    { flag: "no-user-config", value: null },
    // No child processes and no rights beyond those it has: what libvirt asks for, too.
    option("sandbox", "on", [
      ["obsolete", "deny"],
      ["elevateprivileges", "deny"],
      ["spawn", "deny"],
      ["resourcecontrol", "deny"],
    ]),
    ...listBoard(guest),
    ...listFirmware(guest),
    ...listConsole(guest),
    ...listDisks(guest),
    ...listNetwork(guest),
    ...(guest.card === null ? [] : listCard(guest, guest.card)),
  ];
}

type Pairs = readonly (readonly [string, string | number])[];

function option(flag: string, head: string | null, pairs: Pairs = []): QemuOption {
  return { flag, value: writeQemuOption(head, pairs) };
}

function device(driver: string, pairs: Pairs = []): QemuOption {
  return option("device", driver, pairs);
}

function listBoard({ hardware, cpus, memory }: KvmGuest): readonly QemuOption[] {
  return [
    option("machine", hardware.machine === "q35" ? "q35" : "pc", [["accel", "kvm"]]),
    option(
      "cpu",
      hardware.cpu,
      hardware.flags.map((flag) => [flag.slice(1), flag.startsWith("+") ? "on" : "off"] as const),
    ),
    option("smp", null, [
      ["cpus", cpus],
      ["sockets", 1],
      ["cores", cpus],
    ]),
    option("m", `${memory / MIB}M`),
    ...(hardware.numa ? listMemory(hardware.hugepages, memory) : []),
    option("rtc", null, [["base", "utc"]]),
    option("object", "rng-random", [
      ["id", "rng0"],
      ["filename", "/dev/urandom"],
    ]),
    device("virtio-rng-pci", [["rng", "rng0"]]),
  ];
}

const PAGES = { "2MiB": [["hugetlbsize", "2M"]], "1GiB": [["hugetlbsize", "1G"]], any: [] } as const;

/**
 * One node. Huge pages are those that the kernel has set aside, without a mount: all are taken when QEMU starts, or it
 * does not start. The spec has them with `numa` only.
 */
function listMemory(pages: KvmGuest["hardware"]["hugepages"], memory: number): readonly QemuOption[] {
  const huge: Pairs =
    pages === null ? [] : [["hugetlb", "on"], ...(PAGES[pages] satisfies Pairs), ["prealloc", "on"]];
  return [
    option("object", pages === null ? "memory-backend-ram" : "memory-backend-memfd", [
      ["id", "ram0"],
      ["size", `${memory / MIB}M`],
      ...huge,
    ]),
    option("numa", "node", [
      ["nodeid", 0],
      ["memdev", "ram0"],
    ]),
  ];
}

/** SeaBIOS is QEMU's default. `firmware.fd` is a link: each distribution keeps OVMF elsewhere. */
function listFirmware({ hardware, places }: KvmGuest): readonly QemuOption[] {
  if (hardware.bios === "seabios") return [];
  return [
    option("drive", null, [
      ["if", "pflash"],
      ["unit", 0],
      ["format", "raw"],
      ["readonly", "on"],
      ["file", `${places.run}/firmware.fd`],
    ]),
    option("drive", null, [
      ["if", "pflash"],
      ["unit", 1],
      ["format", "raw"],
      ["file", `${places.state}/variables.fd`],
    ]),
  ];
}

/** A shell can write to a pipe without a tool: that is how the guest is told to shut down. */
function listConsole({ hardware, places }: KvmGuest): readonly QemuOption[] {
  const { vga } = hardware;
  return [
    option("display", "none"),
    option("vga", vga === null || vga === "serial0" ? "none" : vga),
    option("chardev", "socket", [
      ["id", "console"],
      ["path", `${places.run}/console`],
      ["server", "on"],
      ["wait", "off"],
    ]),
    option("serial", "chardev:console"),
    option("chardev", "pipe", [
      ["id", "monitor"],
      ["path", `${places.run}/monitor`],
    ]),
    option("mon", null, [
      ["chardev", "monitor"],
      ["mode", "readline"],
    ]),
  ];
}

const CONTROLLERS: Readonly<Record<string, string>> = {
  "virtio-scsi-single": "virtio-scsi-pci",
  "virtio-scsi-pci": "virtio-scsi-pci",
  lsi: "lsi53c895a",
  lsi53c810: "lsi53c810",
  megasas: "megasas",
  pvscsi: "pvscsi",
};

function listDisks(guest: KvmGuest): readonly QemuOption[] {
  const { hardware, places, programDisk } = guest;
  const hasThread = hardware.iothread ?? hardware.scsihw === "virtio-scsi-single";
  const { direct, unsafe, through } = CACHES[hardware.cache] ?? CACHE;
  const common: Pairs = [
    ["cache.direct", direct ? "on" : "off"],
    ["cache.no-flush", unsafe ? "on" : "off"],
    ["discard", hardware.discard ? "unmap" : "ignore"],
  ];
  return [
    ...(hasThread ? [option("object", "iothread", [["id", "thread0"]])] : []),
    device(CONTROLLERS[hardware.scsihw] ?? "virtio-scsi-pci", [
      ["id", "scsi0"],
      ...(hasThread ? [["iothread", "thread0"] as const] : []),
    ]),
    option("blockdev", null, [
      ["driver", "file"],
      ["node-name", "file0"],
      ["filename", `${places.state}/disk.qcow2`],
      ...common,
    ]),
    option("blockdev", null, [["driver", "qcow2"], ["node-name", "disk0"], ["file", "file0"], ...common]),
    device("scsi-hd", [
      ["bus", "scsi0.0"],
      ["drive", "disk0"],
      ["write-cache", through ? "off" : "on"],
      ...(hardware.ssd ? [["rotation_rate", 1] as const] : []),
      ["bootindex", 0],
    ]),
    ...listReadOnly("seed", `${places.state}/seed.iso`),
    ...(programDisk === null ? [] : listReadOnly("program", programDisk)),
  ];
}

const CACHE = { direct: true, unsafe: false, through: false };
/** qemu(1), `-drive`, `cache`: the same five as three switches. */
const CACHES: Readonly<Record<string, typeof CACHE>> = {
  none: CACHE,
  writethrough: { direct: false, unsafe: false, through: true },
  writeback: { direct: false, unsafe: false, through: false },
  unsafe: { direct: false, unsafe: true, through: false },
  directsync: { direct: true, unsafe: false, through: true },
};

/** As a disk, no drive of CDs: kernels for clouds have no driver for more. */
function listReadOnly(name: string, file: string): readonly QemuOption[] {
  return [
    option("blockdev", null, [
      ["driver", "raw"],
      ["node-name", name],
      ["read-only", "on"],
      ["file.driver", "file"],
      ["file.filename", file],
    ]),
    device("virtio-blk-pci", [["drive", name]]),
  ];
}

function listNetwork({ network }: KvmGuest): readonly QemuOption[] {
  const { bridge, sshPort, mac } = network;
  const backend =
    bridge === null
      ? option("netdev", "user", [
          ["id", "net0"],
          ...(sshPort === null ? [] : [["hostfwd", `tcp:127.0.0.1:${sshPort}-:22`] as const]),
        ])
      : option("netdev", "tap", [
          ["id", "net0"],
          ["ifname", bridge.tap],
          ["script", "no"],
          ["downscript", "no"],
        ]);
  // No firmware on it: nothing boots from the network.
  return [
    backend,
    device("virtio-net-pci", [
      ["netdev", "net0"],
      ["mac", mac],
      ["romfile", ""],
    ]),
  ];
}

/** Together in one slot, as they are on the card: drivers look for the sound beside the display. */
function listCard({ hardware }: KvmGuest, { functions, isExpress }: KvmCard): readonly QemuOption[] {
  const bus = isExpress ? "card" : hardware.machine === "q35" ? "pcie.0" : "pci.0";
  const slot = isExpress ? "0" : "10";
  const port = device("pcie-root-port", [
    ["id", "card"],
    ["chassis", 1],
    ["slot", 1],
  ]);
  return [
    ...(isExpress ? [port] : []),
    ...functions.map(({ address }, i) =>
      device("vfio-pci", [
        ["host", address],
        ["bus", bus],
        ["addr", `${slot}.${i}`],
        ...(i === 0 && functions.length > 1 ? [["multifunction", "on"] as const] : []),
        ...(i === 0 && hardware.xVga ? [["x-vga", "on"] as const] : []),
        ...(hardware.rombar ? [] : [["rombar", 0] as const]),
        ...(i === 0 && hardware.romfile !== null ? [["romfile", hardware.romfile] as const] : []),
      ]),
    ),
  ];
}
