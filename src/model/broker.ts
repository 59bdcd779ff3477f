// What a host without a credential asks of the machine that has one, by a forced command over SSH: only for the
// slots of the host whose key it is. In: nothing. Out: the port; the broker's side answers the same verbs.

import type { Secret } from "../base/secret.ts";
import type { GitHubAnswer, JobList, RunnerRecord, RunnerToken } from "./github.ts";

export interface BrokeredRegistration {
  /** The registration's id and name; null for a registration token. */
  readonly runner: RunnerRecord | null;
  readonly secret:
    | { readonly kind: "jit"; readonly config: Secret }
    | ({ readonly kind: "token" } & RunnerToken);
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
  /** Registrations of this host's slots. `complete` as in RunnerList: absence proves nothing. */
  listOwn(): Promise<GitHubAnswer<{ readonly runners: readonly RunnerRecord[]; readonly complete: boolean }>>;
  deleteOwn(id: number): Promise<GitHubAnswer<null>>;
  /** Jobs that pools of this host cover. */
  demand(): Promise<GitHubAnswer<JobList>>;
}
