// Who a slot's runner is on this machine. In: the placement, this process. Out: its uid and gid, or that its folders
// cannot be given to it.

import { WorldError } from "../base/world-error.ts";
import type { Flavour } from "../model/apply.ts";
import type { Placement } from "../model/plan.ts";
import type { HostTools } from "../model/ports.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
  /** We are that user, or may give files away. */
  readonly isReachable: boolean;
}

export interface Self {
  readonly uid: number;
  readonly gid: number;
}

/** In a user's install process slots are that user, whatever account the plan names for the system's. */
export async function findOwner(
  placement: Placement,
  flavour: Flavour,
  self: Self,
  tools: HostTools,
): Promise<Owner> {
  const isRoot = self.uid === 0;
  if (placement.run === "container") {
    // 1001 and 1001 in GitHub's image; with a user namespace between, another on this side.
    const uid = placement.uid ?? 0;
    return { uid, gid: uid, isReachable: isRoot || uid === self.uid };
  }
  if (flavour === "user" || !isRoot || placement.user === null) return { ...self, isReachable: true };
  const uid = await askId("-u", placement.user, tools);
  const gid = await askId("-g", placement.user, tools);
  return { uid, gid, isReachable: true };
}

async function askId(flag: "-u" | "-g", user: string, tools: HostTools): Promise<number> {
  const answer = await tools.run("id", [flag, "--", user], 10_000);
  const text = answer.kind === "ran" && answer.exitCode === 0 ? answer.stdout.trim() : "";
  if (/^\d{1,10}$/.test(text)) return Number(text);
  const cause = answer.kind === "ran" ? answer.stderr.trim() || "no answer" : "the program id did not answer";
  throw new WorldError(`find the user ${user}`, cause, "run `ci-fleet apply`: it makes the account");
}
