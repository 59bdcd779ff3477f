// Cases of doctor's checks: the machine. In: nothing. Out: rows.

import { seen, unseen } from "../../src/model/host-observation.ts";
import { type Change, disk, github, look, MIB, type Row } from "./breakages.ts";
import { HOST, type INVENTORY, makeCard, PLAN, withInventory, withMachine } from "./make-facts.ts";

const iommu = (change: Partial<typeof INVENTORY.iommu>): typeof INVENTORY.iommu => ({
  ...{ enabled: true, kind: "intel", acsOverride: false, groups: [] },
  ...change,
});
const guest = {
  ...HOST,
  name: "vm",
  spec: { kind: "vm", parent: "forge", gpu: "0000:01:00" },
} as unknown as typeof HOST;
const parent: Change = { plan: { ...PLAN, hosts: [HOST, guest] } };

export const MACHINE_CASES: readonly Row[] = [
  [
    "not-inside-a-container",
    withInventory({ virtualization: { vm: null, container: "docker" } }),
    "note",
    /container \(docker\)/,
    null,
  ],
  [
    "systemd-runs",
    withInventory({ systemd: "none" }),
    "error",
    /not installed/,
    "use a host that is run by systemd",
  ],
  [
    "systemd-runs",
    withInventory({ systemd: { version: 248, running: true } }),
    "error",
    /248 is below 249/,
    "upgrade to a release of your distribution that has systemd 249 or later",
  ],
  [
    "systemd-runs",
    withInventory({ systemd: { version: 257, running: false } }),
    "error",
    /does not run/,
    "boot this machine with systemd",
  ],
  ["systemd-runs", withInventory({ systemd: null }), "unknown", /not known/, null],
  [
    "kernel-modules-present",
    withMachine({ kernelModules: seen(false) }),
    "error",
    /6\.12\.0 are gone/,
    "sudo reboot",
  ],
  ["kernel-modules-present", withMachine({ kernelModules: unseen("EACCES") }), "unknown", /EACCES/, null],
  [
    "cgroup-is-unified",
    withInventory({ cgroup: "hybrid" }),
    "warning",
    /hybrid/,
    "remove systemd.unified_cgroup_hierarchy=0 from the kernel command line, then reboot",
  ],
  ["disk-has-room", disk(100 * MIB, 9e12), "error", /\/srv: 100 MiB of/, look],
  ["disk-has-room", disk(5000 * MIB, 9e12), "warning", /\/srv: 4\.9 GiB of/, look],
  ["disk-has-room", disk(9e11, 9e12, 300), "error", /300 inodes left/, look],
  ["disk-has-room", disk(9e11, 9e12, 50_000), "warning", /50000 inodes left/, look],
  [
    "disk-has-room",
    withMachine({ disks: [unseen("permission denied")] }),
    "unknown",
    /permission denied/,
    null,
  ],
  [
    "clock-is-right",
    github({ clockOffset: 6 * 60_000 }),
    "error",
    /6m behind GitHub's/,
    "sudo timedatectl set-ntp true",
  ],
  [
    "clock-is-right",
    github({ clockOffset: -40_000 }),
    "warning",
    /40s ahead of GitHub's/,
    "sudo timedatectl set-ntp true",
  ],
  [
    "clock-is-right",
    withMachine({ clockSynchronized: seen(false) }),
    "warning",
    /not synchronized/,
    "sudo timedatectl set-ntp true",
  ],
  [
    "clock-is-right",
    { ...withMachine({ clockSynchronized: unseen("no timedatectl") }), github: null },
    "unknown",
    /no timedatectl/,
    null,
  ],
  [
    "hardware-as-described",
    { hardwareChanges: ["cpu.threads: 16 → 8"] },
    "warning",
    /cpu\.threads: 16 → 8/,
    "ci-fleet init --refresh",
  ],
  [
    "hardware-as-described",
    { hardwareChanges: null },
    "warning",
    /does not exist/,
    "ci-fleet init --refresh",
  ],
  [
    "emulation-registered",
    withInventory({ binfmt: [] }),
    "error",
    /no QEMU handler for linux\/riscv64/,
    "sudo systemctl restart acme-binfmt.service",
  ],
  [
    "emulation-registered",
    { ...withInventory({ binfmt: [] }), installed: seen(false) },
    "error",
    /no QEMU handler/,
    "sudo apt-get install qemu-user-static binfmt-support",
  ],
  [
    "emulation-registered",
    withInventory({
      binfmt: [{ platform: "linux/riscv64", interpreter: "/q", fixBinary: false, enabled: true }],
    }),
    "error",
    /no flag F/,
    "sudo systemctl restart acme-binfmt.service",
  ],
  ["emulation-registered", withInventory({ binfmt: null }), "unknown", /not known/, null],
  [
    "cards-can-pass-through",
    { ...parent, ...withInventory({ iommu: iommu({ enabled: false }) }) },
    "error",
    /IOMMU is off/,
    "switch on VT-d or AMD-Vi in the firmware setup, and intel_iommu=on on Intel before kernel 6.8",
  ],
  [
    "cards-can-pass-through",
    { ...parent, ...withInventory({ iommu: iommu({ acsOverride: true }) }) },
    "warning",
    /not true/,
    "remove it, and use a slot of the board whose group is its own",
  ],
  [
    "cards-can-pass-through",
    {
      ...parent,
      ...withInventory({
        iommu: iommu({}),
        gpus: [makeCard(1, { passthrough: { kind: "shared", with: ["0000:02:00.0"] } })],
      }),
    },
    "error",
    /shares its IOMMU group with 0000:02:00\.0/,
    "put it into another slot of the board, or give the guest the whole group",
  ],
  [
    "cards-can-pass-through",
    { ...parent, ...withInventory({ iommu: iommu({}), gpus: [] }) },
    "error",
    /no card at 0000:01:00/,
    "ci-fleet init --refresh",
  ],
  [
    "cards-can-pass-through",
    { ...parent, ...withInventory({ iommu: iommu({ enabled: null }) }) },
    "unknown",
    /not known/,
    null,
  ],
];
