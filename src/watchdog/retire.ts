// Begins to take a slot down. In: a slot's case, why, what follows. Out: the retirement that is written down first.

import type { RegistrationRef, Retirement } from "../model/watchdog.ts";
import type { SlotCase } from "./slot-case.ts";

export type RetiringCase = Pick<SlotCase, "current" | "now">;

export function refOf({ current }: Pick<SlotCase, "current">): RegistrationRef | null {
  if (current === null) return null;
  const { target, scope, id, name } = current;
  return { target, scope, id, name };
}

export function beginRetirement(
  at: RetiringCase,
  reason: Retirement["reason"],
  next: Retirement["next"],
): Retirement {
  return { phase: "deregister", reason, registration: refOf(at), since: at.now, next };
}

/** GitHub has none of it already: it is stopped without being deregistered first. */
export function stopUnregistered(
  at: RetiringCase,
  reason: Retirement["reason"],
  next: Retirement["next"],
): Retirement {
  return { phase: "stop", reason, registration: refOf(at), since: at.now, next };
}
