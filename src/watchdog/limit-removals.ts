// Holds back what one pass would remove: never more than its budget, never more than half of a pool (though one),
// nothing where the target's answers are not whole. In: what is ripe. Out: those that may be done, and why not the
// others.

import type { Observation, Reason } from "../model/watchdog.ts";

export interface RipeRemoval {
  /** Subject's key. */
  readonly key: string;
  readonly pool: string;
  readonly target: string;
  /** Monotonic: since when it is so; the longest first. */
  readonly since: number;
}

export interface Refusal {
  readonly reason: Reason;
  readonly evidence: string;
}

export interface RemovalLimits {
  readonly perPass: number;
  /** Slots that run and registrations that exist, by pool. */
  readonly sizes: ReadonlyMap<string, number>;
  /** More than half may go. */
  readonly force: boolean;
}

/** Only those that may not be done have an entry. */
export function limitRemovals(
  ripe: readonly RipeRemoval[],
  { troubles }: Observation,
  { perPass, sizes, force }: RemovalLimits,
): ReadonlyMap<string, Refusal> {
  const refused = new Map<string, Refusal>();
  const taken = new Map<string, number>();
  let left = perPass;
  const order = ripe.toSorted((a, b) => a.since - b.since || (a.key < b.key ? -1 : 1));
  for (const { key, pool, target } of order) {
    const trouble = troubles.find((each) => each.target === target);
    const most = force ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor((sizes.get(pool) ?? 0) / 2));
    const soFar = taken.get(pool) ?? 0;
    if (trouble !== undefined) {
      refused.set(key, { reason: "GitHubUnknown", evidence: `${trouble.scope}: ${trouble.why}` });
    } else if (soFar >= most) {
      refused.set(key, {
        reason: "TooManyOfPool",
        evidence: `${soFar} of pool ${pool} go in this pass already`,
      });
    } else if (left <= 0) {
      refused.set(key, { reason: "RemovalBudgetSpent", evidence: `a pass removes at most ${perPass}` });
    } else {
      left -= 1;
      taken.set(pool, soFar + 1);
    }
  }
  return refused;
}
