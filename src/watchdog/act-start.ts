// Starts one slot. In: its name, perhaps the repository that it is to serve. Out: what came of it.

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

export function countStart(slot: string, hands: Hands): { readonly at: number; readonly times: number } {
  return { at: hands.now(), times: (hands.memory().started[slot]?.times ?? 0) + 1 };
}
