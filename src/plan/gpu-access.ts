// How a placement's cards reach its jobs. CDI first, for a card given that way survives `systemctl
// daemon-reload`, which the older hook loses (NVIDIA Container Toolkit, troubleshooting); then Compose's
// device reservations, which every engine since 19.03 knows. In: a pool on a site with cards. Out: the way,
// with the reason.

import type { PoolSpec } from "../model/fleet.ts";
import type { DockerFacts, Inventory } from "../model/inventory.ts";
import { presentOrNull } from "../model/inventory.ts";
import type { GpuAccess } from "../model/plan.ts";
import {
  COMPOSE_WITH_CDI,
  ENGINE_WITH_CDI,
  ENGINE_WITH_REQUESTS,
  isAtLeast,
} from "../model/software-versions.ts";
import type { Card, Site } from "./site.ts";

/** null where the pool asks for no card, and for clusters, which give them out themselves. */
export function chooseGpuAccess(pool: PoolSpec, site: Site, cards: readonly Card[]): GpuAccess | null {
  if (pool.gpu === null || site.inventory === null) return null;
  const { vendor, capabilities } = pool.gpu;
  if (pool.run === "process") return chooseVariable(vendor, cards, site.inventory);
  if (vendor !== "nvidia") {
    return {
      kind: "nodes",
      vendor,
      shared: vendor === "amd" ? ["/dev/kfd"] : [],
      groups: listGroups(vendor, cards, site.inventory),
      why:
        vendor === "amd"
          ? "AMD cards are device nodes: /dev/kfd for all, a render node for each"
          : "Intel cards are device nodes: a render node for each",
    };
  }
  return chooseNvidia(site, capabilities);
}

function chooseNvidia(site: Site, capabilities: readonly string[]): GpuAccess {
  const docker = presentOrNull(site.inventory?.docker ?? null);
  const common = { vendor: "nvidia", capabilities } as const;
  if (site.inventory?.machine.model === "jetson") {
    return { ...common, kind: "runtime", why: "Jetson's integrated GPU is known to the NVIDIA runtime only" };
  }
  if (docker === null || docker.engine === null) {
    return {
      ...common,
      kind: "reservation",
      driver: "nvidia",
      why: "the engine is unknown; every engine knows this way",
    };
  }
  const cdi = findCdi(docker, site.factsFrom);
  if (cdi !== null && isAtLeast(docker.compose, COMPOSE_WITH_CDI)) {
    return { kind: "cdi", vendor: "nvidia", why: `${cdi} and Compose ${docker.compose} take CDI names` };
  }
  if (cdi !== null) {
    return {
      ...common,
      kind: "reservation",
      driver: "cdi",
      why: `${cdi} takes CDI names, Compose ${nameVersion(docker.compose)} only in reservations`,
    };
  }
  if (isAtLeast(docker.engine, ENGINE_WITH_REQUESTS)) {
    return {
      ...common,
      kind: "reservation",
      driver: "nvidia",
      why: `Engine ${docker.engine} has no CDI devices`,
    };
  }
  return { ...common, kind: "runtime", why: `Engine ${docker.engine} knows no device requests` };
}

/** What makes CDI usable, null where it is not: switched off, or no list of NVIDIA devices was ever written. */
function findCdi(docker: DockerFacts, factsFrom: Site["factsFrom"]): string | null {
  const isOn = docker.cdi?.enabled ?? isAtLeast(docker.engine, ENGINE_WITH_CDI);
  if (!isOn) return null;
  const isListed = docker.cdi?.devices.some((device) => device.startsWith("nvidia.com/gpu=")) ?? false;
  // cloud-init installs a toolkit that writes the list at every boot (nvidia-cdi-refresh, since 1.18).
  return isListed || factsFrom === "expected" ? `Engine ${docker.engine}` : null;
}

function nameVersion(version: string | null): string {
  return version === null || version === "none" ? "of unknown version" : version;
}

const VARIABLES = {
  nvidia: "CUDA_VISIBLE_DEVICES",
  amd: "ROCR_VISIBLE_DEVICES",
  intel: "ZE_AFFINITY_MASK",
} as const;

function chooseVariable(
  vendor: keyof typeof VARIABLES,
  cards: readonly Card[],
  inventory: Inventory,
): GpuAccess {
  return {
    kind: "environment",
    vendor,
    variable: VARIABLES[vendor],
    order: chooseOrder(vendor, cards),
    groups: listGroups(vendor, cards, inventory),
    why: `a process sees every card of the host; ${VARIABLES[vendor]} names its own`,
  };
}

/**
 * Indices count in PCI order here; by default CUDA counts the fastest card first (CUDA programming guide,
 * environment variables) and Level Zero its own way (Level Zero specification, environment variables).
 */
function chooseOrder(
  vendor: keyof typeof VARIABLES,
  cards: readonly Card[],
): { readonly variable: string; readonly value: string } | null {
  if (vendor === "intel") return { variable: "ZE_ENABLE_PCI_ID_DEVICE_ORDER", value: "1" };
  const byIndex = cards.some((card) => /^\d+$/.test(card.gpu.selector));
  return vendor === "nvidia" && byIndex ? { variable: "CUDA_DEVICE_ORDER", value: "PCI_BUS_ID" } : null;
}

/** NVIDIA's device nodes are open to all users. */
function listGroups(vendor: string, cards: readonly Card[], inventory: Inventory): readonly number[] {
  if (vendor === "nvidia") return [];
  const amd = vendor === "amd" ? presentOrNull(inventory.amd) : null;
  const gids = [...cards.map((card) => card.renderGid), amd?.renderGid ?? null, amd?.videoGid ?? null];
  return [...new Set(gids.filter((gid) => gid !== null))].toSorted((a, b) => a - b);
}
