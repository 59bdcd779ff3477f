// What the watchdog will cost GitHub in an hour, before it runs. In: the fleet, the hosts as planned.
// Out: its settings with the projection; a finding where the budget does not suffice.
//
// The projection, for each host and each target that its slots belong to:
// - State of its slots. Asked by id (one request each) or from the list (one for every 100 registrations of
//   the target), whichever is less. Answers carry ETags, and a 304 does not count against GitHub's limit
//   (REST best practices, conditional requests), so only changed records cost: a job changes its runner's
//   record twice, and ten-minute jobs one after another are taken as the busiest there is: 12 an hour. A broker
//   keeps no answers from one question to the next, so that through one each costs.
// - Demand, where a pool scales or a slot is for one of several repositories: queued and running runs of each
//   repository (two requests a pass), with one more for the list of an organization's repositories. How many of
//   those are active is unknown before it runs; one is counted, so this is what the watchdog costs at least.
//   A list of runs changes with every run of the repository, on whatever runner: it is taken as changed.
// The deputy asks for the list of every target instead of for its own slots; strangers' runners are on it, and it is
// taken as changed as well.

import type { Fleet, TargetSpec } from "../model/fleet.ts";
import type { PlannedHost } from "../model/plan.ts";
import type { PlannedWatchdog } from "../model/planned-watchdog.ts";
import { listChoices } from "../model/repository-choice.ts";
import { count, type Findings } from "./findings.ts";

const HOUR = 3_600_000;
const PAGE = 100;
const CHANGES_PER_SLOT = 12;

export function planWatchdog(
  fleet: Fleet,
  hosts: readonly PlannedHost[],
  findings: Findings,
): PlannedWatchdog {
  const { watchdog } = fleet;
  const deputy = chooseDeputy(fleet);
  const project = (every: number) => projectRequests(fleet, hosts, deputy, every);
  const { state, demand } = project(watchdog.every);
  const projected = state + demand;
  const budget = watchdog.budget.githubRequestsPerHour;
  if (projected > budget) {
    const slower = PACES.find((every) => every > watchdog.every && sum(project(every)) <= budget);
    const pace = `\`watchdog.every\` to ${writeSpan(slower ?? 0)}`;
    const raise = `\`watchdog.budget.githubRequestsPerHour\` to at least ${projected}`;
    findings.add({
      code: "CF722",
      path: watchdog.at,
      message: `the watchdogs of ${count(hosts.length, "host")} would send about ${projected} requests an hour to GitHub, above the budget of ${budget}: ${state} for the state of runners, ${demand} to follow the queue`,
      help: `set ${slower === undefined ? raise : `${pace}, or ${raise}`} (GitHub gives a token 5000 in all, an App up to 12500)`,
    });
  }
  return {
    mode: watchdog.mode,
    every: watchdog.every,
    offlineAfter: watchdog.offlineAfter,
    deputy,
    metrics: watchdog.metrics,
    ping: watchdog.ping,
    listen: readListen(watchdog.listen),
    webhookSecret: watchdog.webhook?.secret ?? null,
    activeWithin: watchdog.scale.activeWithin,
    githubRequestsPerHour: budget,
    removalsPerPass: watchdog.budget.removalsPerPass,
    projectedRequestsPerHour: projected,
  };
}

const PACES = [10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600].map(
  (seconds) => seconds * 1000,
);

function writeSpan(milliseconds: number): string {
  return milliseconds % 60_000 === 0 ? `${milliseconds / 60_000}m` : `${milliseconds / 1000}s`;
}

/** The spec's form was checked: brackets around an IPv6 address, a port behind the last colon. */
function readListen(text: string): PlannedWatchdog["listen"] {
  if (text === "none") return null;
  const cut = text.lastIndexOf(":");
  return { address: text.slice(0, cut).replace(/^\[|\]$/g, ""), port: Number(text.slice(cut + 1)) };
}

/** The spec's, else the first machine or guest: clusters and hypervisors have no watchdog. */
export function chooseDeputy(fleet: Fleet): string | null {
  const first =
    fleet.hosts.find((host) => host.kind === "machine") ?? fleet.hosts.find((host) => host.kind === "vm");
  return fleet.watchdog.deputy ?? first?.name ?? null;
}

interface Projection {
  readonly state: number;
  readonly demand: number;
}

const sum = ({ state, demand }: Projection): number => state + demand;

function projectRequests(
  fleet: Fleet,
  hosts: readonly PlannedHost[],
  deputy: string | null,
  every: number,
): Projection {
  const passes = HOUR / every;
  const registered = countByTarget(hosts.flatMap((host) => host.placements));
  const scaling = new Set(
    fleet.pools.filter((pool) => pool.runners.kind === "range").map((pool) => pool.name),
  );
  const targets = new Map(fleet.targets.map((target) => [target.name, target]));
  const pagesOf = (name: string) => countPages(registered.get(name) ?? 0, targets.get(name));
  let state = 0;
  let demand = 0;
  for (const host of hosts) {
    if (host.supervision === "none") continue;
    for (const [name, slots] of countByTarget(host.placements)) {
      const target = targets.get(name);
      const changes = target?.auth.kind === "broker" ? passes : Math.min(passes, CHANGES_PER_SLOT);
      if (host.name !== deputy) state += Math.min(passes * pagesOf(name), slots * changes);
      const scales = host.placements.some((p) => p.target === name && scaling.has(p.pool));
      const chooses = target !== undefined && listChoices(target).length > 0;
      if (scales || chooses) demand += passes * countDemandRequests(target);
    }
    if (host.name === deputy) for (const { name } of fleet.targets) state += passes * pagesOf(name);
  }
  return { state: Math.ceil(state), demand: Math.ceil(demand) };
}

function countByTarget(placements: PlannedHost["placements"]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { target, slots } of placements) {
    if (slots.length > 0) counts.set(target, (counts.get(target) ?? 0) + slots.length);
  }
  return counts;
}

/** A personal account has a list for each repository. */
function countPages(registrations: number, target: TargetSpec | undefined): number {
  const lists = target?.scope.kind === "repositories" ? target.scope.repos.length : 1;
  return Math.max(lists, Math.ceil(registrations / PAGE));
}

function countDemandRequests(target: TargetSpec | undefined): number {
  if (target?.scope.kind === "repositories") return 2 * target.scope.repos.length;
  return target?.scope.kind === "repository" ? 2 : 3;
}
