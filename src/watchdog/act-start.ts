// Starts one slot, or hands the registration token to one that waits for it. In: its name, perhaps the repository that
// it is to serve; the scope of the token. Out: what came of it.

import { type Hands, type Told, tell } from "./act-hands.ts";

export async function startSlot(
  slot: string,
  repository: string | null,
  hands: Hands,
  steps: string[],
): Promise<Told> {
  const look = await hands.look(slot);
  if (look.isDrained) return tell("dropped", "it was drained meanwhile");
  if (look.life !== "stopped" && look.life !== "failed") return tell("dropped", `it is ${look.life}`);
  await hands.save({ started: { [slot]: countStart(slot, hands) } });
  if (repository !== null) {
    await hands.ports.assign(slot, repository);
    steps.push(`assigned to ${repository}`);
    hands.ports.pass("assigned");
  }
  await hands.ports.start(slot);
  return tell("done", ...steps, "started");
}

export async function admitSlot(slot: string, scope: string, hands: Hands, steps: string[]): Promise<Told> {
  await hands.settle();
  const look = await hands.look(slot);
  if (look.isDrained) return tell("dropped", "it was drained meanwhile");
  if (!look.isEmpty || look.number !== null) return tell("dropped", `it is ${look.life}: ${look.evidence}`);
  const api = hands.scope({ scope });
  if (api === null) return tell("not-tried", `${scope} is not to be asked for changes`);
  await hands.save({ started: { [slot]: countStart(slot, hands) } });
  const answer = await api.createRegistrationToken(slot);
  if (answer.kind === "not-found") throw new Error("a registration token is never not-found");
  if (answer.kind !== "ok") return tell("failed", ...steps, hands.noteFailure(scope, answer));
  await hands.ports.admit(slot, answer.value.token);
  return tell("done", ...steps, "a registration token was handed to it");
}

export function countStart(slot: string, hands: Hands): { readonly at: number; readonly times: number } {
  return { at: hands.now(), times: (hands.memory().started[slot]?.times ?? 0) + 1 };
}
