// Deletes a registration that nothing uses. GitHub is asked by number once more: it must be the same, offline, without
// a job. In: the registration, the slot that it has the name of. Out: what came of it.

import type { RegistrationRef } from "../model/watchdog.ts";
import { type Hands, type Told, tell } from "./act-hands.ts";

export async function deleteRegistration(
  slot: string,
  registration: RegistrationRef,
  hands: Hands,
  steps: string[],
): Promise<Told> {
  const api = hands.scope(registration);
  if (api === null) return tell("not-tried", `${registration.scope} is not to be asked for changes any more`);
  await hands.settle();
  const danger = await findUser(slot, registration, hands);
  if (danger !== null) return tell("dropped", danger);
  const { id, name, scope } = registration;
  const now = await api.getRunner(id);
  if (now.kind === "not-found") return tell("done", `registration ${id} is gone already`);
  if (now.kind !== "ok") return tell("failed", hands.noteFailure(scope, now));
  if (now.value.name !== name) return tell("dropped", `registration ${id} is called ${now.value.name}`);
  if (now.value.online) return tell("dropped", `registration ${id} is online now`);
  if (now.value.busy) return tell("dropped", `GitHub says that registration ${id} has a job`);
  hands.ports.pass("before-delete");
  const answer = await api.deleteRunner(id);
  if (answer.kind === "ok") return tell("done", ...steps, `registration ${id} deleted`);
  if (answer.kind === "not-found") return tell("done", `registration ${id} is gone already`);
  if (answer.kind === "unprocessable")
    return tell("dropped", `GitHub keeps registration ${id}: ${answer.message}`);
  return tell("failed", hands.noteFailure(scope, answer));
}

/** null: nothing on this host can be using it. */
async function findUser(slot: string, { id }: RegistrationRef, hands: Hands): Promise<string | null> {
  if (!hands.isHere(slot)) return null;
  const look = await hands.look(slot);
  if (look.isEmpty) return null;
  if (look.number !== null && look.number !== "unknown" && look.number !== id) return null;
  return `something of ${slot} runs now, and may be using it`;
}
