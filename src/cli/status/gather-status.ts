// Gathers what status puts side by side. In: the plan, this host if it is one, GitHub unless told otherwise.
// Out: facts. Nothing is changed; what cannot be learned says why.

import { observeHost } from "../../adapters/observe-slots.ts";
import { WorldError } from "../../base/world-error.ts";
import type { AuthSpec, TargetSpec } from "../../model/fleet.ts";
import type { GitHubAnswer, RunnerRecord } from "../../model/github.ts";
import { type Seen, seen, unseen } from "../../model/host-observation.ts";
import type { Plan } from "../../model/plan.ts";
import type { LocalFacts, StatusFacts, TargetRunners } from "../../status/facts.ts";
import { readInstalledState } from "../doctor/read-drift.ts";
import { listCopies } from "../list-copies.ts";
import type { LoadedFleet } from "../load-fleet.ts";
import { lookAtGuestUnits, waitsForReboot } from "../look-at-guest-units.ts";
import { openLook } from "../open-look.ts";
import type { ThisHost } from "../this-host.ts";

export async function lookHere(loaded: LoadedFleet, plan: Plan, at: ThisHost): Promise<LocalFacts> {
  const ports = openLook(at.host, at.places);
  const observation = await observeHost({ plan, host: at.host, places: at.places, only: null }, ports);
  const state = readInstalledState(plan, at, ports.files, listCopies(loaded));
  const installed = state.installed.known && state.installed.value;
  return {
    host: at.host.name,
    observation,
    installed: state.installed,
    isUnfinished: state.isUnfinished,
    pending: state.pending,
    generations: new Map(
      state.slots.flatMap(({ name, run, generation }) =>
        run === "container" ? [[name, generation] as const] : [],
      ),
    ),
    drifted: installed
      ? state.drift.filter((file) => file.state !== "unreadable").map(({ path }) => path)
      : [],
  };
}

/** null: this machine is no Proxmox node of the fleet. */
export async function lookAtGuests(plan: Plan, at: ThisHost | null): Promise<StatusFacts["node"]> {
  if (at === null || at.host.hypervisor === null) return null;
  const { lookAtNodeHere } = await import("../doctor/look-at-node-here.ts");
  const request = { plan, host: at.host, wanted: null, isRoot: at.uid === 0 };
  const node = await lookAtNodeHere(request, openLook(at.host, at.places));
  return node === null ? null : { host: at.host.name, seen: node.seen };
}

/** null: this machine is none of the fleet's, or a Proxmox node. */
export async function lookAtMachine(at: ThisHost | null): Promise<StatusFacts["machine"]> {
  if (at === null || at.host.supervision === "none") return null;
  const ports = openLook(at.host, at.places);
  const guests = await lookAtGuestUnits(at, ports);
  return { host: at.host.name, waitsForReboot: waitsForReboot(ports.files), guests };
}

type BrokerAuth = Extract<AuthSpec, { kind: "broker" }>;

export type TargetLists = StatusFacts["github"];

/** Opened once; each call asks again. */
export async function openLists(plan: Plan, at: ThisHost | null): Promise<() => Promise<TargetLists>> {
  const used = new Set(plan.hosts.flatMap((host) => host.placements.map(({ target }) => target)));
  const targets = plan.targets.filter(({ name }) => used.has(name));
  const opened = await Promise.all(
    targets.map(async (target) => ({ target, lists: await openOrExplain(plan, target, at) })),
  );
  return async () => {
    const found = new Map<string, Seen<TargetRunners>>();
    for (const { target, lists } of opened) {
      found.set(target.name, typeof lists === "string" ? unseen(lists) : await listTarget(lists));
    }
    return found;
  };
}

interface Lists {
  readonly each: readonly List[];
  readonly onlyHost: string | null;
}

/** A proxy or an authority that cannot be used is a reason like any other. */
async function openOrExplain(plan: Plan, target: TargetSpec, at: ThisHost | null): Promise<Lists | string> {
  if (target.auth.kind === "broker") return listByBroker(target, target.auth, at);
  try {
    const { openTarget } = await import("../open-target.ts");
    const { scopes } = await openTarget(plan, target, at);
    return {
      each: scopes.map(
        ({ api }) =>
          () =>
            api.listRunners(),
      ),
      onlyHost: null,
    };
  } catch (error) {
    if (error instanceof WorldError) return error.message;
    throw error;
  }
}

/** Its answer depends on whose key asks: it knows no more of the fleet than what belongs to that host. */
async function listByBroker(
  { name }: TargetSpec,
  auth: BrokerAuth,
  at: ThisHost | null,
): Promise<Lists | string> {
  if (at === null) return `the broker ${auth.url} answers hosts of the fleet alone, and this machine is none`;
  const { explainClosedKey, openHostBroker } = await import("../open-broker.ts");
  const closed = explainClosedKey(at.places);
  if (closed !== null) return closed;
  const broker = openHostBroker(auth, at.places);
  return { each: [() => broker.listOwn(name)], onlyHost: at.host.name };
}

type List = () => Promise<
  GitHubAnswer<{ readonly runners: readonly RunnerRecord[]; readonly complete: boolean }>
>;

/** Several scopes for a personal account; one that does not answer leaves the whole list unknown. */
async function listTarget({ each, onlyHost }: Lists): Promise<Seen<TargetRunners>> {
  const runners: RunnerRecord[] = [];
  let complete = true;
  for (const list of each) {
    const answer = await list();
    if (answer.kind !== "ok") return unseen(explainFailure(answer));
    runners.push(...answer.value.runners);
    complete &&= answer.value.complete;
  }
  return seen({ runners, complete, onlyHost });
}

function explainFailure(answer: Exclude<GitHubAnswer<unknown>, { kind: "ok" }>): string {
  switch (answer.kind) {
    case "not-found":
      return "GitHub does not find it";
    case "unknown":
      return answer.cause;
    case "refused": {
      const missing = answer.missing === null ? "" : `; missing permission: ${answer.missing}`;
      return `${answer.message}${missing}${answer.help === null ? "" : `. ${answer.help}`}`;
    }
    default:
      return answer.message;
  }
}
