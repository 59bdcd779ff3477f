// How many slots each pool has on each host, which of them always run, and which cards they hold. Numbers of
// a scaling pool are spread by level, never by the order of hosts in the spec. In: pools with their sites.
// Out: shares by pool and host.

import type { GpuRequest, PoolSpec } from "../model/fleet.ts";
import { assignCards, type Demand } from "./assign-cards.ts";
import type { PoolHosts } from "./choose-hosts.ts";
import { count, eachOf, type Findings } from "./findings.ts";
import { countCardsFor, isUsable, nameRequest } from "./match-cards.ts";
import type { Card, Site } from "./site.ts";

export interface Share {
  readonly slots: number;
  /** The first so many are started at boot. */
  readonly always: number;
  /** For the slots in order: `share` slots use `perRunner` cards. */
  readonly cards: readonly Card[];
}

/** By pool name, then host name. */
export type Shares = ReadonlyMap<string, ReadonlyMap<string, Share>>;

export function countSlots(pools: readonly PoolHosts[], findings: Findings): Shares {
  const cards = giveCards(pools, findings);
  const shares = new Map<string, ReadonlyMap<string, Share>>();
  for (const { pool, sites } of pools) {
    const ceilings = new Map(
      sites.map((site) => [site.name, readCeiling(pool, site, cards.get(site.name)?.get(pool.name))]),
    );
    const slots = spreadSlots(pool, ceilings);
    const always = pool.runners.kind === "fixed" ? slots : spreadExactly(pool.runners.min, slots);
    reportReach(pool, slots, findings);
    shares.set(
      pool.name,
      new Map(
        sites.map(({ name }) => [
          name,
          {
            slots: slots.get(name) as number,
            always: always.get(name) as number,
            cards: cards.get(name)?.get(pool.name) ?? [],
          },
        ]),
      ),
    );
  }
  return shares;
}

/** Slots that a host must hold, null where the pool leaves the number to us. */
function readFixed(pool: PoolSpec): number | null {
  const { runners } = pool;
  if (runners.kind === "fixed") return runners.perHost;
  return runners.perHost === null ? null : Math.min(runners.perHost, runners.max);
}

/** The most slots a host can hold. Cards limit it only where no number was asked for: that asks too much is an error. */
function readCeiling(pool: PoolSpec, site: Site, cards: readonly Card[] | undefined): number {
  const fixed = readFixed(pool);
  if (fixed !== null) return fixed;
  if (pool.gpu === null || site.spec.kind === "kubernetes") return Number.POSITIVE_INFINITY;
  return Math.floor((cards?.length ?? 0) / pool.gpu.perRunner) * pool.gpu.share;
}

function spreadSlots(pool: PoolSpec, ceilings: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const { runners } = pool;
  if (runners.kind === "fixed" || runners.perHost !== null) return ceilings;
  const level = findLevel(runners.max, [...ceilings.values()]);
  return new Map([...ceilings].map(([host, ceiling]) => [host, Math.min(level, ceiling)]));
}

/** The lowest level at which hosts filled up to it, each at most to its ceiling, hold `wanted` together. */
function findLevel(wanted: number, ceilings: readonly number[]): number {
  const hold = (level: number) => ceilings.reduce((sum, ceiling) => sum + Math.min(level, ceiling), 0);
  let low = 0;
  let high = wanted;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (hold(middle) >= wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** `wanted` in all, as even as the ceilings let; the remainder goes to the first hosts by name. */
function spreadExactly(wanted: number, ceilings: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const level = findLevel(wanted, [...ceilings.values()]);
  const hosts = [...ceilings.keys()].toSorted();
  const given = new Map(hosts.map((host) => [host, Math.min(level, ceilings.get(host) as number)]));
  let surplus = [...given.values()].reduce((sum, slots) => sum + slots, 0) - wanted;
  for (const host of hosts.toReversed()) {
    if (surplus <= 0) break;
    if (given.get(host) !== level) continue;
    given.set(host, level - 1);
    surplus -= 1;
  }
  return given;
}

/** By host name, then pool name. */
function giveCards(
  pools: readonly PoolHosts[],
  findings: Findings,
): ReadonlyMap<string, ReadonlyMap<string, readonly Card[]>> {
  const bySite = new Map<Site, { pool: PoolSpec; demand: Demand }[]>();
  for (const { pool, sites } of pools) {
    if (pool.gpu === null) continue;
    const demand = describeDemand(pool, pool.gpu);
    for (const site of sites) {
      if (site.spec.kind === "kubernetes") continue;
      const demands = bySite.get(site);
      if (demands === undefined) bySite.set(site, [{ pool, demand }]);
      else demands.push({ pool, demand });
    }
  }
  const given = new Map<string, ReadonlyMap<string, readonly Card[]>>();
  for (const [site, entries] of bySite) {
    const { cards, short } = assignCards(
      site.cards,
      entries.map(({ demand }) => demand),
    );
    given.set(site.name, cards);
    for (const { demand, got } of short) {
      const pool = entries.find((entry) => entry.demand === demand)?.pool as PoolSpec;
      reportShort(pool, { site, demand, got, rivals: entries.map((entry) => entry.pool) }, findings);
    }
  }
  return given;
}

function describeDemand(pool: PoolSpec, request: GpuRequest): Demand {
  const fixed = readFixed(pool);
  const slots = fixed ?? (pool.runners.kind === "range" ? pool.runners.max : 0);
  return { pool: pool.name, request, cards: countCardsFor(slots, request), takesLess: fixed === null };
}

interface Shortage {
  readonly site: Site;
  readonly demand: Demand;
  readonly got: number;
  /** Pools with a GPU request on that host, this one among them. */
  readonly rivals: readonly PoolSpec[];
}

function reportShort(pool: PoolSpec, { site, demand, got, rivals }: Shortage, findings: Findings): void {
  const wanted = `${demand.cards} ${nameRequest(demand.request, demand.cards)}`;
  const has = site.cards.filter((card) => isUsable(card, demand.request)).length;
  const others = rivals.filter((rival) => rival !== pool && rival.gpu?.vendor === demand.request.vendor);
  const taken = has - got;
  const left =
    taken > 0 && others.length > 0
      ? ` of which ${taken === 1 ? "one goes" : `${taken} go`} to ${others.map((rival) => `\`${rival.name}\``).join(" and ")}`
      : "";
  findings.addOnHost({
    code: "CF707",
    path: [...pool.at, "runners"],
    host: site.name,
    group: `${demand.cards} ${has} ${left}`,
    message: (hosts, number) =>
      `pool \`${pool.name}\` needs ${wanted} on ${eachOf(hosts, number)}, which has ${has}${left === "" ? "" : `,${left}`}`,
    help: () => helpForShortage(pool, got),
    fact: { message: `the cards of \`${site.name}\``, path: ["gpus"] },
    related: others.map((rival) => ({
      message: `pool \`${rival.name}\` asks for ${rival.gpu === null ? "" : nameRequest(rival.gpu, 2)} too`,
      doc: { kind: "spec" as const },
      path: [...rival.at, "gpu"],
    })),
  });
}

function helpForShortage(pool: PoolSpec, got: number): string {
  const request = pool.gpu as GpuRequest;
  const fits = Math.floor(got / request.perRunner) * request.share;
  const lower = fits > 0 ? `lower \`runners\` to ${fits}, ` : "name other hosts, ";
  return `${lower}or let several slots use one card with \`gpu: {share: N}\``;
}

function reportReach(pool: PoolSpec, slots: ReadonlyMap<string, number>, findings: Findings): void {
  const { runners } = pool;
  if (runners.kind === "fixed" || slots.size === 0) return;
  const total = [...slots.values()].reduce((sum, number) => sum + number, 0);
  if (total >= runners.max) return;
  findings.add({
    code: "CF729",
    path: [...pool.at, "runners"],
    message:
      `pool \`${pool.name}\` scales to ${runners.max}, but its ${count(slots.size, "host")} ` +
      (slots.size === 1 ? `holds ${count(total, "slot")}` : `hold ${count(total, "slot")} together`),
    help:
      runners.perHost === null
        ? `lower \`max\` to ${total}, or add hosts with such cards`
        : `lower \`max\` to ${total}, raise \`perHost\`, or add hosts`,
  });
}
