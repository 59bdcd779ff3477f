// What a host without a credential asks of the machine that has one, by a forced command over SSH: only for the
// slots of the host whose key it is. In: nothing. Out: the port; the broker's side answers the same verbs.

import type { Secret } from "../base/secret.ts";
import type { Deprecation, GitHubAnswer, JobList, RunnerRecord, RunnerToken } from "./github.ts";

export interface BrokeredRegistration {
  /** The registration's id and name; null for a registration token. */
  readonly runner: RunnerRecord | null;
  readonly secret:
    | { readonly kind: "jit"; readonly config: Secret }
    | ({ readonly kind: "token" } & RunnerToken);
}

/** Numbers mean something only within one scope, and a personal account has several. */
export interface OwnRunner extends RunnerRecord {
  /** `https://github.com/acme` */
  readonly scope: string;
}

export interface OwnRunners {
  readonly runners: readonly OwnRunner[];
  /** As in RunnerList: where it is not, absence proves nothing. */
  readonly complete: boolean;
}

/** One registration: a target by its name in the fleet, the scope's URL, the number there. */
export interface OwnPlace {
  readonly target: string;
  readonly scope: string;
  readonly runner: number;
}

export interface RunnerBroker {
  /** For messages: `ssh://mint@control`. */
  readonly url: string;
  /**
   * Name, labels, group and target follow from the broker's own copy of the fleet, never from the asker.
   * `repository`: of a personal account's, `alice/app`; believed only where the fleet names it too.
   */
  mint(
    slot: string,
    want: "jit" | "token",
    repository: string | null,
  ): Promise<GitHubAnswer<BrokeredRegistration>>;
  /** Registrations of this host's slots. */
  listOwn(target: string): Promise<GitHubAnswer<OwnRunners>>;
  /** Asked by its number: refused where it is none of this host's. */
  getOwn(place: OwnPlace): Promise<GitHubAnswer<RunnerRecord>>;
  deleteOwn(place: OwnPlace): Promise<GitHubAnswer<null>>;
  /** Jobs that pools of this host cover. */
  demand(target: string): Promise<GitHubAnswer<JobList>>;
  /** When GitHub ends a version of the runner. A broker of an earlier ci-fleet does not know the question: `unknown`. */
  versionEnd(target: string, version: string): Promise<GitHubAnswer<Deprecation>>;
}
