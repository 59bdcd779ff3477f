// Carries out what was decided, and chooses nothing. What takes something away is written down before it is done, so
// that the next pass can finish it after a crash at any point, and looks again just before and after. In: decisions,
// memory, ports. Out: what came of each, and the memory as it was saved last.

import { WorldError } from "../base/world-error.ts";
import type { OwnedSlots } from "../model/ownership.ts";
import type { Action, Decision, Memory, Outcome } from "../model/watchdog.ts";
import { deleteRegistration } from "./act-delete.ts";
import { type Hands, openHands, type Told, tell } from "./act-hands.ts";
import { finishRetirement, letSlotGo, retireSlot, stopSlot } from "./act-retire.ts";
import { admitSlot, startSlot } from "./act-start.ts";
import type { ActPorts } from "./watch-ports.ts";
import type { Windows } from "./windows.ts";

export interface ActInputs {
  /** This one's name. */
  readonly host: string;
  readonly decisions: readonly Decision[];
  readonly memory: Memory;
  readonly owned: OwnedSlots;
  readonly windows: Windows;
}

export interface Acted {
  /** One for each decision to act, in the order in which they were tried. */
  readonly outcomes: readonly Outcome[];
  readonly memory: Memory;
  /** Of GitHub, with the looks before each change; `counted` is out of the memory's allowance already. */
  readonly requests: { readonly sent: number; readonly counted: number };
}

/** What brings capacity goes first, what takes it away last. */
const ORDER: readonly Action["kind"][] = ["start", "admit", "let-go", "finish", "stop", "delete", "retire"];

export async function act(inputs: ActInputs, ports: ActPorts): Promise<Acted> {
  const hands = openHands(inputs, ports);
  const outcomes: Outcome[] = [];
  const toDo = inputs.decisions.filter(({ action }) => action !== null);
  for (const kind of ORDER) {
    for (const decision of toDo) {
      if (decision.action?.kind !== kind) continue;
      outcomes.push({ decision, ...(await attempt(decision.action, hands)) });
    }
  }
  // Marks and times of this pass, whatever was done.
  const failure = await trySave(hands);
  const { sent, counted } = hands.meter;
  return {
    ...{ outcomes, memory: failure === null ? hands.memory() : inputs.memory },
    requests: { sent, counted },
  };
}

async function trySave(hands: Hands): Promise<string | null> {
  if (hands.blocked() !== null) return null;
  try {
    await hands.save({});
    return null;
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    return error.message;
  }
}

async function attempt(action: Action, hands: Hands): Promise<Told> {
  const blocked = hands.blocked() ?? hands.ports.stopping();
  if (blocked !== null) return tell("not-tried", blocked);
  const steps: string[] = [];
  try {
    return await carryOut(action, hands, steps);
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    return tell("failed", ...steps, error.message);
  }
}

function carryOut(action: Action, hands: Hands, steps: string[]): Promise<Told> {
  switch (action.kind) {
    case "start":
      return startSlot(action.slot, action.repository, hands, steps);
    case "admit":
      return admitSlot(action.slot, action.scope, hands, steps);
    case "let-go":
      return letSlotGo(action.slot, hands, steps);
    case "finish":
      return finishRetirement(action.slot, action.retirement, hands, steps);
    case "stop":
      return stopSlot(action.slot, action.retirement, hands, steps);
    case "delete":
      return deleteRegistration(action.slot, action.registration, hands, steps);
    case "retire":
      return retireSlot(action.slot, action.retirement, hands, steps);
  }
}
