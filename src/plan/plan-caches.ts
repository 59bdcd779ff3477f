// Where a placement's caches are for its jobs, and for which platforms a layer cache keeps a folder.
// In: a pool, its platforms. Out: planned caches.

import type { CacheSpec, PoolSpec } from "../model/fleet.ts";
import { nameCacheVariable } from "../model/names.ts";
import type { PlannedCache } from "../model/plan.ts";

/** In the runner's home, beside `_work`, so that the runner's user can create what is below. */
const CONTAINER_FOLDER = "/home/runner/.cache/ci-fleet";

export function planCaches(
  pool: PoolSpec,
  platform: string,
  emulated: readonly string[],
): readonly PlannedCache[] {
  return pool.caches.map((spec) => ({
    spec,
    platforms: spec.kind === "buildx" ? [...new Set([platform, ...emulated])] : [],
    path: chooseMount(spec, pool),
    variable: nameCacheVariable(spec.name),
  }));
}

function chooseMount(spec: CacheSpec, pool: PoolSpec): string | null {
  if (spec.kind === "folder") return spec.path;
  return pool.run === "process" ? null : `${CONTAINER_FOLDER}/${spec.name}`;
}

/** The caches of a pool over all its hosts: platforms of each, together. */
export function mergeCaches(all: readonly (readonly PlannedCache[])[]): readonly PlannedCache[] {
  const merged = new Map<string, PlannedCache>();
  for (const cache of all.flat()) {
    const known = merged.get(cache.spec.name);
    const platforms = [...new Set([...(known?.platforms ?? []), ...cache.platforms])].toSorted();
    merged.set(cache.spec.name, { ...cache, platforms });
  }
  return [...merged.values()];
}
