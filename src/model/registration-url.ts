// Addresses of places for registrations. In: a target; URLs of owners or repositories. Out: where its runners are
// registered; whether two are the same place.

import type { TargetSpec } from "./fleet.ts";

/** A personal account has no runners of its own; where the watchdog assigns another repo, mint writes `url`. */
export function nameRegistrationUrl({ scope, url }: Pick<TargetSpec, "scope" | "url">): string {
  if (scope.kind !== "repositories") return url;
  return new URL(`/${scope.owner}/${scope.repos[0] ?? ""}`, url).href;
}

/** Owners and repositories are not told apart by case at GitHub. */
export function isSameScope(one: string, other: string): boolean {
  return one === other || plain(one) === plain(other);
}

function plain(url: string): string {
  return url.toLowerCase().replace(/\/+$/, "").replace("://www.", "://");
}
