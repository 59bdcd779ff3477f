// GitHub as registration and watchdog see it: records of what it said, and one answer type that keeps
// "no" apart from "don't know". In: nothing. Out: records and the port.

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
  /** Short-lived, only on GHES with private downloads. A secret. */
  readonly downloadToken: string | null;
  readonly sha256: string | null;
}

export interface JitRegistration {
  readonly runner: RunnerRecord;
  /** base64 of three files, private key included. A secret. */
  readonly encodedConfig: string;
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
  /** Server's time minus ours in milliseconds, from `Date`. */
  readonly clockOffset: number | null;
}

/**
 * Every call ends in exactly one of these; only `ok` and `not-found` say something about the thing asked for.
 */
export type GitHubAnswer<T> =
  | { readonly kind: "ok"; readonly value: T; readonly fromCache: boolean; readonly meta: AnswerMeta }
  /** 404 on a single thing. 404 on a list is `refused`: GitHub hides what one may not see. */
  | { readonly kind: "not-found"; readonly meta: AnswerMeta }
  /** 401, 403 without a rate limit, 404 of a list: the credential. `missing` names permissions from the headers. */
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly message: string;
      readonly missing: string | null;
      readonly meta: AnswerMeta;
    }
  | {
      readonly kind: "limited";
      readonly retryAt: number;
      readonly message: string;
      readonly meta: AnswerMeta;
    }
  /** 409: the name exists. */
  | { readonly kind: "conflict"; readonly message: string; readonly meta: AnswerMeta }
  /** 422: a busy runner, a full group, a value GitHub does not accept. */
  | { readonly kind: "unprocessable"; readonly message: string; readonly meta: AnswerMeta }
  /** 5xx, time-out, cut or unreadable body, no route: nobody knows what happened. */
  | { readonly kind: "unknown"; readonly cause: string; readonly meta: AnswerMeta };

/** A list is only as good as its completeness: pages shift while they are read. */
export interface RunnerList {
  readonly runners: readonly RunnerRecord[];
  readonly total: number | null;
  readonly complete: boolean;
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
  createRegistrationToken(): Promise<GitHubAnswer<{ readonly token: string; readonly expiresAt: string }>>;
  createRemoveToken(): Promise<GitHubAnswer<{ readonly token: string; readonly expiresAt: string }>>;
  findGroup(
    name: string,
  ): Promise<GitHubAnswer<{ readonly id: number; readonly publicRepositories: boolean } | null>>;
  listDownloads(): Promise<GitHubAnswer<readonly RunnerDownload[]>>;
  getDeprecation(version: string): Promise<GitHubAnswer<Deprecation>>;
}
