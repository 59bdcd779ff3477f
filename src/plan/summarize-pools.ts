// What is true of a whole pool: where it is, how many runners, which labels a workflow may ask of all of it.
// In: the pools with their hosts, the hosts as planned. Out: planned pools.

import type { Fleet, PoolSpec } from "../model/fleet.ts";
import type { Placement, PlannedHost, PlannedPool } from "../model/plan.ts";
import type { PoolHosts } from "./choose-hosts.ts";
import { mergeCaches } from "./plan-caches.ts";
import { archOfPlatform } from "./site.ts";

const MINUTE = 60_000;
/** GitHub ends a job on a self-hosted runner after five days (docs, Actions limits). */
const LONGEST_JOB = 7200;

interface Found {
  readonly host: string;
  readonly placement: Placement;
}

export function summarizePools(
  fleet: Fleet,
  pools: readonly PoolHosts[],
  hosts: readonly PlannedHost[],
): readonly PlannedPool[] {
  const byPool = new Map<string, Found[]>(pools.map(({ pool }) => [pool.name, []]));
  for (const host of hosts) {
    for (const placement of host.placements) byPool.get(placement.pool)?.push({ host: host.name, placement });
  }
  const groups = new Map(fleet.targets.map((target) => [target.name, target.runnerGroup]));
  return pools.map(({ pool, leftOut }) =>
    summarizePool(pool, leftOut, byPool.get(pool.name) ?? [], groups.get(pool.target) ?? null),
  );
}

function summarizePool(
  pool: PoolSpec,
  leftOut: PoolHosts["leftOut"],
  found: readonly Found[],
  runnerGroup: string | null,
): PlannedPool {
  const { runners } = pool;
  const variants = listVariants(found);
  return {
    name: pool.name,
    target: pool.target,
    run: pool.run,
    lifetime: pool.lifetime,
    runnerGroup,
    hosts: found.map(({ host }) => host),
    leftOut,
    slots: found.reduce((sum, { placement }) => sum + placement.slots.length, 0),
    scaling: runners.kind === "fixed" ? null : { min: runners.min, max: runners.max, idle: runners.idle },
    labels: intersectLabels(variants),
    variants,
    gpu: pool.gpu === null ? null : { vendor: pool.gpu.vendor, perRunner: pool.gpu.perRunner },
    docker: pool.docker,
    caches: mergeCaches(found.map(({ placement }) => placement.caches)),
    emulate: pool.emulate,
    timeoutMinutes: Math.max(1, Math.min(LONGEST_JOB, Math.floor(pool.maxJob / MINUTE))),
  };
}

function listVariants(found: readonly Found[]): PlannedPool["variants"] {
  const variants = new Map<string, { labels: readonly string[]; hosts: string[]; arch: "x64" | "arm64" }>();
  for (const { host, placement } of found) {
    const key = placement.labels.join(",");
    const known = variants.get(key);
    if (known !== undefined) known.hosts.push(host);
    else {
      const arch = archOfPlatform(placement.platform);
      variants.set(key, { labels: placement.labels, hosts: [host], arch });
    }
  }
  return [...variants.values()];
}

function intersectLabels(variants: PlannedPool["variants"]): readonly string[] {
  const [first, ...others] = variants;
  const sets = others.map((variant) => new Set(variant.labels));
  return (first?.labels ?? []).filter((label) => sets.every((labels) => labels.has(label)));
}
