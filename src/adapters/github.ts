// Opens GitHub for one target: its line, its credential, its scopes. Commands load this file only when they
// talk to GitHub. In: the target and the process's surroundings. Out: the ports of model/github.ts, made real.

import { setTimeout as sleep } from "node:timers/promises";
import type { Secret } from "../base/secret.ts";
import type { TargetSpec } from "../model/fleet.ts";
import type { AnswerCache, DemandApi, RunnerScopeApi } from "../model/github.ts";
import { type CredentialPlaces, type OpenedCredential, openCredential, openGiven } from "./credentials.ts";
import { type CallGitHub, NO_CACHE, openCalls } from "./github-calls.ts";
import { openRunnerScope } from "./github-client.ts";
import { openDemand } from "./github-demand.ts";
import { type GitHubPorts, openExchange } from "./github-exchange.ts";
import { listScopes, type RunnerScope } from "./github-scopes.ts";

export interface GitHubOptions {
  /** `ci-fleet/1.0.0` */
  readonly userAgent: string;
  /** Answers kept between calls and passes. */
  readonly cache?: AnswerCache;
  /** Ends everything under way, for a pass with a deadline. */
  readonly signal?: AbortSignal;
  /** Of one request; GitHub itself gives up after 10 s. */
  readonly deadlineMs?: number;
  /** How often a read is sent that ends in `unknown`. */
  readonly attempts?: number;
  readonly mutationGapMs?: number;
  readonly ports?: GitHubPorts;
}

export interface GitHubAccess {
  readonly target: TargetSpec;
  readonly credential: OpenedCredential;
  /** One; of a personal account one for each repository, in the order of the spec. */
  readonly scopes: readonly OpenedScope[];
  readonly demand: DemandApi;
  /** For `auth check`. */
  readonly call: CallGitHub;
}

export interface OpenedScope {
  readonly scope: RunnerScope;
  readonly api: RunnerScopeApi;
}

export const REAL_PORTS: GitHubPorts = {
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  sleep: (milliseconds) => sleep(milliseconds),
  random: () => Math.random(),
};

/** `given` takes the place of the host's credential: to try a new one before it is put in place. */
export async function openGitHub(
  target: TargetSpec,
  places: CredentialPlaces,
  options: GitHubOptions,
  given: Secret | null = null,
): Promise<GitHubAccess> {
  const ports = options.ports ?? REAL_PORTS;
  const signal = options.signal ?? null;
  const exchange = await openExchange({
    ...ports,
    apiUrl: target.apiUrl,
    userAgent: options.userAgent,
    deadlineMs: options.deadlineMs ?? 15_000,
    mutationGapMs: options.mutationGapMs ?? 1000,
    signal,
  });
  const credential =
    given === null
      ? openCredential(target, places, exchange, ports)
      : openGiven(target, places, given, exchange, ports);
  const { source } = credential;
  const attempts = options.attempts ?? 3;
  const call = openCalls({ ...ports, exchange, source, cache: options.cache ?? NO_CACHE, attempts, signal });
  const scopes = listScopes(target).map((scope) => ({ scope, api: openRunnerScope(call, scope) }));
  return { target, credential, scopes, demand: openDemand(call, target), call };
}
