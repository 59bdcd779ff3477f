// Gives cards to pools on one host so that no card is given twice and as much as possible is served: a pool
// that takes any card steps aside for one that needs a certain model (maximum bipartite matching, augmenting
// paths). In: cards in order, demands in order. Out: cards by pool, and what each pool is short of.

import type { GpuRequest } from "../model/fleet.ts";
import { isUsable } from "./match-cards.ts";
import type { Card } from "./site.ts";

export interface Demand {
  readonly pool: string;
  readonly request: GpuRequest;
  /** Cards wanted. */
  readonly cards: number;
  /** Takes what is left instead of failing: a scaling pool that named no number for a host. */
  readonly takesLess: boolean;
}

export interface Assignment {
  /** In the order of the host's cards. */
  readonly cards: ReadonlyMap<string, readonly Card[]>;
  /** Pools that got less than they must have, with how many they got. */
  readonly short: readonly { readonly demand: Demand; readonly got: number }[];
}

export function assignCards(cards: readonly Card[], demands: readonly Demand[]): Assignment {
  /** Pool that holds each card, by the card's place in the list. */
  const holders: (Demand | null)[] = cards.map(() => null);
  const got = new Map<Demand, number>();
  for (const demand of [...demands.filter((d) => !d.takesLess), ...demands.filter((d) => d.takesLess)]) {
    let served = 0;
    while (served < demand.cards && augment(demand, cards, holders, new Set())) served += 1;
    got.set(demand, served);
  }
  const isShort = (d: Demand) => !d.takesLess && (got.get(d) as number) < d.cards;
  return {
    cards: new Map(demands.map((d) => [d.pool, cards.filter((_, at) => holders[at] === d)])),
    short: demands.filter(isShort).map((demand) => ({ demand, got: got.get(demand) as number })),
  };
}

/** Finds one more card for `demand`, moving others to another card of theirs where that helps. */
function augment(
  demand: Demand,
  cards: readonly Card[],
  holders: (Demand | null)[],
  tried: Set<number>,
): boolean {
  const suitable = cards.flatMap((card, at) =>
    isUsable(card, demand.request) && !tried.has(at) ? [at] : [],
  );
  const free = suitable.find((at) => holders[at] === null);
  if (free !== undefined) {
    holders[free] = demand;
    return true;
  }
  for (const at of suitable) {
    const holder = holders[at] as Demand | null;
    if (holder === null || holder === demand || tried.has(at)) continue;
    tried.add(at);
    if (augment(holder, cards, holders, tried)) {
      holders[at] = demand;
      return true;
    }
  }
  return false;
}
