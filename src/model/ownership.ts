// Which registrations at GitHub are this fleet's. A prefix is not enough: `acme-` also begins
// `acme-gpu-…` of another fleet. In: a registration's name, the plan. Out: its slot, or that it is not ours.

import { readRegistrationName } from "./names.ts";
import type { Placement, Plan, PlannedHost, PlannedSlot } from "./plan.ts";

export interface OwnedSlot {
  readonly host: PlannedHost;
  readonly placement: Placement;
  readonly slot: PlannedSlot;
}

export type OwnedSlots = ReadonlyMap<string, OwnedSlot>;

/** Every slot of the plan by its name. */
export function listOwnedSlots(plan: Plan): OwnedSlots {
  const owned = new Map<string, OwnedSlot>();
  for (const host of plan.hosts) {
    for (const placement of host.placements) {
      for (const slot of placement.slots) owned.set(slot.name, { host, placement, slot });
    }
  }
  return owned;
}

/**
 * The slot that `name` is a registration of; null: not ours. Both forms of a name are a slot's, with a suffix
 * and without: a pool that became ephemeral leaves a registration of the other form behind.
 */
export function findOwnedSlot(name: string, owned: OwnedSlots): OwnedSlot | null {
  return owned.get(name) ?? owned.get(readRegistrationName(name).slot) ?? null;
}

export function isOurs(name: string, plan: Plan): boolean {
  return findOwnedSlot(name, listOwnedSlots(plan)) !== null;
}
