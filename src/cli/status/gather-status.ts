// Gathers what status puts side by side. In: the plan, this host if it is one, GitHub unless told otherwise.
// Out: facts. Nothing is changed; what cannot be learned says why.

import { observeHost } from "../../adapters/observe-slots.ts";
import { WorldError } from "../../base/world-error.ts";
import type { TargetSpec } from "../../model/fleet.ts";
import type { GitHubAnswer, RunnerRecord } from "../../model/github.ts";
import { type Seen, seen, unseen } from "../../model/host-observation.ts";
import type { Plan } from "../../model/plan.ts";
import type { LocalFacts, StatusFacts, TargetRunners } from "../../status/facts.ts";
import { readInstalledState } from "../doctor/read-drift.ts";
import { openLook } from "../open-look.ts";
import type { ThisHost } from "../this-host.ts";

export async function lookHere(plan: Plan, at: ThisHost): Promise<LocalFacts> {
  const ports = openLook(at.host, at.places);
  const observation = await observeHost({ plan, host: at.host, places: at.places, only: null }, ports);
  const state = readInstalledState(plan, at, ports.files);
  const installed = state.installed.known && state.installed.value;
  return {
    host: at.host.name,
    observation,
    installed: state.installed,
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

export type TargetLists = StatusFacts["github"];

/** Opened once; each call asks again. */
export async function openLists(plan: Plan, at: ThisHost | null): Promise<() => Promise<TargetLists>> {
  const { openTarget } = await import("../open-target.ts");
  const used = new Set(plan.hosts.flatMap((host) => host.placements.map(({ target }) => target)));
  const targets = plan.targets.filter(({ name }) => used.has(name));
  const opened = await Promise.all(
    targets.map(async (target) => ({
      target,
      access: await openOrExplain(() => openTarget(plan, target, at), target),
    })),
  );
  return async () => {
    const lists = new Map<string, Seen<TargetRunners>>();
    for (const { target, access } of opened) {
      if (typeof access === "string") lists.set(target.name, unseen(access));
      else
        lists.set(
          target.name,
          await listTarget(
            access.scopes.map(
              ({ api }) =>
                () =>
                  api.listRunners(),
            ),
          ),
        );
    }
    return lists;
  };
}

/** A proxy or an authority that cannot be used is a reason like any other. */
async function openOrExplain<T>(open: () => Promise<T>, target: TargetSpec): Promise<T | string> {
  if (target.auth.kind === "broker") return "the broker asks GitHub for this host";
  try {
    return await open();
  } catch (error) {
    if (error instanceof WorldError) return error.message;
    throw error;
  }
}

type List = () => Promise<
  GitHubAnswer<{ readonly runners: readonly RunnerRecord[]; readonly complete: boolean }>
>;

/** Several scopes for a personal account; one that does not answer leaves the whole list unknown. */
async function listTarget(scopes: readonly List[]): Promise<Seen<TargetRunners>> {
  const runners: RunnerRecord[] = [];
  let complete = true;
  for (const list of scopes) {
    const answer = await list();
    if (answer.kind !== "ok") return unseen(explainFailure(answer));
    runners.push(...answer.value.runners);
    complete &&= answer.value.complete;
  }
  return seen({ runners, complete });
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
