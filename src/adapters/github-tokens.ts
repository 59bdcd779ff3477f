// Where a token comes from, as the client sees it. In: nothing. Out: the interface.

import type { Secret } from "../base/secret.ts";
import type { GitHubAnswer } from "../model/github.ts";

export interface TokenSource {
  /** Names the credential without its value, for caches: `token:/etc/ci-fleet/token`. */
  readonly id: string;
  /** For messages: `the token in /etc/ci-fleet/token`. */
  readonly description: string;
  /**
   * `renew`: GitHub refused the last one with 401. The answer may be the same token again, and then asking
   * again is useless. Failures are answers; never `not-found`.
   */
  token(renew: boolean): Promise<GitHubAnswer<Secret>>;
}
