// Checks of the machine itself. In: facts. Out: judgements.

import { formatDuration } from "../base/units.ts";
import { MIN_FREE_INODES, MIN_FREE_MIB_TO_REGISTER } from "../model/disk-guard.ts";
import { type GpuFacts, presentOrNull } from "../model/inventory.ts";
import type { PlannedHost } from "../model/plan.ts";
import { MIN_SYSTEMD } from "../model/software-versions.ts";
import { type Check, fail, fine, type Judgement, note, unknown, warn } from "./check.ts";
import type { DoctorFacts } from "./facts.ts";
import { install, isInstalled, nameSome, systemctl } from "./phrases.ts";

const systemdRuns: Check = {
  name: "systemd-runs",
  group: "Machine",
  looksAt: "whether systemd is PID 1, and its version",
  why: "Slots are started, restarted and stopped by systemd; without it there can only be persistent containers.",
  judge: ({ host, inventory: { systemd } }) => {
    if (host.supervision !== "systemd") return [];
    if (systemd === null) return [unknown("whether systemd runs here is not known")];
    if (systemd === "none") return [fail("systemd is not installed", "use a host that is run by systemd")];
    if (systemd.version < MIN_SYSTEMD) {
      const found = `systemd ${systemd.version} is below ${MIN_SYSTEMD}`;
      return [fail(found, "upgrade to a release of your distribution that has systemd 249 or later")];
    }
    if (systemd.running === false) {
      return [
        fail(`systemd ${systemd.version} is installed but does not run`, "boot this machine with systemd"),
      ];
    }
    return [fine(`systemd ${systemd.version}`)];
  },
};

const kernelModulesPresent: Check = {
  name: "kernel-modules-present",
  group: "Machine",
  looksAt: "`/lib/modules` of the kernel that runs",
  why: "After an update that removed them the kernel can load no module any more: Docker finds no network driver, a GPU no driver, until the machine is restarted.",
  judge: ({ inventory, machine: { kernelModules } }) => {
    const release = inventory.kernel?.release ?? "this kernel";
    if (!kernelModules.known) return [unknown(`modules of ${release}: ${kernelModules.why}`)];
    if (kernelModules.value === null) return [];
    if (kernelModules.value) return [fine(`kernel ${release} with its modules`)];
    return [
      fail(`the modules of the running kernel ${release} are gone: another one was installed`, "sudo reboot"),
    ];
  },
};

const cgroupIsUnified: Check = {
  name: "cgroup-is-unified",
  group: "Machine",
  looksAt: "the version of the control groups",
  why: "Limits of process slots (`MemoryMax=`) are not kept exactly on version 1, and Docker Engine 29 deprecates it.",
  judge: ({ inventory: { cgroup } }) => {
    if (cgroup === null) return [unknown("the version of the control groups is not known")];
    if (cgroup === 2) return [fine("control groups version 2")];
    const found = `control groups are ${cgroup === 1 ? "version 1" : "hybrid: version 1 with a version 2 tree"}`;
    return [
      warn(found, "remove systemd.unified_cgroup_hierarchy=0 from the kernel command line, then reboot"),
    ];
  },
};

const LEAST = MIN_FREE_MIB_TO_REGISTER * 2 ** 20;
/** Less than this is soon less than enough: a few images and one large build. */
const LITTLE = 5 * LEAST;

/** `68.5 GiB`: for people, who compare and do not count. */
function roundSize(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.floor(bytes / 2 ** 20)} MiB`;
}

const diskHasRoom: Check = {
  name: "disk-has-room",
  group: "Machine",
  looksAt: "free space and inodes where slots, images and secrets lie",
  why: "A slot registers only while a job can at least check out and build: below 2304 MiB it stays away, and a job that fills the disk takes the others with it.",
  judge: ({ machine: { disks } }) =>
    disks.map((disk) => {
      if (!disk.known) return unknown(`room on the disk: ${disk.why}`);
      const { path, freeBytes, totalBytes, freeInodes } = disk.value;
      const found = `${path}: ${roundSize(freeBytes)} of ${roundSize(totalBytes)} free`;
      const fix = `look what fills it: sudo du -xh --max-depth=2 ${path} | sort -h | tail`;
      if (freeInodes !== null && freeInodes < MIN_FREE_INODES)
        return fail(`${path}: ${freeInodes} inodes left`, fix);
      if (freeInodes !== null && freeInodes < 5 * MIN_FREE_INODES)
        return warn(`${path}: ${freeInodes} inodes left`, fix);
      // A small tmpfs such as /run needs to hold only the secrets.
      if (totalBytes < 2 * LEAST && path.startsWith("/run")) {
        return freeBytes < 16 * 2 ** 20 ? fail(found, fix) : fine(found);
      }
      if (freeBytes < LEAST) return fail(found, fix);
      return freeBytes < LITTLE ? warn(found, fix) : fine(found);
    }),
};

/** The listener gives up at five minutes; tokens of Apps are refused from one (github.com/actions/runner, octokit). */
const CLOCK_BROKEN_MS = 5 * 60_000;
const CLOCK_OFF_MS = 30_000;

const clockIsRight: Check = {
  name: "clock-is-right",
  group: "Machine",
  looksAt: "whether the clock is synchronized, and how far it is from GitHub's",
  why: "GitHub refuses the tokens of a clock that is off: registrations fail from one minute, runners give up at five.",
  judge: (facts) => {
    const fix = "sudo timedatectl set-ntp true";
    const offset = facts.github?.map(({ clockOffset }) => clockOffset).find((each) => each !== null) ?? null;
    if (offset !== null && Math.abs(offset) > CLOCK_OFF_MS) {
      const found = `the clock is ${formatDuration(Math.abs(offset))} ${offset > 0 ? "behind" : "ahead of"} GitHub's`;
      return [Math.abs(offset) > CLOCK_BROKEN_MS ? fail(found, fix) : warn(found, fix)];
    }
    const { clockSynchronized } = facts.machine;
    const near = offset === null ? "" : "; it agrees with GitHub's";
    if (!clockSynchronized.known) {
      const found = `whether the clock is synchronized is not known: ${clockSynchronized.why}`;
      return [offset === null ? unknown(found) : fine(`the clock agrees with GitHub's`)];
    }
    if (clockSynchronized.value) return [fine(`the clock is synchronized${near}`)];
    return [warn(`the clock is not synchronized${near}`, fix)];
  },
};

const hardwareAsDescribed: Check = {
  name: "hardware-as-described",
  group: "Machine",
  looksAt: "differences between the machine and `hosts/<name>.yaml`",
  why: "Cards, sizes and labels are planned from that file: what changed since is not in the rendered files.",
  judge: ({ hardwareChanges, host }) => {
    if (hardwareChanges === null) {
      return [
        warn(`hosts/${host.name}.yaml does not exist, so facts are only expected`, "ci-fleet init --refresh"),
      ];
    }
    if (hardwareChanges.length === 0) return [fine(`the machine is as hosts/${host.name}.yaml says`)];
    return [warn(nameSome(hardwareChanges, 3), "ci-fleet init --refresh")];
  },
};

const cardsCanPassThrough: Check = {
  name: "cards-can-pass-through",
  group: "Machine",
  looksAt: "IOMMU, groups of the cards that guests get, and the ACS override",
  why: "A card goes to a guest with everything that shares its IOMMU group; a group made smaller by `pcie_acs_override` isolates nothing.",
  judge: (facts) => {
    const { iommu, gpus } = facts.inventory;
    const wanted = listPassedCards(facts);
    if (wanted.length === 0) return [];
    if (iommu.enabled === null) return [unknown("whether the IOMMU is on is not known")];
    if (!iommu.enabled) {
      const fix =
        "switch on VT-d or AMD-Vi in the firmware setup, and intel_iommu=on on Intel before kernel 6.8";
      return [fail("the IOMMU is off, so no card can be given to a guest", fix)];
    }
    const judgements = wanted.map((address) => judgeCard(address, gpus ?? []));
    if (iommu.acsOverride === true) {
      const found = "pcie_acs_override is on the kernel command line: IOMMU groups are not true";
      judgements.push(warn(found, "remove it, and use a slot of the board whose group is its own"));
    }
    return judgements;
  },
};

function listPassedCards({ plan, host }: DoctorFacts): readonly string[] {
  return plan.hosts.flatMap(({ spec }: PlannedHost) =>
    spec.kind === "vm" && spec.parent === host.name && spec.gpu !== null && /^[0-9a-f]{4,}:/.test(spec.gpu)
      ? [spec.gpu]
      : [],
  );
}

function judgeCard(address: string, gpus: readonly GpuFacts[]): Judgement {
  const card = gpus.find((gpu) => gpu.address?.startsWith(address) === true);
  if (card === undefined) return fail(`there is no card at ${address}`, "ci-fleet init --refresh");
  if (card.passthrough?.kind !== "shared") return fine(`the card at ${address} is alone in its group`);
  const found = `the card at ${address} shares its IOMMU group with ${nameSome(card.passthrough.with)}`;
  return fail(found, "put it into another slot of the board, or give the guest the whole group");
}

const emulationRegistered: Check = {
  name: "emulation-registered",
  group: "Machine",
  looksAt: "QEMU handlers in `/proc/sys/fs/binfmt_misc`, with the flag F",
  why: "Without its handler a program of another platform ends with `exec format error`; without F containers do not see the emulator.",
  judge: (facts) => {
    const { host, inventory, plan } = facts;
    const fix = isInstalled(facts)
      ? systemctl(facts, "restart", plan.units.binfmt)
      : install(facts, "qemu-user-static binfmt-support", "qemu-user-static qemu-user-static-binfmt");
    return host.emulate.map((platform) => {
      if (inventory.binfmt === null) return unknown(`whether ${platform} can be emulated is not known`);
      const handlers = inventory.binfmt.filter((each) => each.platform === platform && each.enabled);
      if (handlers.length === 0) return fail(`no QEMU handler for ${platform}`, fix);
      if (handlers.some(({ fixBinary }) => fixBinary))
        return fine(`${platform} is emulated, in containers too`);
      return fail(`the QEMU handler for ${platform} has no flag F`, fix);
    });
  },
};

const virtualMachine: Check = {
  name: "not-inside-a-container",
  group: "Machine",
  looksAt: "whether this is a container",
  why: "In a container the numbers of the host are seen, devices and modules are not, and engines need rights that most containers lack.",
  judge: ({ inventory: { virtualization, proxmox } }) => {
    const { container } = virtualization;
    if (container === null || container === "none" || presentOrNull(proxmox) !== null) return [];
    return [note(`this is a container (${container}): some of what follows is seen through it`)];
  },
};

export const MACHINE_CHECKS: readonly Check[] = [
  virtualMachine,
  systemdRuns,
  kernelModulesPresent,
  cgroupIsUnified,
  diskHasRoom,
  clockIsRight,
  hardwareAsDescribed,
  cardsCanPassThrough,
  emulationRegistered,
];
