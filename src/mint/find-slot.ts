// Where a slot stands in the plan. In: the plan, the slot's name, the folders of this install. Out: everything that
// a start needs to know, or why there is no such slot here.

import type { InstallPlaces } from "../model/apply.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import { listSlotFolders } from "../model/slot-folders.ts";
import type { SlotPlace } from "../model/slot-start.ts";

export function findSlot(
  plan: Plan,
  name: string,
  placesOf: (host: PlannedHost) => InstallPlaces,
): SlotPlace | null {
  for (const host of plan.hosts) {
    for (const placement of host.placements) {
      const slot = placement.slots.find((each) => each.name === name);
      if (slot === undefined) continue;
      const target = plan.targets.find((each) => each.name === placement.target);
      if (target === undefined) throw new Error(`the plan has no target ${placement.target}`);
      const places = placesOf(host);
      const folders = listSlotFolders(placement, slot, places);
      return { plan, host, placement, slot, target, places, folders };
    }
  }
  return null;
}

/** As the runner sees it: relative to its root, or the same path as on the host. */
export function nameWorkFolder({ placement, places, slot }: SlotPlace): string {
  const isInside = placement.run === "container" && placement.work === "inside-image";
  return isInside ? "_work" : `${places.state}/${slot.name}/work`;
}

export type RepositoryChoice =
  /** null: the target is one scope. */
  | { readonly kind: "chosen"; readonly url: string; readonly repository: string | null }
  /** The watchdog has not said which repository is next. */
  | { readonly kind: "unassigned" }
  | { readonly kind: "unknown"; readonly repository: string };

/**
 * Runners of a personal account belong to its repositories. `assigned` is the first line of `assigned/<slot>`, which
 * is believed only where the spec names that repository too.
 */
export function chooseRepository(
  { target }: Pick<SlotPlace, "target">,
  assigned: string | null,
): RepositoryChoice {
  const { scope, url } = target;
  if (scope.kind !== "repositories") return { kind: "chosen", url, repository: null };
  const choose = (repo: string): RepositoryChoice => ({
    kind: "chosen",
    url: `${url}/${repo}`,
    repository: `${scope.owner}/${repo}`,
  });
  const [only] = scope.repos;
  if (assigned === null)
    return scope.repos.length === 1 && only !== undefined ? choose(only) : { kind: "unassigned" };
  const wanted = assigned.toLowerCase();
  const owner = scope.owner.toLowerCase();
  const found = scope.repos.find((repo) =>
    [repo.toLowerCase(), `${owner}/${repo.toLowerCase()}`].includes(wanted),
  );
  return found === undefined ? { kind: "unknown", repository: assigned } : choose(found);
}
