// GitHub as registration and watchdog see it: records of what it said, and one answer type that keeps
// "no" apart from "don't know". In: nothing. Out: records and the ports.

import type { Secret } from "../base/secret.ts";

/** One registration. Optional in GitHub's schema: version, ephemeral and group may be missing (older GHES). */
export interface RunnerRecord {
  readonly id: number;
  readonly name: string;
  readonly os: string;
  readonly online: boolean;
  /** GitHub's word; known to lie for minutes, never evidence by itself. */
  readonly busy: boolean;
  readonly labels: readonly string[];
  readonly ephemeral: boolean | null;
  /** null until its first connection. */
  readonly version: string | null;
  readonly groupId: number | null;
}

export interface RunnerDownload {
  readonly os: string;
  readonly architecture: string;
  readonly url: string;
  readonly filename: string;
  /** Short-lived, only on GHES with private downloads. */
  readonly downloadToken: Secret | null;
  readonly sha256: string | null;
}

export interface JitRegistration {
  readonly runner: RunnerRecord;
  /** base64 of three files, private key included. */
  readonly encodedConfig: Secret;
}

/** When GitHub stops accepting a runner version; null where it does not say. */
export interface Deprecation {
  readonly registrationEnds: string | null;
  readonly jobsEnd: string | null;
}

/** What an answer told about the credential's budget and about our clock. */
export interface AnswerMeta {
  readonly remaining: number | null;
  readonly limit: number | null;
  /** Milliseconds since the epoch. */
  readonly resetAt: number | null;
  /** Server's time minus ours in milliseconds, from `Date`; good to a second. */
  readonly clockOffset: number | null;
  /** Requests that were sent for this answer, repetitions included. */
  readonly sent: number;
  /** Those that count against the primary rate limit: a 304 does not. */
  readonly counted: number;
  /** Where GitHub says that this lives from now on (301): a renamed owner or repository. */
  readonly movedTo: string | null;
}

/** Nothing was sent. */
export const NO_META: AnswerMeta = {
  remaining: null,
  limit: null,
  resetAt: null,
  clockOffset: null,
  sent: 0,
  counted: 0,
  movedTo: null,
};

/** `GET https://api.github.com/orgs/acme/actions/runners`, for messages. */
interface Asked {
  readonly request: string;
  readonly meta: AnswerMeta;
}

/** Nothing is known about the thing that was asked for, or GitHub would not do what was asked. */
export type GitHubFailure =
  /** 401, 403 without a rate limit, 404 of a list, or a credential that is unusable before anyone was asked. */
  | (Asked & {
      readonly kind: "refused";
      /** null: nobody was asked. */
      readonly status: number | null;
      readonly message: string;
      /** Permissions that would do, from GitHub's headers: `Self-hosted runners (organization): write`. */
      readonly missing: string | null;
      /** What to do about it, one imperative sentence. */
      readonly help: string | null;
    })
  /** `retryAt` is milliseconds since the epoch on our clock. Nothing more is sent until then. */
  | (Asked & { readonly kind: "limited"; readonly retryAt: number; readonly message: string })
  /** 409: the name exists. */
  | (Asked & { readonly kind: "conflict"; readonly message: string })
  /** 422: a busy runner, a full group, a value GitHub does not accept. */
  | (Asked & { readonly kind: "unprocessable"; readonly message: string })
  /** 5xx, time-out, cut or unreadable body, no route: nobody knows what happened; a mutation may be done. */
  | (Asked & { readonly kind: "unknown"; readonly cause: string });

/**
 * Every call ends in exactly one of these; only `ok` and `not-found` say something about the thing asked for.
 * `not-found` is a 404 on a single thing in a scope that could be listed just then: a credential that lost its
 * access sees 404 as well, and then the answer is `refused`.
 */
export type GitHubAnswer<T> =
  | { readonly kind: "ok"; readonly value: T; readonly fromCache: boolean; readonly meta: AnswerMeta }
  | { readonly kind: "not-found"; readonly meta: AnswerMeta }
  | GitHubFailure;

/** A list is only as good as its completeness: pages shift while they are read. */
export interface RunnerList {
  readonly runners: readonly RunnerRecord[];
  readonly total: number | null;
  readonly complete: boolean;
}

export interface RunnerGroup {
  readonly id: number;
  readonly name: string;
  readonly publicRepositories: boolean;
}

/** For `config.sh`, one hour. */
export interface RunnerToken {
  readonly token: Secret;
  /** Milliseconds since the epoch on GitHub's clock. */
  readonly expiresAt: number;
}

export interface JitRequest {
  readonly name: string;
  readonly groupId: number;
  readonly labels: readonly string[];
  readonly workFolder: string;
}

/** The registrations of one scope: an organization, an enterprise, or one repository. */
export interface RunnerScopeApi {
  /** For messages: `https://github.com/acme`. */
  readonly url: string;
  listRunners(): Promise<GitHubAnswer<RunnerList>>;
  getRunner(id: number): Promise<GitHubAnswer<RunnerRecord>>;
  findRunner(name: string): Promise<GitHubAnswer<RunnerRecord | null>>;
  deleteRunner(id: number): Promise<GitHubAnswer<null>>;
  createJit(request: JitRequest): Promise<GitHubAnswer<JitRegistration>>;
  /** `slot`: who it is for. GitHub does not ask; a broker mints for a slot and for nobody else. */
  createRegistrationToken(slot?: string): Promise<GitHubAnswer<RunnerToken>>;
  createRemoveToken(): Promise<GitHubAnswer<RunnerToken>>;
  /** null: there is no group of that name, or this scope has none (repositories). */
  findGroup(name: string): Promise<GitHubAnswer<RunnerGroup | null>>;
  listDownloads(): Promise<GitHubAnswer<readonly RunnerDownload[]>>;
  /** `not-found`: this GitHub does not say (GHES; github.com before September 2026). */
  getDeprecation(version: string): Promise<GitHubAnswer<Deprecation>>;
}

export interface RepositoryRecord {
  /** `acme/app` */
  readonly name: string;
  /** Milliseconds since the epoch; null where GitHub does not say. */
  readonly pushedAt: number | null;
  readonly private: boolean | null;
}

/** A job that waits for a runner or has one. One that waits for an approval is no demand and not among them. */
export interface JobRecord {
  readonly id: number;
  readonly runId: number;
  readonly repository: string;
  /** Written by whoever may open a pull request. */
  readonly name: string;
  readonly workflow: string | null;
  readonly labels: readonly string[];
  readonly status: "queued" | "in_progress";
  readonly runnerId: number | null;
  readonly runnerName: string | null;
  readonly groupId: number | null;
  /** Milliseconds since the epoch on GitHub's clock; null where it does not say. */
  readonly createdAt: number | null;
  readonly startedAt: number | null;
}

export interface JobList {
  readonly jobs: readonly JobRecord[];
  /** false: more runs than were read, or pages that did not add up. */
  readonly complete: boolean;
}

/** What waits for runners. There is no endpoint for a whole organization: repositories are asked one by one. */
export interface DemandApi {
  /** Not archived, pushed to at or after `since` (milliseconds since the epoch), the latest first. */
  listRepositories(since: number): Promise<GitHubAnswer<readonly RepositoryRecord[]>>;
  /** `acme/app` */
  listJobs(repository: string): Promise<GitHubAnswer<JobList>>;
}

/** Answers that GitHub need not send again: it says 304, which costs nothing of the primary limit. */
export interface AnswerCache {
  get(key: string): CachedAnswer | null;
  set(key: string, answer: CachedAnswer): void;
}

export interface CachedAnswer {
  readonly etag: string;
  /** Names the records in `value` and their version; another one is not used. */
  readonly shape: string;
  /** JSON. */
  readonly value: unknown;
}
