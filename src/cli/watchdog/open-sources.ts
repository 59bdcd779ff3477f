// What a pass of the watchdog observes with, made real: this host, GitHub as far as it can be opened. In: the plan,
// this host. Out: ports.

import { setTimeout as sleep } from "node:timers/promises";
import { openBrokeredTarget } from "../../adapters/broker-scopes.ts";
import { readDisk } from "../../adapters/observe-disk.ts";
import { observeHost } from "../../adapters/observe-slots.ts";
import { readSlotLog } from "../../adapters/slot-log.ts";
import { readNames, readPendingText } from "../../adapters/watchdog-files.ts";
import { readPending } from "../../apply/records.ts";
import { WorldError } from "../../base/world-error.ts";
import type { PendingRecord } from "../../model/apply.ts";
import type { AnswerCache, DemandApi } from "../../model/github.ts";
import { type Seen, type SlotObservation, seen, unseen } from "../../model/host-observation.ts";
import type { Plan } from "../../model/plan.ts";
import type { HostFiles } from "../../model/ports.ts";
import { listChoices } from "../../model/repository-choice.ts";
import { isUp, judgeLife } from "../../model/slot-life.ts";
import type { Memory, PassTime, WatchedSlot } from "../../model/watchdog.ts";
import type { HostLook, ObservePorts, WatchedScope } from "../../watchdog/watch-ports.ts";
import { lookAtGuestUnits, waitsForReboot } from "../look-at-guest-units.ts";
import { openHostBroker } from "../open-broker.ts";
import { openLook } from "../open-look.ts";
import { openTarget } from "../open-target.ts";
import type { ThisHost } from "../this-host.ts";

export interface OpenedGitHub extends Pick<ObservePorts, "scopes" | "closed" | "demand"> {}

export function readTime(files: HostFiles): PassTime {
  const boot = files.readText("/proc/sys/kernel/random/boot_id");
  return {
    wall: Date.now(),
    monotonic: Number(process.hrtime.bigint() / 1_000_000n),
    boot: boot.ok ? boot.value.trim() : null,
  };
}

/**
 * The targets of this host's slots; the deputy sees all that it has a credential for. Demand only where a pool here
 * follows the queue, or a slot serves the repository whose jobs wait.
 */
export async function openGitHubs(
  plan: Plan,
  at: ThisHost,
  /** `signal` ends every request at once. */
  options: { readonly cache: AnswerCache; readonly signal: AbortSignal },
): Promise<OpenedGitHub> {
  const isDeputy = plan.watchdog.deputy === at.host.name;
  const used = new Set(at.host.placements.map(({ target }) => target));
  const scaling = new Set(plan.pools.flatMap(({ name, scaling: range }) => (range === null ? [] : [name])));
  const follows = new Set(
    at.host.placements.flatMap(({ pool, target }) => (scaling.has(pool) ? [target] : [])),
  );
  const scopes: WatchedScope[] = [];
  const closed: ObservePorts["closed"][number][] = [];
  const demand = new Map<string, DemandApi>();
  for (const target of plan.targets) {
    const { name, url } = target;
    const isFollowed = follows.has(name) || (used.has(name) && listChoices(target).length > 0);
    if (!isDeputy && !used.has(name)) continue;
    if (target.auth.kind === "broker") {
      if (!used.has(name)) continue;
      const memory = { cache: options.cache, now: Date.now };
      const brokered = openBrokeredTarget(
        openHostBroker(target.auth, at.places, options.signal),
        target,
        memory,
      );
      scopes.push(...brokered.scopes.map((api) => ({ target: name, api })));
      if (isFollowed) demand.set(name, brokered.demand);
      continue;
    }
    try {
      const access = await openTarget(plan, target, at, options);
      scopes.push(...access.scopes.map(({ api }) => ({ target: name, api })));
      if (isFollowed) demand.set(name, access.demand);
    } catch (error) {
      if (!(error instanceof WorldError)) throw error;
      closed.push({ target: name, url, kind: "refused", why: error.message });
    }
  }
  return { scopes, closed, demand };
}

export function openSources(
  plan: Plan,
  at: ThisHost,
  github: OpenedGitHub,
  memory: Memory | null,
  /** Called when something is given no more time: nobody waits for it, and it goes on. */
  onLate: () => void,
): ObservePorts {
  const { host, places } = at;
  const { files } = openLook(host, places);
  return {
    ...github,
    time: () => readTime(files),
    within: async (work, milliseconds) => {
      const stop = new AbortController();
      const late = sleep(milliseconds, "late" as const, { signal: stop.signal }).catch(() => "late" as const);
      try {
        const ended = await Promise.race([work, late]);
        if (ended === "late") onLate();
        return ended;
      } finally {
        stop.abort();
      }
    },
    look: async () => lookHere(plan, at, memory),
  };
}

async function lookHere(plan: Plan, at: ThisHost, memory: Memory | null): Promise<HostLook> {
  const { host, places } = at;
  const ports = openLook(host, places);
  const observed = await observeHost({ plan, host, places, only: null }, ports);
  const pending = readLeft(at);
  const slots = await watchAll(observed.slots, at, memory, pending);
  const unfinished = pending.slots.filter(({ action }) => action !== "restart");
  return {
    ...{ slots, foreign: observed.foreignProcesses, disks: [readDisk(places.state)], unfinished },
    guestUnits: await lookAtGuestUnits(at, ports),
    waitsForReboot: waitsForReboot(ports.files),
  };
}

/** One slot, now. */
export async function lookAtSlot(plan: Plan, at: ThisHost, slot: string): Promise<WatchedSlot> {
  const { host, places } = at;
  const request = { plan, host, places, only: new Set([slot]) };
  const { slots } = await observeHost(request, openLook(host, places));
  const [one] = await watchAll(slots, at, "all", readLeft(at));
  if (one === undefined) throw new Error(`${slot} is no slot of ${host.name}`);
  return one;
}

interface Left extends PendingRecord {
  readonly at: number;
}

function readLeft({ places }: ThisHost): Left {
  const pending = readPendingText(places);
  return { ...readPending(pending?.text ?? ""), at: pending?.at ?? 0 };
}

/** A run that began after `apply` wrote is one with the new configuration. */
function isOutdated({ slot, unit, container }: SlotObservation, { slots, at }: Left): Seen<boolean> {
  if (!slots.some((left) => left.slot === slot && left.action === "restart")) return seen(false);
  const began =
    unit.known && unit.value !== null
      ? unit.value.since
      : container.known
        ? (container.value?.startedAt ?? null)
        : null;
  return began === null ? unseen("when it was started") : seen(began < at);
}

const LOGS_AT_ONCE = 4;

/** Logs are read only where something was marked: each costs a process. */
async function watchAll(
  slots: readonly SlotObservation[],
  at: ThisHost,
  memory: Memory | null | "all",
  left: Left,
): Promise<readonly WatchedSlot[]> {
  const { host, places } = at;
  const { files, tools } = openLook(host, places);
  const isMarked = (slot: string): boolean =>
    memory === "all" ||
    memory?.retiring[slot] !== undefined ||
    Object.keys(memory?.marks ?? {}).some((key) => key.startsWith(`${slot} `));
  const watched: WatchedSlot[] = [];
  for (let from = 0; from < slots.length; from += LOGS_AT_ONCE) {
    const some = slots.slice(from, from + LOGS_AT_ONCE).map(async (one): Promise<WatchedSlot> => {
      const wantsLog = isUp(judgeLife(one).life) && isMarked(one.slot);
      return {
        ...one,
        names: readNames(files, places, one.slot),
        outdated: isOutdated(one, left),
        log: wantsLog ? await readSlotLog(one, places, tools) : unseen("it was not read"),
      };
    });
    watched.push(...(await Promise.all(some)));
  }
  return watched;
}
