// Which pools a job reaches by its labels: GitHub gives it to any runner that has them all. In: the plan, a
// pool. Out: names of pools.

import type { Plan, PlannedPool } from "../model/plan.ts";

/** Other pools of the same target with a variant that has every label of one of this pool's variants. */
export function nameOthers(plan: Plan, pool: PlannedPool): readonly string[] {
  return plan.pools
    .filter((other) => other.name !== pool.name && other.target === pool.target)
    .filter((other) => other.runnerGroup === pool.runnerGroup && covers(other, pool))
    .map((other) => other.name);
}

function covers(other: PlannedPool, pool: PlannedPool): boolean {
  return other.variants.some(({ labels }) => {
    const offered = new Set(labels);
    return pool.variants.some((variant) => variant.labels.every((label) => offered.has(label)));
  });
}
