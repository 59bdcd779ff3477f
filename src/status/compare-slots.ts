// Puts what is wanted, what runs here and what GitHub says of each slot side by side. In: facts. Out: a row for
// each slot in the order of the plan.

import type { RunnerRecord } from "../model/github.ts";
import type { SlotObservation } from "../model/host-observation.ts";
import { findOwnedSlot, listOwnedSlots } from "../model/ownership.ts";
import type { Placement, PlannedHost, PlannedSlot } from "../model/plan.ts";
import { listChoices } from "../model/repository-choice.ts";
import { judgeLife, type LifeVerdict } from "../model/slot-life.ts";
import { type Explanation, explainSlot } from "./explain-slot.ts";
import type { LocalFacts, StatusFacts } from "./facts.ts";

export type Wanted = "running" | "on-demand" | "drained";
/** `none`: GitHub has no registration of this slot; `unknown`: it was not asked, or did not say. */
export type AtGitHub = "online" | "busy" | "offline" | "none" | "unknown";

export interface Registration {
  readonly id: number;
  readonly name: string;
  readonly online: boolean;
  readonly busy: boolean;
  readonly version: string | null;
}

/** One slot with everything that its explanation looks at. */
export interface SlotCase {
  readonly now: number;
  readonly host: PlannedHost;
  readonly placement: Placement;
  readonly slot: PlannedSlot;
  /** Runners of a personal account wait for a repository. */
  readonly needsRepository: boolean;
  readonly wanted: Wanted;
  /** null: the slot is on another host. */
  readonly seen: SlotObservation | null;
  readonly life: LifeVerdict | null;
  readonly local: LocalFacts | null;
  /** Passes of the watchdog come by themselves here. */
  readonly isWatched: boolean;
  readonly github: AtGitHub;
  readonly registrations: readonly Registration[];
}

export interface SlotRow extends SlotCase {
  readonly explanation: Explanation;
}

export function compareSlots(facts: StatusFacts): readonly SlotRow[] {
  const registered = groupRegistrations(facts);
  return facts.plan.hosts.flatMap((host) =>
    host.placements.flatMap((placement) =>
      placement.slots.map((slot) => {
        const found = compareSlot(facts, host, placement, slot, registered.get(slot.name) ?? []);
        return { ...found, explanation: explainSlot(found) };
      }),
    ),
  );
}

function compareSlot(
  facts: StatusFacts,
  host: PlannedHost,
  placement: Placement,
  slot: PlannedSlot,
  registrations: readonly Registration[],
): SlotCase {
  const local = facts.here?.host === host.name ? facts.here : null;
  const seen = local?.observation.slots.find((each) => each.slot === slot.name) ?? null;
  const target = facts.plan.targets.find(({ name }) => name === placement.target);
  const units = local?.observation.units;
  const { units: names, watchdog } = facts.plan;
  const watcher = `${names.watchdog}.${watchdog.mode === "daemon" ? "service" : "timer"}`;
  const isDrained = seen?.drained.known === true && seen.drained.value;
  return {
    ...{ now: facts.now, host, placement, slot, local, seen, registrations },
    isWatched: units?.known === true && units.value.get(watcher)?.active === "active",
    needsRepository: target !== undefined && listChoices(target).length > 0,
    wanted: isDrained ? "drained" : slot.always ? "running" : "on-demand",
    life: seen === null ? null : judgeLife(seen),
    github: nameState(facts, host, placement, registrations),
  };
}

function nameState(
  { github }: StatusFacts,
  host: PlannedHost,
  placement: Placement,
  registrations: readonly Registration[],
): AtGitHub {
  const answer = github.get(placement.target);
  if (answer === undefined || !answer.known) return "unknown";
  const { onlyHost } = answer.value;
  if (onlyHost !== null && onlyHost !== host.name) return "unknown";
  if (registrations.some(({ busy, online }) => busy && online)) return "busy";
  if (registrations.some(({ online }) => online)) return "online";
  if (registrations.length > 0) return "offline";
  return answer.value.complete ? "none" : "unknown";
}

/** By slot. A name that is exactly a slot's is ours, with a suffix or without; a prefix is not enough. */
function groupRegistrations({ plan, github }: StatusFacts): ReadonlyMap<string, readonly Registration[]> {
  const owned = listOwnedSlots(plan);
  const found = new Map<string, Registration[]>();
  for (const [target, answer] of github) {
    for (const runner of answer.known ? answer.value.runners : []) {
      const slot = findOwnedSlot(runner.name, owned);
      if (slot === null || slot.placement.target !== target) continue;
      const list = found.get(slot.slot.name) ?? [];
      list.push(describe(runner));
      found.set(slot.slot.name, list);
    }
  }
  return found;
}

function describe({ id, name, online, busy, version }: RunnerRecord): Registration {
  return { id, name, online, busy, version };
}
