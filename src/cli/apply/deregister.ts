// Takes a slot's registrations away at GitHub: its own and those with a suffix, and none that has a job. In: the plan,
// places. Out: the port. Without a credential, or where GitHub does not answer, the answer is that nobody knows.

import { openBrokeredTarget } from "../../adapters/broker-scopes.ts";
import { describeFailure } from "../../adapters/credentials-problem.ts";
import { WorldError } from "../../base/world-error.ts";
import type { Deregistration, InstallPlaces, Registrations } from "../../model/apply.ts";
import type { TargetSpec } from "../../model/fleet.ts";
import type { GitHubAnswer, RunnerList, RunnerRecord, RunnerScopeApi } from "../../model/github.ts";
import { readRegistrationName } from "../../model/names.ts";
import type { Plan } from "../../model/plan.ts";
import { openHostBroker } from "../open-broker.ts";
import { openTarget } from "../open-target.ts";

/** What is needed of a scope at GitHub, or of a broker. */
interface Registry {
  list(): Promise<GitHubAnswer<Pick<RunnerList, "runners" | "complete">>>;
  remove(id: number): Promise<GitHubAnswer<null>>;
}

/** `plan` null: the spec is gone or broken, and with it where to ask. */
export function openRegistrations(plan: Plan | null, places: InstallPlaces): Registrations {
  const opened = new Map<string, Promise<readonly Registry[]>>();
  const open = (target: TargetSpec): Promise<readonly Registry[]> => {
    const before = opened.get(target.name);
    if (before !== undefined) return before;
    const registries = openRegistries(plan as Plan, target, places);
    opened.set(target.name, registries);
    return registries;
  };
  return {
    deregister: async (slot, name) => {
      const target = plan?.targets.find((each) => each.name === name);
      if (target === undefined) return unknown(`the spec has no target ${name} any more`);
      try {
        return await removeAll(slot, await open(target));
      } catch (error) {
        if (error instanceof WorldError) return unknown(error.message);
        throw error;
      }
    },
  };
}

async function openRegistries(
  plan: Plan,
  target: TargetSpec,
  places: InstallPlaces,
): Promise<readonly Registry[]> {
  const { auth } = target;
  if (auth.kind === "broker") {
    return openBrokeredTarget(openHostBroker(auth, places), target).scopes.map(asRegistry);
  }
  const access = await openTarget(plan, target, { places });
  return access.scopes.map(({ api }) => asRegistry(api));
}

function asRegistry(api: RunnerScopeApi): Registry {
  return { list: () => api.listRunners(), remove: (id) => api.deleteRunner(id) };
}

/** Registrations of a personal account may be in any of its repositories. */
export async function removeAll(slot: string, registries: readonly Registry[]): Promise<Deregistration> {
  const found: { registry: Registry; runner: RunnerRecord }[] = [];
  for (const registry of registries) {
    const answer = await registry.list();
    if (answer.kind !== "ok") return unknown(explain(answer));
    // A row that is missing from a list that changes while it is read proves nothing.
    if (!answer.value.complete) return unknown("GitHub's list of runners changed while it was read");
    for (const runner of answer.value.runners) {
      const { slot: owner } = readRegistrationName(runner.name);
      if (owner === slot || runner.name === slot) found.push({ registry, runner });
    }
  }
  if (found.some(({ runner }) => runner.busy && runner.online)) return { kind: "busy" };
  for (const { registry, runner } of found) {
    const answer = await registry.remove(runner.id);
    if (answer.kind === "unprocessable") return { kind: "busy" };
    if (answer.kind !== "ok" && answer.kind !== "not-found") return unknown(explain(answer));
  }
  return { kind: "gone" };
}

function unknown(why: string): Deregistration {
  return { kind: "unknown", why };
}

function explain(answer: Exclude<GitHubAnswer<unknown>, { kind: "ok" }>): string {
  if (answer.kind === "not-found") return "GitHub knows no such place";
  return describeFailure("take a registration away", answer).message;
}
