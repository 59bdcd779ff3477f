// The line to one GitHub server: requests go one after the other, mutations at least a second apart (GitHub's
// best practices for integrators), addresses are made by GitHub's own client. In: a route with its parameters
// and a token. Out: the reply as it came. What it means is github-answer.ts's.

import type { Secret } from "../base/secret.ts";
import type { Clock } from "../model/ports.ts";
import { fetchWhole } from "./github-fetch.ts";
import { keepFetchSmall } from "./stay-small.ts";

/** Known to GitHub Enterprise Server 3.9 and later too; supported until 10 March 2028. */
const API_VERSION = "2022-11-28";

export interface GitHubPorts {
  readonly clock: Clock;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** From 0 to below 1, for jitter. */
  readonly random: () => number;
}

export interface ExchangeOptions extends GitHubPorts {
  readonly apiUrl: string;
  /** `ci-fleet/1.0.0`; GitHub refuses requests without one. */
  readonly userAgent: string;
  /** Of one request, body included. GitHub itself gives up after 10 s. */
  readonly deadlineMs: number;
  readonly mutationGapMs: number;
  readonly signal: AbortSignal | null;
}

export interface GitHubRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** GitHub's template: `/orgs/{org}/actions/runners`. */
  readonly route: string;
  readonly parameters: Readonly<Record<string, string | number | readonly string[]>>;
}

export interface Reply {
  /** `GET https://…`, without the query. */
  readonly request: string;
  readonly answer: Awaited<ReturnType<typeof fetchWhole>>;
  /** Our clock, milliseconds since the epoch. */
  readonly sentAt: number;
  readonly receivedAt: number;
}

export interface Exchange {
  readonly apiUrl: string;
  /** The address with its query, before anything is sent. */
  locate(request: GitHubRequest): string;
  send(request: GitHubRequest, token: Secret | null, etag: string | null): Promise<Reply>;
}

export async function openExchange(options: ExchangeOptions): Promise<Exchange> {
  keepFetchSmall();
  // Only what talks to GitHub pays for loading its client.
  const { Octokit } = await import("@octokit/core");
  const { endpoint } = new Octokit({ baseUrl: options.apiUrl }).request;
  const compose = (request: GitHubRequest) =>
    endpoint({ method: request.method, url: request.route, ...request.parameters });
  const inTurn = openQueue();
  let mutatedAt = Number.NEGATIVE_INFINITY;

  const sendNow = async (
    request: GitHubRequest,
    token: Secret | null,
    etag: string | null,
  ): Promise<Reply> => {
    const { url, body } = compose(request);
    if (request.method !== "GET") {
      const wait = mutatedAt + options.mutationGapMs - options.clock.monotonic();
      if (wait > 0) await options.sleep(wait);
    }
    const headers = writeHeaders(options.userAgent, token, etag, body !== undefined);
    const sentAt = options.clock.now();
    const text = body === undefined ? null : JSON.stringify(body);
    const answer = await fetchWhole({ method: request.method, url, headers, body: text }, options);
    if (request.method !== "GET") mutatedAt = options.clock.monotonic();
    return {
      request: describeRequest(request.method, url),
      answer,
      sentAt,
      receivedAt: options.clock.now(),
    };
  };
  return {
    apiUrl: options.apiUrl,
    locate: (request) => compose(request).url,
    send: (request, token, etag) => inTurn(() => sendNow(request, token, etag)),
  };
}

export function describeRequest(method: string, url: string): string {
  return `${method} ${url.replace(/\?.*$/, "")}`;
}

function writeHeaders(
  userAgent: string,
  token: Secret | null,
  etag: string | null,
  hasBody: boolean,
): Record<string, string> {
  return {
    accept: "application/vnd.github+json",
    "x-github-api-version": API_VERSION,
    "user-agent": userAgent,
    ...(token === null ? {} : { authorization: `Bearer ${token.reveal()}` }),
    ...(etag === null ? {} : { "if-none-match": etag }),
    ...(hasBody ? { "content-type": "application/json; charset=utf-8" } : {}),
  };
}

/** One after the other, in the order of the calls; a failure does not stop the ones behind. */
function openQueue(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task);
    last = next.catch(() => undefined);
    return next;
  };
}
