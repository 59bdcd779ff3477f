// Which slots of this host serve or start for which waiting jobs. Jobs that a runner is there for, or comes for, need
// none; of the others each has an order of hosts, and the one at rank k waits k intervals for those before it.
// In: the host's slots, the queue, what GitHub lists of other hosts. Out: jobs by slot.

import { findOwnedSlot, type OwnedSlots } from "../model/ownership.ts";
import { isUp } from "../model/slot-life.ts";
import type { Demand, Memory, Observation, WaitingJob } from "../model/watchdog.ts";
import { archOf, type CoverOptions, coversJob, rankHosts } from "./cover-job.ts";
import { shareOf } from "./share.ts";
import { isOverdue, judgeRemote, markKey, type SlotCase } from "./slot-case.ts";
import { mayStartNow } from "./start-pace.ts";

export interface Scaling {
  /** Slots to start. */
  readonly starts: ReadonlyMap<string, WaitingJob>;
  /** Slots that wait for a job and have one to come. */
  readonly serves: ReadonlyMap<string, WaitingJob>;
  /** Jobs that no slot of this host is left for. */
  readonly unmet: readonly WaitingJob[];
  /** Pools that hold as many here as they may. */
  readonly full: ReadonlySet<string>;
  /** When each job was first seen waiting. */
  readonly jobs: Readonly<Record<string, number>>;
}

export interface ScaleInputs {
  readonly observation: Observation;
  readonly memory: Memory;
  readonly owned: OwnedSlots;
  readonly cover: CoverOptions;
}

export function planScaling(cases: readonly SlotCase[], inputs: ScaleInputs): Scaling {
  const first = cases[0];
  if (first === undefined)
    return { starts: new Map(), serves: new Map(), unmet: [], full: new Set(), jobs: {} };
  const waiting = listWaiting(inputs.observation);
  const seenSince = noteJobs(waiting, inputs);
  const { uncovered, serves } = coverWithThere(waiting, cases, inputs);
  const due = uncovered.filter((job) => {
    const rank = rankHosts(first.plan, job, inputs.cover).indexOf(first.host.name);
    const waited = first.now - (seenSince[job.id] ?? first.now);
    return rank >= 0 && waited >= rank * first.windows.rank;
  });
  const room = measureRoom(cases);
  const { starts, unmet } = chooseStarts(due, cases, room, inputs);
  const full = new Set([...room].filter(([, left]) => left <= 0).map(([pool]) => pool));
  return { starts, serves, unmet, full, jobs: seenSince };
}

/** In the same order on every host. */
function listWaiting({ demand }: Observation): readonly WaitingJob[] {
  const known = [...demand.values()].flatMap((each) => (each.known ? each.value.jobs : []));
  return known.toSorted((a, b) => a.id - b.id);
}

/** A queue that cannot be seen just now keeps its times. */
function noteJobs(
  waiting: readonly WaitingJob[],
  { memory, observation }: ScaleInputs,
): Readonly<Record<string, number>> {
  const now = observation.time.monotonic;
  const isWhole = [...observation.demand.values()].every((each) => each.known && each.value.complete);
  const noted: Record<string, number> = isWhole ? {} : { ...memory.jobs };
  for (const { id } of waiting) noted[id] = memory.jobs[id] ?? now;
  return noted;
}

interface There {
  readonly slot: string | null;
  readonly covers: (job: WaitingJob) => boolean;
}

function coverWithThere(
  waiting: readonly WaitingJob[],
  cases: readonly SlotCase[],
  inputs: ScaleInputs,
): { readonly uncovered: readonly WaitingJob[]; readonly serves: ReadonlyMap<string, WaitingJob> } {
  const there = [
    ...cases.filter((at) => isComing(at, inputs.memory)).map((at) => asThere(at, inputs.cover)),
    ...listElsewhere(cases, inputs),
  ];
  const serves = new Map<string, WaitingJob>();
  const uncovered: WaitingJob[] = [];
  for (const job of waiting) {
    const at = there.findIndex((one) => one.covers(job));
    if (at < 0) {
      uncovered.push(job);
      continue;
    }
    const [one] = there.splice(at, 1);
    if (one?.slot != null) serves.set(one.slot, job);
  }
  return { uncovered, serves };
}

function asThere(at: SlotCase, cover: CoverOptions): There {
  return { slot: at.slot.name, covers: (job) => coversHere(at, job, cover) && servesRepository(at, job) };
}

function coversHere({ placement }: SlotCase, job: WaitingJob, cover: CoverOptions): boolean {
  return job.target === placement.target && coversJob(placement.labels, archOf(placement), job, cover);
}

function servesRepository({ repositories, seen }: SlotCase, job: WaitingJob): boolean {
  if (repositories.length === 0) return true;
  const assigned = seen.assigned.known ? seen.assigned.value : null;
  return assigned?.toLowerCase() === job.repository.toLowerCase();
}

/** It waits for a job, or will in a moment. */
function isComing(at: SlotCase, memory: Memory): boolean {
  if (at.retirement !== null || at.seen.drained.known === false || at.seen.drained.value) return false;
  if (at.life === "idle") return isTakingJobs(at, memory);
  if (at.life !== "starting" || isOverdue(at)) return false;
  const mint = at.seen.mint.known ? at.seen.mint.value : null;
  if (mint !== null && mint.state !== "ready") return false;
  // A slot that has come up by itself again, after its job, was not started here.
  return at.started === null || at.now - at.started.at < at.windows.start;
}

function isTakingJobs(at: SlotCase, memory: Memory): boolean {
  if (at.remote === "online" || at.remote === "unknown" || at.remote === "none") return true;
  if (at.remote !== "offline") return false;
  // It has just registered, and GitHub does not see it yet.
  const mark = memory.marks[markKey(at.slot.name, "HungListener")];
  return mark === undefined || at.now - mark.since < at.windows.start;
}

/** Runners of other hosts that GitHub lists online and idle. */
function listElsewhere(
  cases: readonly SlotCase[],
  { observation, owned, cover }: ScaleInputs,
): readonly There[] {
  const host = cases[0]?.host.name;
  return observation.registrations.flatMap((registration): readonly There[] => {
    const slot = findOwnedSlot(registration.name, owned);
    if (slot === null || slot.host.name === host || judgeRemote(registration) !== "online") return [];
    const { placement } = slot;
    const covers = (job: WaitingJob): boolean =>
      job.target === placement.target &&
      coversJob(placement.labels, archOf(placement), job, cover) &&
      isInScope(registration.scope, job);
    return [{ slot: null, covers }];
  });
}

/** A runner of a repository takes only its jobs: the last two parts of its address are that repository. */
function isInScope(scope: string, job: WaitingJob): boolean {
  const path = scope.toLowerCase().split("/").slice(3).filter(Boolean);
  return path.length !== 2 || path[0] === "enterprises" || path.join("/") === job.repository.toLowerCase();
}

/** How many more of each pool may run here. Slots that always run keep their place while they are down. */
function measureRoom(cases: readonly SlotCase[]): Map<string, number> {
  const room = new Map<string, number>();
  for (const { plan, pool, host, slot, life } of cases) {
    const left = room.get(pool.name) ?? shareOf(plan, pool, host.name);
    room.set(pool.name, left - (isUp(life) || slot.always ? 1 : 0));
  }
  return room;
}

function chooseStarts(
  due: readonly WaitingJob[],
  cases: readonly SlotCase[],
  room: Map<string, number>,
  { cover }: ScaleInputs,
): Pick<Scaling, "starts" | "unmet"> {
  const starts = new Map<string, WaitingJob>();
  const unmet: WaitingJob[] = [];
  // The least able first: a slot with a card is not started for a job that needs none.
  const free = cases
    .filter(isFree)
    .toSorted((a, b) => a.placement.labels.length - b.placement.labels.length || a.slot.index - b.slot.index);
  for (const job of due) {
    const at = free.findIndex(
      (one) => coversHere(one, job, cover) && (one.slot.always || (room.get(one.pool.name) ?? 0) > 0),
    );
    const [one] = at < 0 ? [] : free.splice(at, 1);
    if (one === undefined) {
      unmet.push(job);
      continue;
    }
    if (!one.slot.always) room.set(one.pool.name, (room.get(one.pool.name) ?? 0) - 1);
    starts.set(one.slot.name, job);
  }
  return { starts, unmet };
}

function isFree(at: SlotCase): boolean {
  const { life, seen, retirement } = at;
  if (life !== "stopped" && life !== "failed") return false;
  if (retirement !== null || !seen.drained.known || seen.drained.value) return false;
  return !isDeprecated(at) && mayStartNow(at);
}

/** GitHub takes no jobs from this version: a start changes nothing. */
export function isDeprecated({ seen, life, isVersionEnded }: SlotCase): boolean {
  if (seen.mint.known && seen.mint.value?.state === "stopped") return true;
  if (life === "idle" || life === "starting") {
    return seen.log.known && seen.log.value.trouble === "version-deprecated";
  }
  if (life !== "stopped" && life !== "failed") return false;
  return isVersionEnded || (seen.lastExit.known && seen.lastExit.value?.class === "version-deprecated");
}

export function readDemand(observation: Observation, target: string): Demand | "unknown" | "none" {
  const demand = observation.demand.get(target);
  if (demand === undefined) return "none";
  return demand.known ? demand.value : "unknown";
}
