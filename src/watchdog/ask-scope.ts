// What GitHub says of our registrations in one scope: from its list where that costs less or shows what no record
// does, and by number for each that is suspect, because a row may be missing from the pages and prove nothing.
// In: the scope, this host's slots, memory. Out: registrations, or why nothing is known.

import type { GitHubAnswer, RunnerRecord } from "../model/github.ts";
import { findOwnedSlot, type OwnedSlots } from "../model/ownership.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import { isSameScope } from "../model/registration-url.ts";
import type { Asked, Memory, ScopeTrouble, SeenRegistration, WatchedSlot } from "../model/watchdog.ts";
import { explainFailure } from "./explain-failure.ts";
import type { Meter } from "./meter.ts";
import { listSuspects } from "./suspects.ts";
import type { WatchedScope } from "./watch-ports.ts";
import type { Windows } from "./windows.ts";

export interface ScopeRequest {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly memory: Memory | null;
  readonly windows: Windows;
  readonly owned: OwnedSlots;
  readonly slots: readonly WatchedSlot[];
  readonly now: number;
}

export interface ScopeAnswer {
  readonly url: string;
  readonly registrations: readonly SeenRegistration[];
  readonly trouble: ScopeTrouble | null;
  /** Length of the list; null: it was not read. */
  readonly total: number | null;
}

/** A registration that our records name. */
export interface Recorded {
  readonly slot: string;
  readonly name: string;
  /** null: announced, and no answer was seen. */
  readonly id: number | null;
}

const PAGE = 100;
/** Of each pass: the rest is looked at in the next ones. */
const MOST_ASKED = 100;
const MOST_SEARCHED = 5;

export async function askScope(
  scope: WatchedScope,
  request: ScopeRequest,
  meter: Meter,
): Promise<ScopeAnswer> {
  const { target, api } = scope;
  const recorded = listRecorded(target, api.url, request);
  const ids = recorded.flatMap(({ id }) => id ?? []);
  const failed = (
    answer: Exclude<GitHubAnswer<unknown>, { kind: "ok" | "not-found" }>,
    known: readonly SeenRegistration[],
  ) => {
    const { kind, why } = explainFailure(answer);
    return {
      url: api.url,
      registrations: known,
      trouble: { target, scope: api.url, kind, why },
      total: null,
    };
  };
  const found = new Map<number, SeenRegistration>();
  for (const { id, name } of recorded) {
    if (id === null) continue;
    found.set(id, {
      target,
      scope: api.url,
      id,
      name,
      recorded: true,
      listed: null,
      asked: { kind: "not-asked" },
    });
  }
  let total: number | null = null;
  let trouble: ScopeTrouble | null = null;
  if (wantsList(ids.length, api.url, request)) {
    const list = await api.listRunners();
    meter.note(list.meta);
    if (list.kind === "not-found") throw new Error("a list is never not-found");
    if (list.kind !== "ok") return failed(list, markUnknown(found, explainFailure(list).why));
    total = list.value.total ?? list.value.runners.length;
    if (!list.value.complete) {
      const why = "the pages of its list did not add up";
      trouble = { target, scope: api.url, kind: "incomplete", why };
    }
    addListed(found, list.value.runners, scope, request.owned);
  }
  const suspects = listSuspects([...found.values()], total !== null, api.url, request);
  for (const id of suspects.slice(0, MOST_ASKED)) {
    const answer = await api.getRunner(id);
    meter.note(answer.meta);
    const before = found.get(id) ?? refOf(id, scope, request);
    if (before === null) continue;
    if (answer.kind !== "ok" && answer.kind !== "not-found") {
      const { why } = explainFailure(answer);
      return failed(answer, markUnknown(found, why));
    }
    found.set(id, { ...before, asked: judge(answer, before.name) });
  }
  for (const seen of await searchAnnounced(recorded, scope, request, meter)) {
    if (!found.has(seen.id)) found.set(seen.id, seen);
  }
  return { url: api.url, registrations: [...found.values()], trouble, total };
}

/** A number that now has another name is none of ours any more. */
function judge(
  answer: Extract<GitHubAnswer<RunnerRecord>, { kind: "ok" | "not-found" }>,
  name: string,
): Asked {
  if (answer.kind === "not-found") return { kind: "gone" };
  return answer.value.name === name
    ? { kind: "here", runner: answer.value }
    : { kind: "unknown", why: `it is called ${answer.value.name} there` };
}

function markUnknown(found: ReadonlyMap<number, SeenRegistration>, why: string): readonly SeenRegistration[] {
  return [...found.values()].map((seen) =>
    seen.asked.kind === "not-asked" && seen.listed === null
      ? { ...seen, asked: { kind: "unknown", why } }
      : seen,
  );
}

/** The deputy sees all; others what costs less. */
function wantsList(ids: number, url: string, { plan, host, memory }: ScopeRequest): boolean {
  if (plan.watchdog.deputy === host.name) return true;
  const pages = Math.max(1, Math.ceil((memory?.listed[url] ?? 1) / PAGE));
  return ids > pages;
}

function listRecorded(target: string, url: string, { host, slots }: ScopeRequest): readonly Recorded[] {
  const targets = new Map(
    host.placements.flatMap((p) => p.slots.map(({ name }) => [name, p.target] as const)),
  );
  return slots.flatMap(({ slot, identity, names }): readonly Recorded[] => {
    if (targets.get(slot) !== target) return [];
    const jit = names.known ? names.value.filter((kept) => isSameScope(kept.url, url)) : [];
    const own = identity.known && identity.value.kind === "whole" ? identity.value : null;
    const isHere =
      own !== null && own.agentName === slot && (own.gitHubUrl === null || isSameScope(own.gitHubUrl, url));
    const persistent = own !== null && isHere ? [{ slot, name: own.agentName, id: own.agentId }] : [];
    return [...persistent, ...jit.map(({ name, id }) => ({ slot, name, id }))];
  });
}

function addListed(
  found: Map<number, SeenRegistration>,
  runners: readonly RunnerRecord[],
  { target, api }: WatchedScope,
  owned: OwnedSlots,
): void {
  for (const runner of runners) {
    const slot = findOwnedSlot(runner.name, owned);
    if (slot === null || slot.placement.target !== target) continue;
    const before = found.get(runner.id);
    if (before !== undefined && before.name !== runner.name) continue;
    const { id, name } = runner;
    found.set(id, {
      target,
      scope: api.url,
      id,
      name,
      recorded: before?.recorded ?? false,
      listed: runner,
      asked: { kind: "not-asked" },
    });
  }
}

/** What memory alone knows: a registration that is being given up. */
function refOf(id: number, { target, api }: WatchedScope, { memory }: ScopeRequest): SeenRegistration | null {
  const given = Object.values(memory?.retiring ?? {}).find(
    ({ registration }) => registration?.id === id && registration.scope === api.url,
  )?.registration;
  if (given == null) return null;
  return {
    target,
    scope: api.url,
    id,
    name: given.name,
    recorded: true,
    listed: null,
    asked: { kind: "not-asked" },
  };
}

/** Names that were announced, and nobody saw whether they came to be. */
async function searchAnnounced(
  recorded: readonly Recorded[],
  { target, api }: WatchedScope,
  { slots }: ScopeRequest,
  meter: Meter,
): Promise<readonly SeenRegistration[]> {
  const quiet = new Set(
    slots.filter(({ processes }) => processes.known && processes.value.length === 0).map(({ slot }) => slot),
  );
  const announced = recorded.filter(({ id, slot }) => id === null && quiet.has(slot)).slice(-MOST_SEARCHED);
  const found: SeenRegistration[] = [];
  for (const { name } of announced) {
    const answer = await api.findRunner(name);
    meter.note(answer.meta);
    if (answer.kind !== "ok") break;
    if (answer.value === null || answer.value.name !== name) continue;
    const { id } = answer.value;
    const asked = { kind: "here", runner: answer.value } as const;
    found.push({ target, scope: api.url, id, name, recorded: true, listed: null, asked });
  }
  return found;
}
