// One slot of this host with everything that the rules look at. In: plan, observation, memory. Out: a case.

import { findOwnedSlot, type OwnedSlots } from "../model/ownership.ts";
import type { Placement, Plan, PlannedHost, PlannedPool, PlannedSlot } from "../model/plan.ts";
import { isSameScope } from "../model/registration-url.ts";
import { listChoices } from "../model/repository-choice.ts";
import { judgeLife, type SlotLife } from "../model/slot-life.ts";
import type {
  Asked,
  Memory,
  Observation,
  Retirement,
  SeenRegistration,
  Started,
  WatchedSlot,
} from "../model/watchdog.ts";
import type { Windows } from "./windows.ts";

/** `none`: we know of no registration. `unknown`: GitHub did not say. */
export type Remote = "none" | "unknown" | "gone" | "online" | "online-busy" | "offline" | "offline-busy";

export interface SlotCase {
  readonly plan: Plan;
  readonly windows: Windows;
  readonly now: number;
  readonly host: PlannedHost;
  readonly pool: PlannedPool;
  readonly placement: Placement;
  readonly slot: PlannedSlot;
  /** Repositories of a personal account with several: a slot serves one at a time. Else empty. */
  readonly repositories: readonly string[];
  readonly seen: WatchedSlot;
  readonly life: SlotLife;
  readonly lifeEvidence: string;
  /** Processes could be seen, and none of them is a job's. */
  readonly hasNoWorker: boolean;
  /** Marker or log speak of a job that no process does. */
  readonly jobSign: string | null;
  /** They have spoken so for so long that they are leftovers. */
  readonly isSignStale: boolean;
  /** It runs, and nothing of GitHub's runner is to be seen in it: which run of it that is. */
  readonly silentRun: string | null;
  /** Since when that has been so, monotonic; null: not in an earlier pass. */
  readonly silentSince: number | null;
  /** The registration that it runs with, or would start with. */
  readonly current: SeenRegistration | null;
  readonly remote: Remote;
  /** By number, in this pass. */
  readonly isConfirmed: boolean;
  readonly retirement: Retirement | null;
  /** GitHub's word, by number, on the registration that was given up with it. */
  readonly givenUp: Asked["kind"] | null;
  readonly started: Started | null;
  /** GitHub gives no jobs to the pinned runner version any more. */
  readonly isVersionEnded: boolean;
}

export interface CaseInputs {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly observation: Observation;
  readonly memory: Memory;
  readonly windows: Windows;
  readonly owned: OwnedSlots;
}

export function buildCases(inputs: CaseInputs): readonly SlotCase[] {
  const { plan, host, observation } = inputs;
  const seen = new Map(observation.slots.map((slot) => [slot.slot, slot]));
  const pools = new Map(plan.pools.map((pool) => [pool.name, pool]));
  const bySlot = groupBySlot(inputs);
  return host.placements.flatMap((placement) => {
    const pool = pools.get(placement.pool);
    return placement.slots.flatMap((slot) => {
      const watched = seen.get(slot.name);
      if (watched === undefined || pool === undefined) return [];
      return [buildCase(inputs, { pool, placement, slot, seen: watched }, bySlot.get(slot.name) ?? [])];
    });
  });
}

function buildCase(
  { plan, host, observation, memory, windows }: CaseInputs,
  own: Pick<SlotCase, "pool" | "placement" | "slot" | "seen">,
  registrations: readonly SeenRegistration[],
): SlotCase {
  const { slot, placement, seen } = own;
  const { life, evidence } = judgeLife(seen);
  const current = findCurrent(placement, seen, registrations);
  const now = observation.time.monotonic;
  const jobSign = findJobSign(seen);
  const sign = memory.marks[markKey(slot.name, "MarkerWithoutWorker")];
  const retirement = memory.retiring[slot.name] ?? null;
  const silentRun = life === "starting" && hasBegun(seen) ? nameRun(seen) : null;
  const silent = memory.marks[markKey(slot.name, "StartOverdue")];
  return {
    ...own,
    ...{ plan, host, windows, now, life, current, jobSign, retirement },
    repositories: listRepositories(plan, placement),
    lifeEvidence: evidence,
    hasNoWorker: seen.processes.known && !seen.processes.value.some(({ kind }) => kind === "worker"),
    silentRun,
    silentSince: silent !== undefined && silent.of === silentRun ? silent.since : null,
    isSignStale: sign !== undefined && now - sign.since >= windows.staleSign,
    remote: current === "unknown" ? "unknown" : judgeRemote(current),
    current: current === "unknown" ? null : current,
    givenUp: findGivenUp(retirement, observation),
    isConfirmed: current !== null && current !== "unknown" && isConfirmed(current),
    started: memory.started[slot.name] ?? null,
    isVersionEnded: isVersionEnded(placement.target, observation),
  };
}

export function markKey(subject: string, reason: string): string {
  return `${subject} ${reason}`;
}

/** Its container or process runs: it is past what mint prepares. */
export function hasBegun({ unit, container }: WatchedSlot): boolean {
  if (unit.known && unit.value !== null) return unit.value.active === "active";
  return container.known && container.value?.running === true;
}

/** It was started, and nothing came of it in time. */
export function isOverdue({ silentSince, now, windows }: SlotCase): boolean {
  return silentSince !== null && now - silentSince >= windows.start;
}

function nameRun({ unit, container }: WatchedSlot): string {
  if (container.known && container.value !== null) return container.value.id;
  return String(unit.known ? unit.value?.since : null);
}

function groupBySlot({ observation, owned }: CaseInputs): ReadonlyMap<string, readonly SeenRegistration[]> {
  const found = new Map<string, SeenRegistration[]>();
  for (const registration of observation.registrations) {
    const name = findOwnedSlot(registration.name, owned)?.slot.name;
    if (name === undefined) continue;
    const list = found.get(name) ?? [];
    list.push(registration);
    found.set(name, list);
  }
  return found;
}

/** `unknown`: there is one by our records, or might be, and it cannot be told which. */
function findCurrent(
  placement: Placement,
  seen: WatchedSlot,
  registrations: readonly SeenRegistration[],
): SeenRegistration | "unknown" | null {
  const own = readOwnNumber(placement, seen);
  if (own === null || own === "unknown") return own;
  return (
    registrations.find(
      ({ id, scope }) => id === own.id && (own.url === null || isSameScope(scope, own.url)),
    ) ?? "unknown"
  );
}

/** Number of the registration that a slot runs with, or would start with, by our records; null: none. */
export function readOwnNumber(
  { lifetime }: Pick<Placement, "lifetime">,
  { slot, names, identity }: WatchedSlot,
): { readonly id: number; readonly url: string | null } | "unknown" | null {
  if (lifetime === "persistent") {
    if (!identity.known) return "unknown";
    if (identity.value.kind !== "whole" || identity.value.agentName !== slot) return null;
    return { id: identity.value.agentId, url: identity.value.gitHubUrl };
  }
  if (!names.known) return "unknown";
  const last = names.value.findLast(({ id }) => id !== null);
  return last === undefined || last.id === null ? null : { id: last.id, url: last.url };
}

function findGivenUp(retirement: Retirement | null, { registrations }: Observation): Asked["kind"] | null {
  const given = retirement?.registration ?? null;
  if (given === null) return null;
  return (
    registrations.find(({ id, scope }) => id === given.id && scope === given.scope)?.asked.kind ?? "not-asked"
  );
}

export function isConfirmed({ asked }: SeenRegistration): boolean {
  return asked.kind === "here" || asked.kind === "gone";
}

/** What GitHub says by number goes before what its list said. */
export function judgeRemote(registration: SeenRegistration | null): Remote {
  if (registration === null) return "none";
  const { asked, listed } = registration;
  if (asked.kind === "gone") return "gone";
  if (asked.kind === "unknown") return "unknown";
  const runner = asked.kind === "here" ? asked.runner : listed;
  if (runner === null) return "unknown";
  if (runner.online) return runner.busy ? "online-busy" : "online";
  return runner.busy ? "offline-busy" : "offline";
}

export function findJobSign({ job, log, processes }: WatchedSlot): string | null {
  if (!processes.known || processes.value.some(({ kind }) => kind === "worker")) return null;
  if (!job.known) return `its job marker cannot be read: ${job.why}`;
  if (job.value !== null) return "its job marker is there, and no worker";
  if (log.known && log.value.inJob) return "its log says that a job runs, and there is no worker";
  return null;
}

function isVersionEnded(target: string, { versionEnds, time, clockOffset }: Observation): boolean {
  const ends = versionEnds.get(target);
  const at = ends?.known === true && ends.value !== null ? Date.parse(ends.value) : Number.NaN;
  return at <= time.wall + (clockOffset ?? 0);
}

function listRepositories(plan: Plan, placement: Placement): readonly string[] {
  const target = plan.targets.find(({ name }) => name === placement.target);
  return target === undefined ? [] : listChoices(target);
}
