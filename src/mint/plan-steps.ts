// What has to be done on the host before a slot may be registered, in order: registering comes last, so that a
// failure here leaves no ghost at GitHub. In: the slot, the containers that are there. Out: to take over a container
// that still runs, or steps, or why neither can be.

import {
  type ContainerFacts,
  type Fault,
  fault,
  type SlotPlace,
  type StartStep,
  type UnitWord,
} from "../model/slot-start.ts";

export type StartPlan =
  | { readonly kind: "adopt" }
  | { readonly kind: "steps"; readonly steps: readonly StartStep[] }
  | { readonly kind: "fault"; readonly fault: Fault };

/** The engine of the slot's own (`docker: dind`). */
export function nameSidecar(slot: string): string {
  return `${slot}-dind`;
}

export function nameNetwork(fleet: string): string {
  return `ci-fleet-${fleet}`;
}

export function planSteps(
  place: SlotPlace,
  containers: readonly ContainerFacts[],
  unit: UnitWord,
): StartPlan {
  const { placement, slot, plan } = place;
  if (placement.run === "process") return planProcess(place, unit);
  const foreign = containers.find(({ fleet }) => fleet !== plan.fleet);
  if (foreign !== undefined) {
    const message = `there is a container ${foreign.name} that is not of the fleet ${plan.fleet}`;
    return {
      kind: "fault",
      fault: fault("foreign-container", message, `Remove or rename it: docker rm ${foreign.name}`),
    };
  }
  const own = containers.find(({ name }) => name === slot.name);
  // Whatever its generation: it may have a job, and what changed comes with the next start.
  if (own?.state === "running" || own?.state === "restarting") return { kind: "adopt" };
  if (own?.state === "paused") {
    const help = `Run \`docker unpause ${slot.name}\``;
    return { kind: "fault", fault: fault("container-paused", `the container ${slot.name} is paused`, help) };
  }
  if (own?.state === "removing") {
    return { kind: "fault", fault: fault("container-removing", `Docker is still removing ${slot.name}`) };
  }
  return { kind: "steps", steps: listContainerSteps(place, containers) };
}

/** Its folders are thrown away: never under a runner that is at work. */
function planProcess(place: SlotPlace, unit: UnitWord): StartPlan {
  const name = `${place.plan.units.process}${place.slot.name}.service`;
  switch (unit) {
    case "running":
      return { kind: "adopt" };
    case "stopping":
      return { kind: "fault", fault: fault("unit-stopping", `${name} is still stopping`) };
    case "unknown":
      return { kind: "fault", fault: fault("systemd-silent", `systemd does not say whether ${name} runs`) };
    case "down":
      return { kind: "steps", steps: listFolderSteps(place) };
  }
}

function listContainerSteps(place: SlotPlace, containers: readonly ContainerFacts[]): readonly StartStep[] {
  const { placement, slot, plan } = place;
  const names = containers.map(({ name }) => name);
  const usesNetwork = placement.docker !== "socket";
  return [
    ...(names.length > 0 ? [{ kind: "remove-containers", names } as const] : []),
    ...listFolderSteps(place),
    ...(usesNetwork ? [{ kind: "make-network", name: nameNetwork(plan.fleet) } as const] : []),
    { kind: "create-container", service: slot.name, isBuilt: placement.image?.kind === "build" },
    ...(placement.docker === "dind"
      ? [{ kind: "start-sidecar", name: nameSidecar(slot.name) } as const]
      : []),
  ];
}

function listFolderSteps({ folders, places, slot }: SlotPlace): readonly StartStep[] {
  const { kept, thrownAway, repaired, mountPoints } = folders;
  const home = `${places.state}/${slot.name}/home`;
  // A user's units cannot mount.
  const mounts = places.flavour === "user" ? [] : mountPoints;
  return [
    ...(thrownAway.length > 0 ? [{ kind: "throw-away", folders: thrownAway } as const] : []),
    { kind: "make-folders", folders: kept },
    ...(mounts.length > 0 ? [{ kind: "make-mount-points", home, paths: mounts } as const] : []),
    ...(repaired.length > 0 ? [{ kind: "repair", folders: repaired } as const] : []),
    { kind: "make-hand-over" },
  ];
}
