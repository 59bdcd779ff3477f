// A registration token for a persistent slot, once its group is known to exist. In: GitHub, the target. Out: the token,
// or why there is none.

import type { TargetSpec } from "../model/fleet.ts";
import type { AnswerMeta, GitHubFailure, RunnerScopeApi, RunnerToken } from "../model/github.ts";
import { findGroup } from "./find-group.ts";

export type PersistentOutcome =
  | { readonly kind: "token"; readonly token: RunnerToken; readonly meta: AnswerMeta }
  | { readonly kind: "group-missing"; readonly group: string }
  | { readonly kind: "failed"; readonly answer: GitHubFailure };

export async function registerPersistent(
  api: Pick<RunnerScopeApi, "findGroup" | "createRegistrationToken">,
  target: Pick<TargetSpec, "runnerGroup" | "scope">,
): Promise<PersistentOutcome> {
  const group = await findGroup(api, target);
  if (group.kind === "missing") return { kind: "group-missing", group: group.group };
  if (group.kind === "failed") return group;
  const answer = await api.createRegistrationToken();
  if (answer.kind === "ok") return { kind: "token", token: answer.value, meta: answer.meta };
  if (answer.kind === "not-found") throw new Error("a registration token is never not-found");
  return { kind: "failed", answer };
}
