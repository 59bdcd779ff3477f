// Which hosts each pool is on. Without `hosts:` a pool takes every host that can; where all that could still
// lack software, it takes those and says what to install. In: pools and sites. Out: sites by pool, with
// reasons for those passed over.

import type { Fleet, PoolSpec } from "../model/fleet.ts";
import { count, eachOf, type Findings } from "./findings.ts";
import { judgeHost, type Obstacle } from "./judge-host.ts";
import type { KnownHosts } from "./know-hosts.ts";
import type { Site } from "./site.ts";

export interface PoolHosts {
  readonly pool: PoolSpec;
  readonly sites: readonly Site[];
  readonly leftOut: readonly { readonly host: string; readonly why: string }[];
}

export function chooseHosts(fleet: Fleet, known: KnownHosts, findings: Findings): readonly PoolHosts[] {
  const byName = new Map(known.sites.map((site) => [site.name, site]));
  return fleet.pools.map((pool) =>
    pool.hosts === null
      ? takeAllThatCan(pool, known.sites, fleet, findings)
      : takeNamed(
          pool,
          pool.hosts.flatMap((name) => byName.get(name) ?? []),
          findings,
        ),
  );
}

/** Hosts of which nothing is known are reported elsewhere and missing here. */
function takeNamed(pool: PoolSpec, sites: readonly Site[], findings: Findings): PoolHosts {
  const taken: Site[] = [];
  for (const site of sites) {
    const { never, lacking } = judgeHost(pool, site);
    const worst = never[0];
    if (worst !== undefined) report(pool, site, worst, findings);
    else {
      taken.push(site);
      for (const obstacle of lacking) report(pool, site, obstacle, findings);
    }
  }
  return { pool, sites: taken, leftOut: [] };
}

function takeAllThatCan(pool: PoolSpec, sites: readonly Site[], fleet: Fleet, findings: Findings): PoolHosts {
  const judged = sites.map((site) => ({ site, verdict: judgeHost(pool, site) }));
  // A cluster that happens to be in the fleet gets GPU pools only by name: what its nodes have is unknown.
  const possible = judged.filter(
    ({ site, verdict }) =>
      verdict.never.length === 0 && (pool.gpu === null || site.spec.kind !== "kubernetes"),
  );
  const able = possible.filter(({ verdict }) => verdict.lacking.length === 0);
  const taken = able.length > 0 ? able : possible;
  for (const { site, verdict } of taken) {
    for (const obstacle of verdict.lacking) report(pool, site, obstacle, findings);
  }
  const isTaken = new Set(taken.map(({ site }) => site));
  const leftOut = judged
    .filter(({ site }) => !isTaken.has(site))
    .map(({ site, verdict }) => ({
      host: site.name,
      why: [...verdict.never, ...verdict.lacking][0]?.text ?? "is a cluster whose GPUs are not known",
    }));
  // A host without an inventory might have been the one: that error comes first.
  if (taken.length === 0 && sites.length === fleet.hosts.length) reportNowhere(pool, leftOut, findings);
  return { pool, sites: taken.map(({ site }) => site), leftOut };
}

function report(pool: PoolSpec, site: Site, obstacle: Obstacle, findings: Findings): void {
  findings.addOnHost({
    code: obstacle.code,
    path: pool.hosts === null ? pool.at : [...pool.at, "hosts"],
    host: site.name,
    group: obstacle.text,
    message: (hosts, number) => `pool \`${pool.name}\`: ${eachOf(hosts, number)} ${obstacle.text}`,
    help: () => obstacle.help,
    ...(obstacle.fact.length === 0 || site.factsFrom === "expected"
      ? {}
      : { fact: { message: `what \`${site.name}\` has`, path: obstacle.fact } }),
  });
}

/** Reasons that a message spells out; the others are counted. */
const REASONS = 3;

function reportNowhere(pool: PoolSpec, leftOut: PoolHosts["leftOut"], findings: Findings): void {
  const reasons = leftOut.slice(0, REASONS).map(({ host, why }) => `\`${host}\` ${why}`);
  if (leftOut.length > REASONS) reasons.push(`${count(leftOut.length - REASONS, "more host")}`);
  findings.add({
    code: "CF704",
    path: pool.at,
    onKey: true,
    message: `no host can hold pool \`${pool.name}\`: ${reasons.join("; ")}`,
    help: "add a host that can, or ask for less in this pool",
  });
}
