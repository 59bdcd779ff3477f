// How many runners a machine carries and what each gets. In: an inventory. Out: numbers for a first spec; a
// person changes them there.

import { type GpuFacts, type GpuVendor, type Inventory, presentOrNull } from "../../model/inventory.ts";

/** A standard hosted runner of GitHub has four CPUs and sixteen GiB; half the memory does for most jobs. */
const CPUS_EACH = 4;
const GIB_EACH = 8;
const MAX_RUNNERS = 8;
/** A slot with a card gets as much of the machine as two without. */
const GPU_WEIGHT = 2;

export interface PoolSize {
  readonly runners: number;
  readonly cpus: number | null;
  readonly memoryGiB: number | null;
}

export interface Sizes {
  readonly ci: PoolSize;
  readonly gpu:
    | (PoolSize & { readonly vendor: Exclude<GpuVendor, "other">; readonly mig: string | null })
    | null;
  /** Cards of a vendor that jobs cannot use yet. */
  readonly idleCards: Exclude<GpuVendor, "other"> | null;
}

export function sizePools(inventory: Inventory, withGpu: boolean): Sizes {
  const cards = listUsableCards(inventory);
  const vendor = cards[0]?.vendor ?? null;
  const idleCards = vendor === null ? findIdleVendor(inventory) : withGpu ? null : vendor;
  const room = measureRoom(inventory);
  const fits = Math.min(
    room.cpus === null ? 1 : Math.floor(room.cpus / CPUS_EACH),
    room.gib === null ? 1 : Math.floor(room.gib / GIB_EACH),
  );
  const parts = countParts(cards.filter((card) => card.vendor === vendor));
  const gpuRunners = withGpu ? Math.min(parts.number, MAX_RUNNERS) : 0;
  const runners = Math.max(1, Math.min(fits - GPU_WEIGHT * gpuRunners, MAX_RUNNERS));
  const shares = runners + GPU_WEIGHT * gpuRunners;
  const share = (weight: number): Pick<PoolSize, "cpus" | "memoryGiB"> => ({
    cpus: atLeastOne(room.cpus === null ? null : Math.floor((room.cpus * weight) / shares)),
    memoryGiB: atLeastOne(room.gib === null ? null : Math.floor((room.gib * weight) / shares)),
  });
  return {
    ci: { runners, ...share(1) },
    gpu:
      gpuRunners > 0 && vendor !== null
        ? { vendor, mig: parts.mig, runners: gpuRunners, ...share(GPU_WEIGHT) }
        : null,
    idleCards,
  };
}

/** A card that is divided (MIG) is given out by parts of one profile. */
function countParts(cards: readonly Card[]): { readonly number: number; readonly mig: string | null } {
  const parts = cards.flatMap((card) => card.mig ?? []);
  const profile = parts[0]?.profile;
  if (profile === undefined) return { number: cards.length, mig: null };
  return { number: parts.filter((part) => part.profile === profile).length, mig: profile };
}

/** null where less than one would be left: then no limit is better than a wrong one. */
function atLeastOne(value: number | null): number | null {
  return value === null || value < 1 ? null : value;
}

/** What the system itself does not need. */
function measureRoom({ cpu, memory }: Inventory): {
  readonly cpus: number | null;
  readonly gib: number | null;
} {
  const cpus = typeof cpu.cap === "number" ? Math.floor(cpu.cap) : cpu.threads;
  const mib = typeof memory.capMiB === "number" ? memory.capMiB : memory.totalMiB;
  const gib = mib === null ? null : mib / 1024;
  return {
    cpus: cpus === null ? null : cpus - (cpus <= 2 ? 0 : cpus <= 8 ? 1 : 2),
    gib: gib === null ? null : gib - (gib < 8 ? 1 : gib <= 32 ? 2 : 4),
  };
}

type Card = GpuFacts & { readonly vendor: Exclude<GpuVendor, "other"> };

function listCards({ gpus }: Inventory): readonly Card[] {
  const cards = (gpus ?? []).filter(
    (gpu): gpu is Card => gpu.vendor !== "other" && gpu.driver !== "vfio-pci",
  );
  const order = ["nvidia", "amd", "intel"];
  return cards.toSorted((a, b) => order.indexOf(a.vendor) - order.indexOf(b.vendor));
}

function listUsableCards(inventory: Inventory): readonly Card[] {
  return listCards(inventory).filter((card) => isUsable(card, inventory));
}

function isUsable(card: Card, inventory: Inventory): boolean {
  if (card.vendor === "nvidia") {
    const docker = presentOrNull(inventory.docker);
    const nvidia = presentOrNull(inventory.nvidia);
    const inContainers =
      nvidia?.toolkitInstalled === true ||
      (docker?.runtimes.includes("nvidia") ?? false) ||
      (docker?.cdi?.devices.some((name) => name.startsWith("nvidia.com/gpu=")) ?? false);
    return nvidia?.driver != null && nvidia.problem === null && inContainers;
  }
  if (card.renderNode === null || card.integrated !== false) return false;
  return card.vendor === "intel" || presentOrNull(inventory.amd)?.kfd === true;
}

function findIdleVendor(inventory: Inventory): Card["vendor"] | null {
  return listCards(inventory).find((card) => card.integrated !== true)?.vendor ?? null;
}
