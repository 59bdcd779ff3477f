// One call to GitHub from beginning to end: token, cache, repetitions, meaning. Reads are repeated a few
// times; what changes something is sent once, because an answer that got lost says nothing about whether it
// was done. In: the line, a source of tokens, a cache. Out: a function that answers calls.

import type { Secret } from "../base/secret.ts";
import { type AnswerCache, type AnswerMeta, type GitHubAnswer, NO_META } from "../model/github.ts";
import { classifyReply, readMeta } from "./github-answer.ts";
import { describeRequest, type Exchange, type GitHubPorts, type GitHubRequest } from "./github-exchange.ts";
import type { TokenSource } from "./github-tokens.ts";

export interface Call<T> extends GitHubRequest {
  readonly read: (body: unknown, headers: Headers) => T | null;
  readonly on404: "not-found" | "refused";
  readonly status204?: boolean;
  /** Set: the answer may be kept, as records of this name and version. Never for secrets. */
  readonly shape?: string;
}

export interface CallOptions extends GitHubPorts {
  readonly exchange: Exchange;
  readonly source: TokenSource;
  readonly cache: AnswerCache;
  /** Of reads that end in `unknown`. */
  readonly attempts: number;
  readonly signal: AbortSignal | null;
}

export type CallGitHub = <T>(call: Call<T>) => Promise<GitHubAnswer<T>>;

const FIRST_PAUSE_MS = 500;

/** No cache: every answer is fetched whole. */
export const NO_CACHE: AnswerCache = { get: () => null, set: () => undefined };

export function openCalls(options: CallOptions): CallGitHub {
  const limit: Limit = { until: Number.NEGATIVE_INFINITY, message: "", times: 0 };
  return async <T>(call: Call<T>): Promise<GitHubAnswer<T>> => {
    let spent = NO_META;
    for (let attempt = 1; ; attempt++) {
      const answer = addSpent(await callOnce(call, options, limit), spent);
      const isLast = attempt >= options.attempts || options.signal?.aborted === true;
      if (answer.kind !== "unknown" || call.method !== "GET" || isLast) return answer;
      spent = answer.meta;
      await options.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.8 + 0.4 * options.random()));
    }
  };
}

/** Shared by all calls with one credential: going on after being limited may end in a ban. */
interface Limit {
  until: number;
  message: string;
  times: number;
}

async function callOnce<T>(call: Call<T>, options: CallOptions, limit: Limit): Promise<GitHubAnswer<T>> {
  const request = describeRequest(call.method, options.exchange.locate(call));
  if (options.clock.now() < limit.until) {
    return { kind: "limited", retryAt: limit.until, message: limit.message, request, meta: NO_META };
  }
  const given = await options.source.token(false);
  if (given.kind !== "ok") return given;
  const first = addCosts(await sendWith(call, given.value, options, limit), given.meta);
  if (first.kind !== "refused" || first.status !== 401) return first;
  // 401 means that nothing was done, so that even a mutation may be sent again with another token.
  const renewed = await renewToken(given.value, options.source);
  if (renewed.kind !== "ok") return addSpent(renewed, first.meta);
  if (renewed.value.equals(given.value)) return addCosts(first, renewed.meta);
  const again = addCosts(await sendWith(call, renewed.value, options, limit), renewed.meta);
  return addSpent(again, first.meta);
}

/** Another call that was refused side by side may have renewed it already. */
async function renewToken(refused: Secret, source: TokenSource): Promise<GitHubAnswer<Secret>> {
  const held = await source.token(false);
  return held.kind === "ok" && !held.value.equals(refused) ? held : source.token(true);
}

async function sendWith<T>(
  call: Call<T>,
  token: Secret,
  options: CallOptions,
  limit: Limit,
): Promise<GitHubAnswer<T>> {
  const { exchange, source, cache } = options;
  const isKept = call.method === "GET" && call.shape !== undefined;
  const key = `${source.id} ${exchange.locate(call)}`;
  const kept = isKept ? cache.get(key) : null;
  const usable = kept !== null && kept.shape === call.shape ? kept : null;
  const reply = await exchange.send(call, token, usable?.etag ?? null);
  if (usable !== null && reply.answer.kind === "answered" && reply.answer.status === 304) {
    return { kind: "ok", value: usable.value as T, fromCache: true, meta: readMeta(reply) };
  }
  const answer = classifyReply(reply, { ...call, limitedBefore: limit.times, secrets: [token] });
  rememberLimit(answer, limit);
  const etag = reply.answer.kind === "answered" ? reply.answer.headers.get("etag") : null;
  if (isKept && answer.kind === "ok" && etag !== null && isEtag(etag)) {
    cache.set(key, { etag, shape: call.shape as string, value: answer.value });
  }
  return answer;
}

/** RFC 9110 §8.8.3; anything else could not be sent back. */
function isEtag(text: string): boolean {
  return /^(?:W\/)?"[\x21\x23-\x7e]*"$/.test(text);
}

function rememberLimit(answer: GitHubAnswer<unknown>, limit: Limit): void {
  if (answer.kind === "limited") {
    limit.until = answer.retryAt;
    limit.message = answer.message;
    limit.times += 1;
  } else if (answer.kind === "ok") limit.times = 0;
}

/** The answer with what earlier requests for it cost. */
export function addSpent<T>(answer: GitHubAnswer<T>, before: AnswerMeta): GitHubAnswer<T> {
  return before.sent === 0 ? answer : { ...answer, meta: addMeta(before, answer.meta) };
}

/** What its token cost: an App's own limit is another one, and its word is not this credential's. */
function addCosts<T>(answer: GitHubAnswer<T>, { sent, counted }: AnswerMeta): GitHubAnswer<T> {
  return addSpent(answer, { ...NO_META, sent, counted });
}

/** The later word on the budget and the clock, the sum of the requests. */
export function addMeta(before: AnswerMeta, after: AnswerMeta): AnswerMeta {
  return {
    remaining: after.remaining ?? before.remaining,
    limit: after.limit ?? before.limit,
    resetAt: after.resetAt ?? before.resetAt,
    clockOffset: after.clockOffset ?? before.clockOffset,
    sent: before.sent + after.sent,
    counted: before.counted + after.counted,
    movedTo: after.movedTo ?? before.movedTo,
  };
}
