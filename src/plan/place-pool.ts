// One pool on one host, every decision made. In: the pool, the site, its share. Out: a placement.

import type { Fleet, PoolSpec } from "../model/fleet.ts";
import { nameSlot } from "../model/names.ts";
import type { Placement, PlannedSlot } from "../model/plan.ts";
import type { Share } from "./count-slots.ts";
import { chooseGpuAccess } from "./gpu-access.ts";
import type { ImageChooser } from "./images.ts";
import { deriveLabels, listEmulated } from "./labels.ts";
import { planCaches } from "./plan-caches.ts";
import type { Site } from "./site.ts";

/** The runner's user in the official image (actions/runner, images/Dockerfile). */
const CONTAINER_UID = 1001;
const PROCESS_USER = "ci-fleet";

export function placePool(
  fleet: Fleet,
  pool: PoolSpec,
  site: Site,
  share: Share,
  chooseImage: ImageChooser,
): Placement {
  const platform = pool.platform ?? site.platform;
  return {
    pool: pool.name,
    target: pool.target,
    run: pool.run,
    lifetime: pool.lifetime,
    slots: listSlots(fleet, pool, site, share),
    labels: deriveLabels(pool, site, fleet),
    platform,
    emulated: platform !== site.platform,
    image: chooseImage(pool, platform),
    limits: pool.limits,
    env: pool.env,
    volumes: pool.volumes,
    caches: planCaches(pool, platform, listEmulated(pool, site)),
    docker: pool.docker,
    gpu: chooseGpuAccess(pool, site, share.cards),
    work: pool.run === "container" && pool.docker === "none" ? "inside-image" : "same-as-host",
    uid: pool.run === "container" ? CONTAINER_UID : null,
    user: pool.run === "process" ? PROCESS_USER : null,
    maxJob: pool.maxJob,
  };
}

function listSlots(fleet: Fleet, pool: PoolSpec, site: Site, share: Share): readonly PlannedSlot[] {
  return Array.from({ length: share.slots }, (_, at) => ({
    name: nameSlot(fleet.name, pool.name, site.name, at + 1),
    index: at + 1,
    always: at < share.always,
    gpus: pickCards(pool, share, at),
  }));
}

/** Slots 1 to `share` use the first `perRunner` cards, the next `share` slots the next ones. */
function pickCards(pool: PoolSpec, share: Share, at: number): PlannedSlot["gpus"] {
  if (pool.gpu === null) return [];
  const first = Math.floor(at / pool.gpu.share) * pool.gpu.perRunner;
  return share.cards.slice(first, first + pool.gpu.perRunner).map((card) => card.gpu);
}
