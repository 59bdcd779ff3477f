// What is odd about a whole pool or host once everything is placed: no limits among neighbours, one card for
// several strangers, caches larger than the disks, a runner that nobody verifies.
// In: the pools and hosts as planned. Out: findings.

import type { Fleet, PoolSpec } from "../model/fleet.ts";
import type { Placement } from "../model/plan.ts";
import { type Findings, nameMemory } from "./findings.ts";
import type { Site } from "./site.ts";

const GIB = 2 ** 30;

export interface PlacedHost {
  readonly site: Site;
  readonly placements: readonly Placement[];
}

/** Slots that share a machine can starve each other; one alone has only itself to blame. */
export function checkLimits(
  pools: ReadonlyMap<string, PoolSpec>,
  host: PlacedHost,
  findings: Findings,
): void {
  const slots = host.placements.reduce((sum, placement) => sum + placement.slots.length, 0);
  if (slots < 2 || host.site.spec.kind === "kubernetes") return;
  for (const placement of host.placements) {
    const missing = (["cpus", "memory"] as const).filter((key) => placement.limits[key] === null);
    if (missing.length === 0 || placement.slots.length === 0) continue;
    const pool = pools.get(placement.pool) as PoolSpec;
    findings.addOnHost({
      code: "CF210",
      path: pool.at,
      host: host.site.name,
      group: missing.join(),
      message: (hosts) =>
        `runners of pool \`${pool.name}\` have no limit of ${missing.join(" or ")} and share ${hosts} with others`,
      help: () => "set `limits: {cpus: …, memory: …}` so that one job cannot starve its neighbours",
    });
  }
}

/** One layer for every slot, as large as its cache may grow; the disks together are the most there can be. */
export function checkCaches(
  pools: ReadonlyMap<string, PoolSpec>,
  host: PlacedHost,
  findings: Findings,
): void {
  const disks = host.site.inventory?.disks ?? null;
  if (disks === null) return;
  const room = disks.filter((disk) => !disk.removable).reduce((sum, disk) => sum + disk.sizeGiB, 0) * GIB;
  const claims = host.placements
    .map((placement) => ({
      placement,
      size: placement.slots.length * placement.caches.reduce((sum, cache) => sum + cache.spec.size, 0),
    }))
    .toSorted((a, b) => b.size - a.size);
  const total = claims.reduce((sum, claim) => sum + claim.size, 0);
  const largest = claims[0];
  if (total <= room || room === 0 || largest === undefined) return;
  const pool = pools.get(largest.placement.pool) as PoolSpec;
  findings.addOnHost({
    code: "CF721",
    path: [...pool.at, "cache"],
    host: host.site.name,
    group: `${total} ${room}`,
    message: (hosts) =>
      `the caches of all runners on ${hosts} may grow to ${nameMemory(total)}, its disks hold ${nameMemory(room)}`,
    help: () => "lower `size`, or use fewer runners on this host: each runner has caches of its own",
    fact: { message: "the disks", path: ["disks"] },
  });
}

/** What a job leaves in a card's memory, the next one that uses the card can read. */
export function checkSharedCards(pool: PoolSpec, findings: Findings): void {
  if (pool.gpu === null || pool.gpu.share < 2 || pool.trusted) return;
  findings.add({
    code: "CF214",
    path: [...pool.at, "gpu", "share"],
    message: `${pool.gpu.share} runners of pool \`${pool.name}\` share one card, and nothing separates their memory on it`,
    help: "say `trusted: true` when all who send jobs here may see each other's data, or use MIG devices or whole cards",
  });
}

export function checkLayerCaches(pool: PoolSpec, findings: Findings): void {
  const at = pool.caches.findIndex((cache) => cache.kind === "buildx");
  if (at === -1 || pool.docker !== "none") return;
  findings.add({
    code: "CF730",
    path: [...pool.at, "cache", at],
    message: `pool \`${pool.name}\` keeps a buildx cache, but its jobs have no Docker to build with`,
    help: "set `docker: rootless` (or another way), or remove the cache",
  });
}

export function checkTarball(
  fleet: Fleet,
  pools: ReadonlyMap<string, PoolSpec>,
  hosts: readonly PlacedHost[],
  findings: Findings,
): void {
  for (const { site, placements } of hosts) {
    const pool = pools.get(placements.find((placement) => placement.run === "process")?.pool ?? "");
    if (pool === undefined) continue;
    if (fleet.runner.checksums[`linux-${site.arch}`] !== null) continue;
    findings.addOnHost({
      code: "CF217",
      path: [...pool.at, "run"],
      host: site.name,
      group: site.arch,
      message: (hosts) => `the runner for ${site.arch} that ${hosts} will unpack has no recorded checksum`,
      help: () => "run `ci-fleet bump`: it records the checksums that GitHub publishes with the release",
    });
  }
}
