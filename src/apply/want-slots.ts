// The slots of a host as things to install: generation, image, folders. In: the plan, the host, rendered texts.
// Out: slots and the folders that their containers and units expect to find.

import type { InstallPlaces, Owner, WantedFolder, WantedImage, WantedSlot } from "../model/apply.ts";
import type { GpuAccess, Placement, Plan, PlannedHost, PlannedSlot } from "../model/plan.ts";
import { listSlotFolders, RUNNER_HOME } from "../model/slot-folders.ts";
import { type ComposeService, hashProcessSlot } from "./read-generations.ts";

export interface SlotTexts {
  readonly services: ReadonlyMap<string, ComposeService>;
  readonly below: ReadonlyMap<string, string>;
}

export function listWantedSlots(plan: Plan, host: PlannedHost, texts: SlotTexts): readonly WantedSlot[] {
  return host.placements.flatMap((placement) =>
    placement.slots.map((slot) => ({
      name: slot.name,
      pool: placement.pool,
      target: placement.target,
      run: placement.run,
      lifetime: placement.lifetime,
      always: slot.always,
      unit: host.supervision === "systemd" ? `${plan.units[placement.run]}${slot.name}.service` : null,
      generation: requireGeneration(plan, placement, slot, texts),
      image: placement.image?.reference ?? null,
      runnerVersion: placement.run === "process" ? plan.runner.version : null,
      docker: placement.docker,
      emulates: host.emulate.length > 0 || placement.emulated,
      losesCards: placement.run === "container" && losesCards(placement.gpu),
    })),
  );
}

function requireGeneration(plan: Plan, placement: Placement, slot: PlannedSlot, texts: SlotTexts): string {
  if (placement.run === "process") return hashProcessSlot(plan, slot.name, texts.below);
  const generation = texts.services.get(slot.name)?.generation ?? undefined;
  if (generation === undefined) throw new Error(`compose.yaml has no generation for ${slot.name}`);
  return generation;
}

/**
 * "Failed to initialize NVML: Unknown Error" after a reload, in containers that got their card from NVIDIA's
 * hook; what CDI gave stays (NVIDIA Container Toolkit, Troubleshooting).
 */
function losesCards(gpu: GpuAccess | null): boolean {
  return gpu?.kind === "runtime" || (gpu?.kind === "reservation" && gpu.driver === "nvidia");
}

/** One service of each image is enough to build or pull it. */
export function listWantedImages(services: ReadonlyMap<string, ComposeService>): readonly WantedImage[] {
  const images = new Map<string, WantedImage>();
  for (const [service, { image, isBuilt }] of services) {
    if (!images.has(image)) {
      images.set(image, { reference: image, how: isBuilt ? "build" : "pull", service });
    }
  }
  return [...images.values()];
}

const US: Owner = { kind: "us" };

/** Parents first. `mint` makes a slot's own again before each start, for nothing there is safe from its jobs. */
export function listWantedFolders(host: PlannedHost, places: InstallPlaces): readonly WantedFolder[] {
  const isUser = places.flavour === "user";
  const shared = (path: string): WantedFolder => ({ path, owner: US, mode: 0o755 });
  const usesHome = !isUser && host.placements.some(({ run }) => run === "process");
  return [
    shared(places.state),
    ...["drained", "assigned"].map((name) => shared(`${places.state}/${name}`)),
    ...(usesHome ? [shared(RUNNER_HOME)] : []),
    ...host.placements.flatMap((placement) =>
      placement.slots.flatMap((slot) =>
        listSlotFolders(placement, slot, places).kept.map(({ path, owner, mode }) => ({
          path,
          owner: owner === "us" ? US : ownerOf(placement, places),
          mode,
        })),
      ),
    ),
  ];
}

/** A user can give nothing away; there the entrypoint takes over what its container has mounted. */
function ownerOf(placement: Placement, places: InstallPlaces): Owner {
  if (places.flavour === "user") return US;
  if (placement.run === "process") return { kind: "account" };
  return placement.uid === null ? US : { kind: "uid", uid: placement.uid };
}
