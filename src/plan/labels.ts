// The labels of a pool's runners on one host: derived from the machine, so that a label is always true,
// then those the spec adds. In: a pool on a site. Out: labels, lower case, each once.

import { isLabel } from "../base/text-policy.ts";
import type { Fleet, PoolSpec } from "../model/fleet.ts";
import { nameEmulationLabel } from "../model/names.ts";
import { archOfPlatform, type Site } from "./site.ts";

const STACKS = { nvidia: "cuda", amd: "rocm", intel: "openvino" } as const;

export function deriveLabels(pool: PoolSpec, site: Site, fleet: Fleet): readonly string[] {
  const distribution = nameDistribution(pool, site, fleet);
  const derived = [
    "self-hosted",
    "linux",
    archOfPlatform(pool.platform ?? site.platform),
    ...(distribution === null ? [] : [distribution]),
    ...(pool.docker === "none" ? [] : ["docker"]),
    ...(pool.gpu === null ? ["cpu-only"] : ["gpu", pool.gpu.vendor, STACKS[pool.gpu.vendor]]),
    ...listEmulated(pool, site).map(nameEmulationLabel),
  ];
  return [...new Set([...derived, ...pool.labels.map((label) => label.toLowerCase())])];
}

/** Platforms that jobs of the pool reach on this host through QEMU; the host's own needs none. */
export function listEmulated(pool: PoolSpec, site: Site): readonly string[] {
  return pool.emulate.filter((platform) => platform !== site.platform);
}

/** The distribution that a job sees: the image's or, for processes, the host's; null where nobody can know. */
function nameDistribution(pool: PoolSpec, site: Site, fleet: Fleet): string | null {
  if (pool.run === "process") {
    const id = site.inventory?.os?.id.toLowerCase() ?? null;
    return id !== null && isLabel(id) ? id : null;
  }
  const { image } = pool;
  const isOwn = image !== null && (image.kind !== "packages" || image.from !== null);
  return !isOwn && isOfficialImage(fleet.runner.image) ? "ubuntu" : null;
}

/** GitHub's image is made from Ubuntu (actions/runner, images/Dockerfile); a mirror keeps the last two parts. */
function isOfficialImage(image: string): boolean {
  return /(?:^|\/)actions\/actions-runner(?:[:@]|$)/.test(image);
}
