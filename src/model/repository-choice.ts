// Runners of a personal account belong to its repositories: where it has more than one, each start needs to know which
// of them it is for. In: a target. Out: the repositories to choose from, as `owner/name`; none where nobody chooses.

import type { TargetSpec } from "./fleet.ts";

export function listChoices({ scope }: Pick<TargetSpec, "scope">): readonly string[] {
  if (scope.kind !== "repositories" || scope.repos.length < 2) return [];
  return scope.repos.map((repo) => `${scope.owner}/${repo}`);
}
