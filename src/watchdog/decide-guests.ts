// Decides one pass over a node's guests: pure, synchronous, complete. In: the plan, the node, what was seen, what is
// remembered. Out: a ruling for each guest, notices, the memory to go on with.

import { hashText } from "../base/hash-text.ts";
import type {
  GuestRuling,
  GuestsDecided,
  NodeMemory,
  NodeObservation,
  SeenGuest,
} from "../model/guest-life.ts";
import { emptyNodeMemory } from "../model/guest-memory.ts";
import type { PlannedGuest } from "../model/hypervisor-plan.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import type { PassTime } from "../model/watchdog.ts";
import { buildGuestCase, type GuestCase } from "./guest-case.ts";
import { listGuestNotices } from "./guest-notices.ts";
import { judgeGuest } from "./guest-rules.ts";

export interface DecideGuestsInputs {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly observation: NodeObservation;
  /** As stored; null: none. */
  readonly memory: NodeMemory | null;
}

export function decideGuests({ plan, host, observation, memory }: DecideGuestsInputs): GuestsDecided {
  const guests = host.hypervisor?.guests ?? [];
  const before = carry(memory, observation.time);
  if (observation.trouble !== null) {
    const { why } = observation.trouble;
    const rulings = guests.map((guest) => rule(guest, "unknown", "NodeUnknown", [why]));
    return { rulings, notices: [], memory: before };
  }
  const seen = new Map(observation.guests.map((each) => [each.name, each]));
  const cases = guests.map((guest) =>
    buildGuestCase({
      guest,
      seen: requireSeen(seen, guest.name),
      time: observation.time,
      generation: nameGeneration(plan, guest),
      before: before.guests[guest.name] ?? null,
    }),
  );
  const rulings = spendBudget(cases.map(judge), plan.watchdog.removalsPerPass);
  return {
    rulings,
    notices: listGuestNotices(cases, rulings),
    memory: { ...before, guests: Object.fromEntries(cases.map(({ guest, note }) => [guest.name, note])) },
  };
}

function requireSeen(seen: ReadonlyMap<string, SeenGuest>, name: string): SeenGuest {
  const found = seen.get(name);
  if (found === undefined) throw new Error(`nothing was said of guest ${name}`);
  return found;
}

function judge(at: GuestCase): GuestRuling {
  const { verdict, reason, evidence, action } = judgeGuest(at);
  return { ...rule(at.guest, verdict, reason, evidence), action };
}

function rule(
  { name, vmId }: PlannedGuest,
  verdict: GuestRuling["verdict"],
  reason: GuestRuling["reason"],
  evidence: readonly string[],
): GuestRuling {
  return { guest: name, vmId, verdict, reason, evidence, action: null };
}

/** What destroys a guest counts; the others have their turn in a later pass. */
function spendBudget(rulings: readonly GuestRuling[], perPass: number): readonly GuestRuling[] {
  let left = perPass;
  return rulings.map((each): GuestRuling => {
    if (each.action !== "remake") return each;
    left -= 1;
    if (left >= 0) return each;
    const evidence = [...each.evidence, `${perPass} are enough for one pass`];
    return { ...each, verdict: "wait", reason: "RemovalBudgetSpent", evidence, action: null };
  });
}

/** Monotonic times count within one boot alone: pauses begin anew. */
function carry(memory: NodeMemory | null, time: PassTime): NodeMemory {
  if (memory === null) return emptyNodeMemory(time);
  if (memory.time.boot === time.boot && time.boot !== null) return { ...memory, time };
  // What ran when the node went down was cut off, not at its end: its set-up is started once more.
  const isCutOff = memory.time.boot !== null && time.boot !== null;
  const guests = Object.entries(memory.guests).map(
    ([name, note]) =>
      [
        name,
        {
          ...note,
          booted: note.booted && !isCutOff,
          setbacks: note.setbacks === null ? null : { ...note.setbacks, at: time.monotonic },
          lockedSince: note.lockedSince === null ? null : time.monotonic,
        },
      ] as const,
  );
  return { version: 1, time, guests: Object.fromEntries(guests) };
}

/** Changes with everything that a guest is made of, and with nothing else of the fleet. */
export function nameGeneration(plan: Plan, guest: PlannedGuest): string {
  const host = plan.hosts.find(({ name }) => name === guest.name) ?? null;
  const { fleet, ciFleetVersion, targets, runner, network, install } = plan;
  const made = { fleet, ciFleetVersion, targets, runner, network, install, host, guest };
  return hashText(JSON.stringify(made)).slice(0, 16);
}
