// What is to be done about registrations that are no slot's present one: ghosts of earlier starts, and of hosts that
// are gone. Ours are only those with exactly a slot's name. In: the observation, this host's slots. Out: a finding
// for each.

import { findOwnedSlot, type OwnedSlot, type OwnedSlots } from "../model/ownership.ts";
import { isUp } from "../model/slot-life.ts";
import type { Observation, RegistrationRef, SeenRegistration, Subject } from "../model/watchdog.ts";
import { type Finding, say } from "./finding.ts";
import { isConfirmed, judgeRemote, type SlotCase } from "./slot-case.ts";
import type { Windows } from "./windows.ts";

export interface JudgedRegistration {
  readonly subject: Subject & { readonly kind: "registration" };
  readonly finding: Finding;
}

export interface RegistrationInputs {
  readonly observation: Observation;
  readonly cases: readonly SlotCase[];
  readonly owned: OwnedSlots;
  readonly windows: Windows;
  readonly isDeputy: boolean;
}

export function judgeRegistrations(inputs: RegistrationInputs): readonly JudgedRegistration[] {
  const { observation, cases, owned } = inputs;
  const here = new Map(cases.map((at) => [at.slot.name, at]));
  return observation.registrations.flatMap((seen) => {
    const slot = findOwnedSlot(seen.name, owned);
    if (slot === null || slot.placement.target !== seen.target) return [];
    const at = here.get(slot.slot.name) ?? null;
    const finding = at === null ? judgeForeign(seen, slot, inputs) : judgeOwn(seen, at);
    if (finding === null) return [];
    // There may be thousands of them: what is to be deleted is said once.
    const isDeletion = finding.kind === "if-it-lasts" && finding.action.kind === "delete";
    const registration = isDeletion ? finding.action.registration : refer(seen);
    const subject = {
      kind: "registration",
      slot: slot.slot.name,
      pool: slot.placement.pool,
      registration,
    } as const;
    return [{ subject, finding }];
  });
}

function refer({ target, scope, id, name }: SeenRegistration): RegistrationRef {
  return { target, scope, id, name };
}

/** null: it is the slot's own, or there is nothing of it any more. */
function judgeOwn(seen: SeenRegistration, at: SlotCase): Finding | null {
  const { current, retirement, life, windows } = at;
  const isCurrent = current === seen && (isUp(life) || at.placement.lifetime === "persistent");
  if (isCurrent || isSame(retirement?.registration ?? null, seen) || seen.asked.kind === "gone") return null;
  const online = judgeOnline(seen);
  if (online !== null) return online;
  if (life === "unknown" || !at.seen.processes.known || !at.seen.names.known || !at.seen.identity.known) {
    return say("unknown", "LocalUnknown", at.lifeEvidence);
  }
  const runs = at.seen.processes.value.length > 0;
  if (life === "stopping" || (runs && (current === null || current === seen))) {
    return say("wait", "MayBeStarting", `what runs in ${at.slot.name} may be using it`);
  }
  const forMs = seen.recorded ? windows.offline : windows.gone;
  const what = runs
    ? `${at.slot.name} runs with registration ${current?.id ?? ""}`
    : `nothing of ${at.slot.name} runs`;
  const record = seen.recorded ? "it is in our records" : "it has the name of our slot and is in no record";
  return deleteIfItLasts(seen, at.slot.name, "Ghost", forMs, [what, record]);
}

function judgeForeign(
  seen: SeenRegistration,
  { slot, host }: OwnedSlot,
  inputs: RegistrationInputs,
): Finding | null {
  if (!inputs.isDeputy || seen.asked.kind === "gone") return null;
  const remote = judgeRemote(seen);
  // The many that are well need no line each.
  if (remote === "online" || remote === "online-busy") return null;
  const online = judgeOnline(seen);
  if (online !== null) return online;
  const evidence = [`${host.name} is another host, and this one is the deputy`];
  return deleteIfItLasts(seen, slot.name, "GhostOfGoneHost", inputs.windows.gone, evidence);
}

function judgeOnline(seen: SeenRegistration): Finding | null {
  switch (judgeRemote(seen)) {
    case "online":
    case "online-busy":
      return say("leave", "RegisteredElsewhere", `GitHub has ${seen.name} (${seen.id}) online`);
    case "offline-busy":
      return say(
        "wait",
        "ZombieBusy",
        `GitHub says that ${seen.name} (${seen.id}) has a job; its lease ends by itself`,
      );
    case "unknown":
      return say("unknown", "GitHubUnknown", describeUnknown(seen));
    default:
      return null;
  }
}

function describeUnknown({ id, asked }: SeenRegistration): string {
  const why = asked.kind === "unknown" ? asked.why : "it is not on the list, which proves nothing";
  return `GitHub on registration ${id}: ${why}`;
}

function deleteIfItLasts(
  seen: SeenRegistration,
  slot: string,
  reason: "Ghost" | "GhostOfGoneHost",
  forMs: number,
  evidence: readonly string[],
): Finding {
  const { id, name } = seen;
  const how = isConfirmed(seen) ? "GitHub says by number" : "GitHub's list says";
  return {
    kind: "if-it-lasts",
    reason,
    evidence: [`${how} that ${name} (${id}) is offline`, ...evidence],
    of: String(id),
    forMs,
    looks: 1,
    isConfirmed: isConfirmed(seen),
    action: { kind: "delete", slot, registration: refer(seen) },
  };
}

export function isSame(one: RegistrationRef | null, other: Pick<RegistrationRef, "scope" | "id">): boolean {
  return one !== null && one.id === other.id && one.scope === other.scope;
}
