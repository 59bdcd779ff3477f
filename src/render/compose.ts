// The container half of a host: one Compose project with a service for each slot, the images that are built
// there, and the scripts that containers and processes share. In: the plan and one host. Out: files.

import type { Placement, Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { hashBanner } from "./banner.ts";
import { describeSidecar, listDockerVolumes, nameSidecar } from "./compose-docker.ts";
import { slotPlaces } from "./compose-places.ts";
import { describeSlot } from "./compose-service.ts";
import { renderImages } from "./image-files.ts";
import { renderRunnerScripts } from "./runner-scripts.ts";
import { airy, writeYaml, type YamlValue } from "./write-yaml.ts";

/** Nothing for hosts without slots of their own: hypervisors and clusters. */
export function renderContainers(plan: Plan, host: PlannedHost): readonly RenderedFile[] {
  const isOther = host.kind === "kubernetes" || host.kind === "proxmox";
  if (isOther || host.placements.length === 0) return [];
  const inContainers = host.placements.filter((placement) => placement.run === "container");
  return [
    ...(inContainers.length > 0 ? [renderCompose(plan, host, inContainers)] : []),
    ...renderRunnerScripts(plan, host),
    ...renderImages(plan, host),
  ];
}

/** Name of the project and of its network: `ci-fleet-acme`. */
export function nameProject(plan: Pick<Plan, "fleet">): string {
  return `ci-fleet-${plan.fleet}`;
}

function renderCompose(plan: Plan, host: PlannedHost, placements: readonly Placement[]): RenderedFile {
  const volumes = placements.flatMap(listDockerVolumes);
  const usesNetwork = placements.some((placement) => placement.docker !== "socket");
  const document: Record<string, YamlValue> = {
    name: nameProject(plan),
    services: airy(describeServices(plan, host, placements)),
    ...(usesNetwork ? { networks: { runners: describeNetwork(plan, host) } } : {}),
    ...(volumes.length > 0 ? { volumes: new Map<string, YamlValue>(volumes.map((name) => [name, {}])) } : {}),
  };
  return {
    path: `hosts/${host.name}/compose.yaml`,
    content: writeYaml(document, { head: hashBanner(plan), dollars: "compose", airy: true }),
    mode: 0o644,
  };
}

function describeServices(
  plan: Plan,
  host: PlannedHost,
  placements: readonly Placement[],
): ReadonlyMap<string, YamlValue> {
  const services = new Map<string, YamlValue>();
  for (const placement of placements) {
    for (const slot of placement.slots) {
      services.set(slot.name, describeSlot(plan, host, placement, slot));
      if (placement.docker !== "dind") continue;
      const places = slotPlaces(host.places, slot.name);
      const sidecar = describeSidecar(plan, host, placement, slot, places);
      services.set(nameSidecar(slot), sidecar);
    }
  }
  return services;
}

/**
 * Slots cannot reach one another (`enable_icc`, Docker's bridge driver). Under systemd they are created at the
 * same moment, and Engine 20.10 then makes several networks of one name: `apply` makes it, once, before.
 */
function describeNetwork(plan: Plan, host: PlannedHost): YamlValue {
  if (host.supervision === "systemd") return { name: nameProject(plan), external: true };
  return {
    name: nameProject(plan),
    driver: "bridge",
    driver_opts: { "com.docker.network.bridge.enable_icc": "false" },
  };
}
