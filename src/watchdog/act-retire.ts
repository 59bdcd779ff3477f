// Takes a slot down in the one order that no job can get into: held back from restarting, deregistered, left alone
// for longer than a job may be on its way, looked at, stopped. In: the slot, how far it is. Out: what came of it.
// 422 on the deletion of a busy runner: GitHub's REST docs, "Delete a self-hosted runner from an organization".

import type { RegistrationRef, Retirement } from "../model/watchdog.ts";
import { type Hands, type Told, tell } from "./act-hands.ts";
import { countStart } from "./act-start.ts";

export async function retireSlot(
  slot: string,
  retirement: Retirement,
  hands: Hands,
  steps: string[],
): Promise<Told> {
  const { registration } = retirement;
  const api = registration === null ? null : hands.scope(registration);
  if (registration === null || api === null)
    return tell("not-tried", "its scope is not to be asked for changes");
  const danger = await findDanger(slot, registration, hands);
  if (danger !== null) return tell("dropped", danger);
  await hands.save({ retiring: { [slot]: { ...retirement, phase: "deregister", since: hands.now() } } });
  hands.ports.pass("retirement-saved");
  await hands.ports.hold(slot);
  steps.push("held back from restarting");
  hands.ports.pass("held");
  await hands.settle();
  const now = await api.getRunner(registration.id);
  if (now.kind !== "ok" && now.kind !== "not-found") {
    return tell("failed", ...steps, hands.noteFailure(registration.scope, now));
  }
  if (now.kind === "ok") {
    if (now.value.name !== registration.name)
      return giveUp(slot, hands, steps, `it is called ${now.value.name}`);
    if (now.value.busy) return giveUp(slot, hands, steps, "GitHub says that it has a job");
  }
  const late = await findDanger(slot, registration, hands);
  if (late !== null) return giveUp(slot, hands, steps, late);
  hands.ports.pass("before-deregister");
  // Asked for also where it seems to be gone: one "not found" may be a slip.
  const answer = await api.deleteRunner(registration.id);
  if (answer.kind === "unprocessable") return giveUp(slot, hands, steps, answer.message);
  if (answer.kind !== "ok" && answer.kind !== "not-found") {
    return tell("failed", ...steps, hands.noteFailure(registration.scope, answer));
  }
  const how = answer.kind === "ok" ? "deleted" : "is gone already";
  steps.push(`registration ${registration.id} ${how}`);
  hands.ports.pass("deregistered");
  await hands.save({ retiring: { [slot]: { ...retirement, phase: "grace", since: hands.now() } } });
  return tell("done", ...steps, "a job may still be on its way: it is stopped after a while");
}

/** It may be down already, where its own end came first. */
async function findDanger(slot: string, { id }: RegistrationRef, hands: Hands): Promise<string | null> {
  const look = await hands.look(slot);
  if (look.number === "unknown") return "which registration it runs with cannot be told";
  if (look.number !== null && look.number !== id) return `it runs with registration ${look.number} now`;
  return look.isUp ? look.danger : null;
}

async function giveUp(slot: string, hands: Hands, steps: readonly string[], why: string): Promise<Told> {
  await letSlotGo(slot, hands, []);
  return tell("dropped", ...steps, why, "let go again");
}

export async function letSlotGo(slot: string, hands: Hands, steps: string[]): Promise<Told> {
  await hands.ports.letGo(slot);
  hands.ports.pass("let-go");
  await hands.save({ retiring: { [slot]: null } });
  return tell("done", ...steps, "let go");
}

export async function stopSlot(
  slot: string,
  retirement: Retirement,
  hands: Hands,
  steps: string[],
): Promise<Told> {
  const isNew = hands.memory().retiring[slot] === undefined;
  await hands.save({ retiring: { [slot]: { ...retirement, phase: "stop", since: hands.now() } } });
  // From here on nothing of it can begin: what the look finds is all there is.
  await hands.ports.hold(slot);
  hands.ports.pass("held");
  const look = await hands.look(slot);
  if (look.isUp) {
    const danger = look.danger ?? findOther(look.number, retirement.registration);
    if (danger !== null) {
      return isNew ? giveUp(slot, hands, steps, danger) : tell("dropped", danger);
    }
    hands.ports.pass("before-stop");
    await hands.ports.stop(slot);
    steps.push("stopped");
    hands.ports.pass("stopped");
    const after = await hands.look(slot);
    if (after.isUp) return tell("failed", ...steps, `it is ${after.life} still: ${after.evidence}`);
  }
  return conclude(slot, retirement, hands, steps);
}

function findOther(number: number | "unknown" | null, given: RegistrationRef | null): string | null {
  if (number === null || number === given?.id) return null;
  return number === "unknown"
    ? "which registration it runs with cannot be told"
    : `it runs with registration ${number} now`;
}

export async function finishRetirement(
  slot: string,
  retirement: Retirement,
  hands: Hands,
  steps: string[],
): Promise<Told> {
  const look = await hands.look(slot);
  if (look.isUp) return tell("dropped", `it is ${look.life}: ${look.evidence}`);
  return conclude(slot, retirement, hands, steps);
}

async function conclude(slot: string, retirement: Retirement, hands: Hands, steps: string[]): Promise<Told> {
  const { ports } = hands;
  if (hands.slot(slot).placement.lifetime === "persistent") {
    await ports.forget(slot);
    steps.push("its registration files are forgotten");
    ports.pass("forgotten");
  }
  await ports.letGo(slot);
  ports.pass("let-go");
  const starts = retirement.next === "start";
  await hands.save({
    retiring: { [slot]: null },
    ...(starts ? { started: { [slot]: countStart(slot, hands) } } : {}),
  });
  ports.pass("retirement-closed");
  const look = starts ? await hands.look(slot) : null;
  if (look === null || look.isDrained) return tell("done", ...steps);
  await ports.start(slot);
  return tell("done", ...steps, "started again");
}
