// The runner group of a target, by its name. Asked before every registration: the runner's own words about a group that
// is missing come only after its registration was tried, and in its log. In: GitHub, the target. Out: its number.

import type { TargetSpec } from "../model/fleet.ts";
import type { GitHubFailure, RunnerScopeApi } from "../model/github.ts";

/** GitHub's own group, `Default`; repositories have no other (GitHub's docs, "Managing access … using groups"). */
const DEFAULT_GROUP_ID = 1;

export type GroupAnswer =
  | { readonly kind: "found"; readonly id: number }
  | { readonly kind: "missing"; readonly group: string }
  | { readonly kind: "failed"; readonly answer: GitHubFailure };

export async function findGroup(
  api: Pick<RunnerScopeApi, "findGroup">,
  { runnerGroup, scope }: Pick<TargetSpec, "runnerGroup" | "scope">,
): Promise<GroupAnswer> {
  const hasGroups = scope.kind === "organization" || scope.kind === "enterprise";
  if (runnerGroup === null || !hasGroups) return { kind: "found", id: DEFAULT_GROUP_ID };
  const answer = await api.findGroup(runnerGroup);
  if (answer.kind === "not-found") return { kind: "missing", group: runnerGroup };
  if (answer.kind !== "ok") return { kind: "failed", answer };
  return answer.value === null
    ? { kind: "missing", group: runnerGroup }
    : { kind: "found", id: answer.value.id };
}
