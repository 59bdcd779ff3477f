// Registers one start of an ephemeral slot and gets its JIT config. A name that is taken is looked up, not
// tried again blindly: an answer that got lost may have done its work. In: GitHub, the slot, chance. Out: the
// config, or why there is none and what was left behind.

import type { TargetSpec } from "../model/fleet.ts";
import type { GitHubAnswer, GitHubFailure, JitRegistration, RunnerScopeApi } from "../model/github.ts";
import { readRegistrationName } from "../model/names.ts";
import type { Placement } from "../model/plan.ts";
import { chooseName, type Draw } from "./choose-name.ts";
import { findGroup } from "./find-group.ts";

const MAX_NAMES = 3;

export interface EphemeralSlot {
  /** `acme-gpu-forge-1` */
  readonly name: string;
  readonly placement: Pick<Placement, "labels">;
  readonly target: Pick<TargetSpec, "runnerGroup" | "scope">;
  /** As the runner sees it: `_work`, or an absolute path. */
  readonly workFolder: string;
}

export interface EphemeralPorts {
  readonly draw: Draw;
  /** Told before GitHub is asked, so that a registration whose answer got lost can be found by its name. */
  readonly announce: (name: string) => Promise<void> | void;
}

export type EphemeralOutcome =
  | {
      readonly kind: "registered";
      readonly registration: JitRegistration;
      readonly replaced: readonly string[];
    }
  | { readonly kind: "group-missing"; readonly group: string }
  /** `perhaps`: a name that may be registered now, for the answer did not come. */
  | { readonly kind: "failed"; readonly answer: GitHubFailure; readonly perhaps: string | null };

export async function registerEphemeral(
  api: RunnerScopeApi,
  slot: EphemeralSlot,
  ports: EphemeralPorts,
): Promise<EphemeralOutcome> {
  const group = await findGroup(api, slot.target);
  if (group.kind === "missing") return { kind: "group-missing", group: group.group };
  if (group.kind === "failed") return { kind: "failed", answer: group.answer, perhaps: null };
  const replaced: string[] = [];
  let last: GitHubFailure | null = null;
  for (let tries = 0; tries < MAX_NAMES; tries++) {
    const name = chooseName(slot.name, ports.draw);
    await ports.announce(name);
    const { labels } = slot.placement;
    const answer = await api.createJit({ name, groupId: group.id, labels, workFolder: slot.workFolder });
    if (answer.kind === "ok") return judgeName(name, answer.value, answer, replaced);
    if (answer.kind === "not-found") throw new Error("a registration is never not-found");
    if (answer.kind !== "conflict") {
      return { kind: "failed", answer, perhaps: answer.kind === "unknown" ? name : null };
    }
    last = answer;
    const cleared = await clearName(api, name, slot.name);
    if (cleared.kind === "deleted") replaced.push(name);
    else if (cleared.kind === "failed") return { kind: "failed", answer: cleared.answer, perhaps: null };
    // Free or not, the next try has a name of its own: what was just deleted is taken for a while.
  }
  return { kind: "failed", answer: last as GitHubFailure, perhaps: null };
}

/** An answer for another name is somebody else's key. */
function judgeName(
  name: string,
  registration: JitRegistration,
  answer: GitHubAnswer<JitRegistration>,
  replaced: readonly string[],
): EphemeralOutcome {
  if (registration.runner.name === name) return { kind: "registered", registration, replaced };
  const cause = `GitHub registered ${registration.runner.name} where ${name} was asked for`;
  const request = "POST generate-jitconfig";
  return { kind: "failed", answer: { kind: "unknown", cause, request, meta: answer.meta }, perhaps: name };
}

type Cleared =
  | { readonly kind: "deleted" | "gone" | "kept" }
  | { readonly kind: "failed"; readonly answer: GitHubFailure };

/** Deletes what has the name if it is this slot's, offline and without a job; everything else stays. */
async function clearName(api: RunnerScopeApi, name: string, slot: string): Promise<Cleared> {
  const found = await api.findRunner(name);
  if (found.kind === "not-found") return { kind: "gone" };
  if (found.kind !== "ok") return { kind: "failed", answer: found };
  if (found.value === null) return { kind: "gone" };
  const isOwn = found.value.name === name && readRegistrationName(name).slot === slot;
  if (!isOwn || found.value.online || found.value.busy) return { kind: "kept" };
  const deleted = await api.deleteRunner(found.value.id);
  if (deleted.kind === "ok") return { kind: "deleted" };
  if (deleted.kind === "not-found") return { kind: "gone" };
  return deleted.kind === "unprocessable" ? { kind: "kept" } : { kind: "failed", answer: deleted };
}
