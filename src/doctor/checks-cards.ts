// Checks of graphics cards: driver, what brings them into containers, and whether those of the plan are there.
// In: facts. Out: judgements.

import { formatShellCommand } from "../base/quote-shell.ts";
import { judgeCdi } from "../model/cdi-drivers.ts";
import { type GpuFacts, type GpuVendor, presentOrNull } from "../model/inventory.ts";
import type { SlotGpu } from "../model/plan.ts";
import { type Check, fail, fine, unknown } from "./check.ts";
import type { DoctorFacts } from "./facts.ts";
import { count, hasPlacement, install, nameSome } from "./phrases.ts";

const uses = (facts: DoctorFacts, vendor: GpuVendor): boolean =>
  hasPlacement(facts, ({ gpu }) => gpu?.vendor === vendor);

const nvidiaDriverWorks: Check = {
  name: "nvidia-driver-works",
  group: "Cards",
  looksAt: "the loaded NVIDIA driver and whether `nvidia-smi` answers",
  why: "A slot whose card does not answer does not register, so that a sick card does not swallow the queue.",
  judge: (facts) => {
    if (!uses(facts, "nvidia")) return [];
    const { nvidia } = facts.inventory;
    const site = "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/";
    if (nvidia === null) return [unknown("whether an NVIDIA driver is loaded is not known")];
    if (nvidia === "none" || nvidia.driver === null) {
      return [fail("no NVIDIA driver is loaded", `install it, then reboot: ${site}`)];
    }
    if (nvidia.problem === null) return [fine(`NVIDIA driver ${nvidia.driver}`)];
    // The usual reason after an update: libraries of the new driver, module of the old.
    return [fail(`NVIDIA driver ${nvidia.driver}: ${nvidia.problem}`, "sudo reboot")];
  },
};

const nvidiaToolkitIsThere: Check = {
  name: "nvidia-toolkit-is-there",
  group: "Cards",
  looksAt: "the NVIDIA Container Toolkit",
  why: "Without it no container gets an NVIDIA card: `could not select device driver`.",
  judge: (facts) => {
    const inContainers = hasPlacement(
      facts,
      ({ gpu, run }) => gpu?.vendor === "nvidia" && run === "container",
    );
    const nvidia = presentOrNull(facts.inventory.nvidia);
    if (!inContainers || nvidia === null) return [];
    const fix = install(facts, "nvidia-container-toolkit", "nvidia-container-toolkit");
    if (nvidia.toolkitInstalled === null) {
      return [unknown("whether the NVIDIA Container Toolkit is installed is not known")];
    }
    if (!nvidia.toolkitInstalled) return [fail("the NVIDIA Container Toolkit is not installed", fix)];
    return [fine(`NVIDIA Container Toolkit ${nvidia.toolkit ?? "of unknown version"}`)];
  },
};

const cdiIsCurrent: Check = {
  name: "cdi-is-current",
  group: "Cards",
  looksAt: "the driver version that NVIDIA's CDI specification was made for, and the cards that it names",
  why: "It names the driver's libraries by version: after a driver update no container with a card starts until it is made anew.",
  judge: (facts) => {
    const usesCdi = hasPlacement(
      facts,
      ({ gpu }) => gpu?.kind === "cdi" || (gpu?.kind === "reservation" && gpu.driver === "cdi"),
    );
    const driver = presentOrNull(facts.inventory.nvidia)?.driver ?? null;
    if (!usesCdi || driver === null) return [];
    const make = (path: string) =>
      formatShellCommand(["sudo", "nvidia-ctk", "cdi", "generate", `--output=${path}`]);
    const names = presentOrNull(facts.inventory.docker)?.cdi?.devices ?? null;
    const wanted = listSelectors(facts).map((selector) => `nvidia.com/gpu=${selector}`);
    const unnamed = names === null ? [] : wanted.filter((name) => !names.includes(name));
    const verdict = judgeCdi(facts.machine.cdiDrivers, driver);
    if (verdict.kind === "stale") {
      const found = `${verdict.path} was made for driver ${verdict.made}, and ${driver} is loaded`;
      return [fail(found, make(verdict.path))];
    }
    const path = [...facts.machine.cdiDrivers.keys()][0] ?? "/etc/cdi/nvidia.yaml";
    if (unnamed.length > 0) return [fail(`no CDI specification names ${nameSome(unnamed)}`, make(path))];
    if (names === null) return [unknown("which devices the CDI specifications name is not known")];
    if (verdict.kind === "unknown")
      return [unknown("which driver the CDI specification was made for is not known")];
    return [fine(`${path} is for driver ${driver}`)];
  },
};

function listSelectors({ host }: DoctorFacts): readonly string[] {
  const selectors = host.placements
    .filter(({ gpu }) => gpu?.vendor === "nvidia")
    .flatMap(({ slots }) => slots.flatMap(({ gpus }) => gpus.map(({ selector }) => selector)));
  return [...new Set(selectors)];
}

const cardsAreThere: Check = {
  name: "cards-are-there",
  group: "Cards",
  looksAt: "every card that a slot is pinned to",
  why: "Slots are pinned to cards by UUID or address: a card that was moved, replaced or given to a guest leaves its slot without one.",
  judge: (facts) => {
    const { host, inventory } = facts;
    const pinned = host.placements.flatMap(({ slots }) =>
      slots.flatMap(({ name, gpus }) => gpus.map((gpu) => ({ slot: name, gpu }))),
    );
    if (pinned.length === 0) return [];
    const { gpus } = inventory;
    if (gpus === null) return [unknown("which cards this machine has is not known")];
    const gone = pinned.filter(({ gpu }) => !isThere(gpu, gpus));
    if (gone.length === 0) return [fine(`${count(pinned.length, "card")} of slots, all there`)];
    return gone.map(({ slot, gpu }) =>
      fail(
        `${slot} is to have ${gpu.name ?? gpu.vendor} ${gpu.id}, which is not there`,
        "ci-fleet init --refresh",
      ),
    );
  },
};

function isThere(wanted: SlotGpu, cards: readonly GpuFacts[]): boolean {
  return cards.some(
    (card) =>
      card.vendor === wanted.vendor &&
      card.driver !== "vfio-pci" &&
      (card.uuid === wanted.id ||
        card.mig?.some(({ uuid }) => uuid === wanted.id) === true ||
        (wanted.address !== null && card.address === wanted.address && !wanted.id.startsWith("MIG-"))),
  );
}

const amdComputes: Check = {
  name: "amd-computes",
  group: "Cards",
  looksAt: "`/dev/kfd`",
  why: "ROCm computes through `/dev/kfd`, which the driver amdgpu makes.",
  judge: (facts) => {
    if (!uses(facts, "amd")) return [];
    const { amd } = facts.inventory;
    if (amd === null) return [unknown("whether /dev/kfd exists is not known")];
    if (amd !== "none" && amd.kfd) return [fine("/dev/kfd is there")];
    return [fail("/dev/kfd is missing", "sudo modprobe amdgpu")];
  },
};

const cardGroupsAreCurrent: Check = {
  name: "card-groups-are-current",
  group: "Cards",
  looksAt: "the group of each render node, against the one that is rendered",
  why: "Runners join that group by its number; a reinstalled system may have another, and then the card may not be opened.",
  judge: ({ host, inventory }) => {
    const { gpus } = inventory;
    return host.placements.flatMap(({ pool, gpu }) => {
      if (gpu === null || gpu.vendor === "nvidia" || !("groups" in gpu) || gpus === null) return [];
      const now = new Set(
        gpus.flatMap((card) =>
          card.vendor === gpu.vendor && card.renderGid !== null ? [card.renderGid] : [],
        ),
      );
      const lacking = [...now].filter((gid) => !gpu.groups.includes(gid));
      if (lacking.length === 0) return [fine(`pool ${pool} joins the groups of its cards`)];
      const found = `render nodes belong to group ${lacking.join(", ")}, and pool ${pool} joins ${gpu.groups.join(", ")}`;
      return [fail(found, "ci-fleet init --refresh, then render and apply")];
    });
  },
};

export const CARD_CHECKS: readonly Check[] = [
  nvidiaDriverWorks,
  nvidiaToolkitIsThere,
  cdiIsCurrent,
  cardsAreThere,
  amdComputes,
  cardGroupsAreCurrent,
];
