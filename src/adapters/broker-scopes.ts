// The scopes and the queue of one target as a broker shows them, in the shape of GitHub's own: who watches does not
// care which of them is asked. The list is asked for once for all scopes, which come in one answer, and the end of a
// version once an hour. In: a broker, a target. Out: ports; what a broker does not do is refused.

import type { OwnRunners, RunnerBroker } from "../model/broker.ts";
import type { TargetSpec } from "../model/fleet.ts";
import {
  type AnswerCache,
  type DemandApi,
  type Deprecation,
  type GitHubAnswer,
  type GitHubFailure,
  NO_META,
  type RunnerList,
  type RunnerRecord,
  type RunnerScopeApi,
  type RunnerToken,
} from "../model/github.ts";
import { isSameScope } from "../model/registration-url.ts";
import { NO_CACHE } from "./github-calls.ts";
import { listScopes, type RunnerScope } from "./github-scopes.ts";

export interface BrokeredTarget {
  readonly scopes: readonly RunnerScopeApi[];
  readonly demand: DemandApi;
}

/** Longer than the scopes of one look take to ask, shorter than from one look to the next. */
const SHARED_MS = 2000;

export interface BrokerMemory {
  readonly cache: AnswerCache;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function openBrokeredTarget(
  broker: RunnerBroker,
  target: TargetSpec,
  memory: BrokerMemory = { cache: NO_CACHE, now: Date.now },
): BrokeredTarget {
  let shared: Promise<GitHubAnswer<OwnRunners>> | null = null;
  /** null: it is being asked. */
  let answeredAt: number | null = null;
  const listOwn = (): Promise<GitHubAnswer<OwnRunners>> => {
    const isFresh = answeredAt === null || Math.abs(memory.now() - answeredAt) < SHARED_MS;
    if (shared !== null && isFresh) return shared;
    answeredAt = null;
    shared = broker.listOwn(target.name).finally(() => {
      answeredAt = memory.now();
    });
    return shared;
  };
  const getDeprecation = rememberVersionEnd(broker, target.name, memory);
  return {
    scopes: listScopes(target).map((scope) => ({
      ...openScope(broker, target.name, scope, listOwn),
      getDeprecation,
    })),
    demand: openDemand(broker, target.name),
  };
}

function openScope(
  broker: RunnerBroker,
  target: string,
  { url, repository }: RunnerScope,
  listOwn: () => Promise<GitHubAnswer<OwnRunners>>,
): Omit<RunnerScopeApi, "getDeprecation"> {
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
    createRegistrationToken: async (slot) =>
      slot === undefined ? refuse() : mintToken(broker, slot, repository),
    createRemoveToken: refuse,
    findGroup: refuse,
    listDownloads: refuse,
  };
}

/** The broker's plan says where a slot is registered; of a personal account's repositories, which one is asked. */
async function mintToken(
  broker: RunnerBroker,
  slot: string,
  repository: string | null,
): Promise<GitHubAnswer<RunnerToken>> {
  const answer = await broker.mint(slot, "token", repository);
  if (answer.kind !== "ok") return answer;
  const { secret } = answer.value;
  if (secret.kind !== "token") return refused(broker, "it sent something else than a registration token");
  return { ...answer, value: { token: secret.token, expiresAt: secret.expiresAt } };
}

const VERSION_SHAPE = "broker-version-end@1";
const HOUR = 3_600_000;

/** Each question is a connection of its own, and a request that GitHub counts: what changes in weeks is kept for an hour. */
function rememberVersionEnd(
  broker: RunnerBroker,
  target: string,
  { cache, now }: BrokerMemory,
): RunnerScopeApi["getDeprecation"] {
  return async (version): Promise<GitHubAnswer<Deprecation>> => {
    const key = `${broker.url} ${target} version-end ${version}`;
    // In the place of GitHub's validator: the hour of the answer.
    const etag = `hour ${Math.floor(now() / HOUR)}`;
    const kept = cache.get(key);
    if (kept !== null && kept.shape === VERSION_SHAPE && kept.etag === etag) {
      const value = kept.value as Deprecation | null;
      if (value === null) return { kind: "not-found", meta: NO_META };
      return { kind: "ok", value, fromCache: true, meta: NO_META };
    }
    const answer = await broker.versionEnd(target, version);
    const said = answer.kind === "ok" ? answer.value : null;
    if (answer.kind === "ok" || answer.kind === "not-found")
      cache.set(key, { etag, shape: VERSION_SHAPE, value: said });
    return answer;
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
