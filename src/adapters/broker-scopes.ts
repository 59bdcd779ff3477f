// The scopes and the queue of one target as a broker shows them, in the shape of GitHub's own: who watches does not
// care which of them is asked. The list is asked for once, for all scopes come in one answer. In: a broker, a target.
// Out: ports; what a broker does not do is refused.

import type { OwnRunners, RunnerBroker } from "../model/broker.ts";
import type { TargetSpec } from "../model/fleet.ts";
import {
  type DemandApi,
  type GitHubAnswer,
  type GitHubFailure,
  NO_META,
  type RunnerList,
  type RunnerRecord,
  type RunnerScopeApi,
} from "../model/github.ts";
import { isSameScope } from "../model/registration-url.ts";
import { listScopes } from "./github-scopes.ts";

export interface BrokeredTarget {
  readonly scopes: readonly RunnerScopeApi[];
  readonly demand: DemandApi;
}

export function openBrokeredTarget(broker: RunnerBroker, target: TargetSpec): BrokeredTarget {
  let asked: Promise<GitHubAnswer<OwnRunners>> | null = null;
  const listOwn = (): Promise<GitHubAnswer<OwnRunners>> => {
    asked ??= broker.listOwn(target.name);
    return asked;
  };
  return {
    scopes: listScopes(target).map(({ url }) => openScope(broker, target.name, url, listOwn)),
    demand: openDemand(broker, target.name),
  };
}

function openScope(
  broker: RunnerBroker,
  target: string,
  url: string,
  listOwn: () => Promise<GitHubAnswer<OwnRunners>>,
): RunnerScopeApi {
  const listRunners = async (): Promise<GitHubAnswer<RunnerList>> => {
    const own = await listOwn();
    if (own.kind !== "ok") return own;
    const runners = own.value.runners.filter(({ scope }) => isSameScope(scope, url));
    // How many there are beside this host's own is not told.
    return { ...own, value: { runners, total: null, complete: own.value.complete } };
  };
  const refuse = async () => refused(broker, "it does that for a start alone");
  return {
    url,
    listRunners,
    getRunner: (runner) => broker.getOwn({ target, scope: url, runner }),
    findRunner: async (name): Promise<GitHubAnswer<RunnerRecord | null>> => {
      const list = await listRunners();
      if (list.kind !== "ok") return list;
      return { ...list, value: list.value.runners.find((runner) => runner.name === name) ?? null };
    },
    deleteRunner: (runner) => broker.deleteOwn({ target, scope: url, runner }),
    createJit: refuse,
    createRegistrationToken: refuse,
    createRemoveToken: refuse,
    findGroup: refuse,
    listDownloads: refuse,
    // As of a GitHub that does not say it.
    getDeprecation: async () => ({ kind: "not-found", meta: NO_META }),
  };
}

/** All repositories in one answer, which stands for the list of them too. */
function openDemand(broker: RunnerBroker, target: string): DemandApi {
  return {
    listRepositories: async () => ({
      kind: "ok",
      value: [{ name: broker.url, pushedAt: null, private: null }],
      fromCache: false,
      meta: NO_META,
    }),
    listJobs: () => broker.demand(target),
  };
}

function refused({ url }: RunnerBroker, message: string): GitHubFailure {
  return { kind: "refused", request: url, meta: NO_META, status: null, message, missing: null, help: null };
}
