// The page that `ci-fleet plan` prints: pools as a workflow sees them, then hosts with their slots, cards
// and what is left of them. In: a plan. Out: text of at most a hundred columns, with a final line break.

import { layField, layHeading, layTable } from "../base/page-layout.ts";
import { formatDuration, formatSize } from "../base/units.ts";
import type { Claims } from "../model/capacity.ts";
import type { Placement, Plan, PlannedHost, PlannedPool, PlannedSlot } from "../model/plan.ts";
import { describeHypervisor } from "./describe-hypervisor.ts";
import { count, nameMemory } from "./findings.ts";

export function describePlan(plan: Plan): string {
  const slots = plan.pools.reduce((sum, pool) => sum + pool.slots, 0);
  const placementsOf = groupPlacements(plan);
  const lines = [
    ...layHeading(
      `Fleet ${plan.fleet}: ${count(plan.pools.length, "pool")} on ${count(plan.hosts.length, "host")}, ${count(slots, "slot")}`,
    ),
    ...layField(
      "runner",
      `${plan.runner.version}${plan.runner.versionFrom === "spec" ? "" : ", the newest that this ci-fleet knows"}`,
    ),
    ...layField("watchdog", describeWatchdog(plan)),
    ...plan.pools.flatMap((pool) => ["", ...layPool(pool, placementsOf.get(pool.name) ?? [])]),
    ...plan.hosts.flatMap((host) => ["", ...layHost(host)]),
  ];
  return `${lines.join("\n")}\n`;
}

function groupPlacements(plan: Plan): ReadonlyMap<string, readonly Placement[]> {
  return Map.groupBy(
    plan.hosts.flatMap((host) => host.placements),
    (placement) => placement.pool,
  );
}

function describeWatchdog({ watchdog }: Plan): string {
  const deputy = watchdog.deputy === null ? "no deputy" : `deputy ${watchdog.deputy}`;
  return (
    `every ${formatDuration(watchdog.every)}, ${deputy}, about ${watchdog.projectedRequestsPerHour} requests ` +
    `an hour to GitHub of ${watchdog.githubRequestsPerHour}`
  );
}

function layPool(pool: PlannedPool, placements: readonly Placement[]): readonly string[] {
  const group = pool.runnerGroup === null ? "" : ` (group ${pool.runnerGroup})`;
  const images = [...new Set(placements.flatMap(({ image }) => (image === null ? [] : [image.reference])))];
  return [
    ...layHeading(`Pool ${pool.name}: ${pool.lifetime} ${pool.run} slots for target ${pool.target}${group}`),
    ...layField("runners", `${describeRunners(pool)} on ${nameHosts(pool.hosts)}`),
    ...(pool.variants.length === 1
      ? layField("labels", pool.labels.join(" "))
      : pool.variants.flatMap((variant) =>
          layField("labels", `${variant.labels.join(" ")} (${nameHosts(variant.hosts)})`),
        )),
    ...images.flatMap((image) => layField("image", image)),
    ...(pool.docker === "none" ? [] : layField("docker", pool.docker)),
    ...pool.caches.flatMap(({ spec, platforms, path }) =>
      layField(
        "cache",
        `${spec.name}, ${formatSize(spec.size)} a slot` +
          (path === null ? "" : `, at ${path}`) +
          (platforms.length === 0 ? "" : `, for ${platforms.join(" ")}`),
      ),
    ),
    ...layField("longest", `${pool.timeoutMinutes} minutes a job`),
    ...describeLeftOut(pool),
  ];
}

function describeRunners(pool: PlannedPool): string {
  if (pool.scaling === null) return count(pool.slots, "slot");
  const { min, max, idle } = pool.scaling;
  return `${min} to ${max} runners, idle ones stop after ${formatDuration(idle)}; ${count(pool.slots, "slot")}`;
}

/** Hosts that a line names; a fleet of a thousand still gives a page. */
const NAMED = 8;

function nameHosts(hosts: readonly string[]): string {
  if (hosts.length === 0) return "no host";
  const more = hosts.length - NAMED;
  return hosts.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function describeLeftOut(pool: PlannedPool): readonly string[] {
  const reasons = Map.groupBy(pool.leftOut, ({ why }) => why);
  return [...reasons].flatMap(([why, entries]) =>
    layField("left out", `${nameHosts(entries.map(({ host }) => host))}: ${why}`),
  );
}

function layHost(host: PlannedHost): readonly string[] {
  const accesses = host.placements.flatMap(({ pool, gpu }) => (gpu === null ? [] : [{ pool, gpu }]));
  return [
    ...layHeading(`Host ${host.name}: ${describeMachine(host)}`),
    ...describeSlots(host),
    ...accesses.flatMap(({ pool, gpu }) => layField("GPU", `${pool}: ${WAYS[gpu.kind]}; ${gpu.why}`)),
    ...describeCards(host),
    ...describeHypervisor(host),
    ...describeClaims("CPUs", host.capacity.cpus, String),
    ...describeClaims("memory", host.capacity.memory, nameMemory),
  ];
}

const WAYS = {
  cdi: "by CDI name",
  reservation: "by device reservation",
  runtime: "by the NVIDIA runtime",
  nodes: "by device node",
  environment: "by environment",
} as const;

function describeMachine({ arch, facts, kind, factsFrom, supervision }: PlannedHost): string {
  const os =
    facts.os === null ? null : [facts.os.id, facts.os.versionId].filter((part) => part !== null).join(" ");
  const docker =
    facts.docker === null
      ? null
      : `Docker ${facts.docker.engine ?? "of unknown version"}, Compose ${facts.docker.compose ?? "unknown"}`;
  const systemd = facts.systemd === null ? null : `systemd ${facts.systemd}`;
  const how = supervision === "compose" ? "kept up by Compose alone" : null;
  const known = kind === "kubernetes" ? null : factsFrom === "expected" ? "not detected yet" : null;
  return [kind, arch, os, systemd, docker, how, known].filter((part) => part !== null).join(", ");
}

/** Slots of one pool and start in one row where they have no card to tell apart. */
function describeSlots(host: PlannedHost): readonly string[] {
  const rows = host.placements.flatMap(({ slots }) =>
    slots.every((slot) => slot.gpus.length === 0)
      ? [true, false].flatMap((always) => describeRun(slots.filter((slot) => slot.always === always)))
      : slots.map((slot) => [slot.name, nameStart(slot), slot.gpus.map(({ id }) => id).join(" ")]),
  );
  return rows.length === 0 ? layField("slots", "none") : layTable(rows);
}

function describeRun(slots: readonly PlannedSlot[]): readonly (readonly string[])[] {
  const first = slots[0];
  const last = slots.at(-1);
  if (first === undefined || last === undefined) return [];
  const name = first === last ? first.name : `${first.name} … ${last.index}`;
  return [[name, nameStart(first), ""]];
}

function nameStart(slot: PlannedSlot): string {
  return slot.always ? "always" : "on demand";
}

function describeCards(host: PlannedHost): readonly string[] {
  return host.capacity.gpus.flatMap(({ gpu, name, slots, guest }) => {
    const use = guest !== null ? `guest ${guest}` : slots.length === 0 ? "free" : count(slots.length, "slot");
    return layField("card", `${gpu}${name === null ? "" : ` ${name}`}: ${use}`);
  });
}

function describeClaims(label: string, claims: Claims, say: (amount: number) => string): readonly string[] {
  const { total, claimed, atMax } = claims;
  if (claimed === 0 && atMax === 0)
    return total === null ? [] : layField(label, `${say(total)}, none claimed by limits`);
  const of = total === null ? "of an unknown total" : `of ${say(total)}`;
  const more = atMax > claimed ? `, ${say(atMax)} with every runner at work` : "";
  return layField(label, `${say(claimed)} ${of} claimed${more}`);
}
