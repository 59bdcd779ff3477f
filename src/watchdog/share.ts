// How many of a pool's runners each host may hold, where its slots are more than the pool's `max`. Hosts cannot see
// each other, and GitHub's lists lag: a share of its own for each is the one way that no lag and no crash can
// take them above `max` together. In: the plan. Out: a number.

import type { Plan, PlannedPool } from "../model/plan.ts";

/** As even as the hosts' slots let; what is left over goes to the first by name. Slots that always run fit in. */
export function shareOf(plan: Plan, pool: PlannedPool, host: string): number {
  const slots = countSlots(plan, pool.name);
  const own = slots.get(host) ?? 0;
  const total = [...slots.values()].reduce((sum, count) => sum + count, 0);
  const max = pool.scaling?.max ?? total;
  if (total <= max) return own;
  const names = [...slots.keys()].toSorted();
  let left = max;
  let share = 0;
  for (let level = 1; left > 0; level++) {
    for (const name of names) {
      if ((slots.get(name) ?? 0) < level) continue;
      if (left <= 0) break;
      left -= 1;
      if (name === host) share += 1;
    }
  }
  return share;
}

function countSlots(plan: Plan, pool: string): ReadonlyMap<string, number> {
  const slots = new Map<string, number>();
  for (const host of plan.hosts) {
    for (const placement of host.placements) {
      if (placement.pool === pool && placement.slots.length > 0) {
        slots.set(host.name, (slots.get(host.name) ?? 0) + placement.slots.length);
      }
    }
  }
  return slots;
}
