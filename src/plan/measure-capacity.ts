// Adds up what a host's slots and guests claim of it, and says where that is more than it has. What must
// happen (slots that always run) is an error, what may happen (all slots at once) a warning.
// In: a site, its placements, its guests. Out: the capacity, findings.

import type { DocPath, RelatedPlace } from "../base/diagnostic.ts";
import type { Capacity } from "../model/capacity.ts";
import type { PoolSpec, VmSpec } from "../model/fleet.ts";
import type { Placement } from "../model/plan.ts";
import { count, eachOf, type Findings, joinWords, nameMemory } from "./findings.ts";
import type { Site } from "./site.ts";

export interface Load {
  readonly site: Site;
  readonly placements: readonly Placement[];
  readonly pools: ReadonlyMap<string, PoolSpec>;
  readonly guests: readonly VmSpec[];
}

export function measureCapacity(load: Load): Capacity {
  const { site } = load;
  const used = new Map<string, string[]>();
  for (const slot of load.placements.flatMap((placement) => placement.slots)) {
    for (const { id } of slot.gpus) {
      const slots = used.get(id);
      if (slots === undefined) used.set(id, [slot.name]);
      else slots.push(slot.name);
    }
  }
  return {
    cpus: {
      total: site.totals.cpus,
      claimed: sumClaims(load, "cpus", true),
      atMax: sumClaims(load, "cpus", false),
    },
    memory: {
      total: site.totals.memory,
      claimed: sumClaims(load, "memory", true),
      atMax: sumClaims(load, "memory", false),
    },
    gpus: site.cards.map(({ gpu, guest }) => ({
      gpu: gpu.id,
      name: gpu.name,
      slots: used.get(gpu.id) ?? [],
      guest,
    })),
  };
}

type Resource = "cpus" | "memory";

function sumClaims(load: Load, resource: Resource, onlyAlways: boolean): number {
  const ofSlots = load.placements.map(
    ({ slots, limits }) =>
      (limits[resource] ?? 0) * (onlyAlways ? slots.filter((slot) => slot.always).length : slots.length),
  );
  const ofGuests = load.guests.map((guest) => guest.limits[resource]);
  return roundCpus([...ofSlots, ...ofGuests].reduce((sum, claim) => sum + claim, 0));
}

/** 0.1 + 0.2 is 0.3 here: limits have at most three decimals. */
function roundCpus(number: number): number {
  return Math.round(number * 1000) / 1000;
}

export function checkCapacity(load: Load, capacity: Capacity, findings: Findings): void {
  for (const resource of ["cpus", "memory"] as const) {
    const { total, claimed, atMax } = capacity[resource];
    if (total === null) continue;
    // Virtual CPUs are shared by time; memory of guests is there or not.
    const shareable =
      resource === "cpus" ? load.guests.reduce((sum, guest) => sum + guest.limits.cpus, 0) : 0;
    const greedy = listClaims(load, resource, false).find((claim) => claim.each > total);
    if (greedy !== undefined) reportGreedy(load, greedy, resource, total, findings);
    else if (claimed - shareable > total) report("CF507", load, resource, claimed, total, findings);
    else if (Math.max(claimed, atMax) > total) report("CF708", load, resource, atMax, total, findings);
  }
}

/** One runner or guest that alone asks for more than there is: Docker and QEMU refuse to start it. */
function reportGreedy(load: Load, claim: Claim, resource: Resource, total: number, findings: Findings): void {
  findings.addOnHost({
    code: "CF507",
    path: claim.path,
    host: load.site.name,
    group: `greedy ${claim.each} ${total}`,
    message: (hosts, number) =>
      `${claim.one} may use ${say(resource, claim.each)}, but ${eachOf(hosts, number)} has ${say(resource, total)}`,
    help: () => helpFor({ ...claim, slots: 1 }, resource, total),
    fact: factOf(load.site, resource),
  });
}

function report(
  code: "CF507" | "CF708",
  load: Load,
  resource: Resource,
  claimed: number,
  total: number,
  findings: Findings,
): void {
  const claims = listClaims(load, resource, code === "CF507");
  const largest = claims[0];
  if (largest === undefined) return;
  const when = code === "CF507" ? "at all times" : "when all of them work at once";
  findings.addOnHost({
    code,
    path: largest.path,
    host: load.site.name,
    group: `${claimed} ${total}`,
    message: (hosts, number) =>
      `${joinWords(claims.map((claim) => claim.text))} may use ${say(resource, claimed)} of ${eachOf(hosts, number)} ${when}, ` +
      `which has ${say(resource, total)}`,
    help: () => helpFor(largest, resource, total - (claimed - largest.sum)),
    fact: factOf(load.site, resource),
    related: claims.slice(1).map(
      (claim): RelatedPlace => ({
        message: `${claim.text}: ${say(resource, claim.sum)}`,
        doc: { kind: "spec" },
        path: claim.path,
      }),
    ),
  });
}

interface Claim {
  readonly text: string;
  /** One of them: `each runner of pool …`. */
  readonly one: string;
  readonly each: number;
  readonly path: DocPath;
  readonly sum: number;
  readonly slots: number;
}

/** The largest first. */
function listClaims(load: Load, resource: Resource, onlyAlways: boolean): readonly Claim[] {
  const ofPools = load.placements.map((placement) => {
    const slots = onlyAlways ? placement.slots.filter((slot) => slot.always).length : placement.slots.length;
    return {
      text: `${count(slots, "runner")} of pool \`${placement.pool}\``,
      path: [...poolOf(load, placement).at, "limits", resource],
      one: `each runner of pool \`${placement.pool}\``,
      each: slots === 0 ? 0 : (placement.limits[resource] ?? 0),
      sum: roundCpus((placement.limits[resource] ?? 0) * slots),
      slots,
    };
  });
  const ofGuests = load.guests.map((guest) => ({
    text: `guest \`${guest.name}\``,
    one: `guest \`${guest.name}\``,
    path: [...guest.at, "limits", resource],
    each: guest.limits[resource],
    sum: guest.limits[resource],
    slots: 1,
  }));
  return [...ofPools, ...ofGuests].filter((claim) => claim.sum > 0).toSorted((a, b) => b.sum - a.sum);
}

/** In whole CPUs and GiB: `left` is what this claim's slots may share. */
function helpFor(claim: Claim, resource: Resource, left: number): string {
  const each = left / claim.slots;
  const fits = Math.floor(resource === "memory" ? each / 2 ** 30 : each);
  if (!(fits >= 1)) return "lower the limits, or put less on this host";
  return `lower \`limits.${resource}\` to ${resource === "memory" ? `${fits}GiB` : fits}, or put less on this host`;
}

function factOf(site: Site, resource: Resource): { message: string; path: DocPath } {
  return { message: `what \`${site.name}\` has`, path: resource === "cpus" ? ["cpu"] : ["memory"] };
}

function poolOf(load: Load, placement: Placement): PoolSpec {
  const pool = load.pools.get(placement.pool);
  if (pool === undefined) throw new Error(`placement of a pool that does not exist: ${placement.pool}`);
  return pool;
}

function say(resource: Resource, amount: number): string {
  return resource === "memory" ? nameMemory(amount) : count(amount, "CPU");
}
