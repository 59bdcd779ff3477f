// Takes back registrations of earlier starts that nobody uses any more: of a start that was cut off, of a runner
// that was stopped before its job. Called when nothing of the slot runs. In: names that were written down before
// GitHub was asked for them, and GitHub. Out: those that may still be there.

import type { RunnerScopeApi } from "../model/github.ts";
import type { KeptName } from "../model/mint-journal.ts";
import { readRegistrationName } from "../model/names.ts";
import type { ClearedNames } from "./start-ports.ts";

/** A request whose answer was lost may be carried out a little later. */
const SETTLED_AFTER_MS = 2 * 60_000;
/** At each start: the rest waits for the next one, or for the watchdog. */
const MOST_AT_ONCE = 5;

export async function clearNames(
  api: RunnerScopeApi,
  slot: string,
  names: readonly KeptName[],
  now: number,
): Promise<ClearedNames> {
  const left: KeptName[] = [];
  const deleted: string[] = [];
  let asked = 0;
  for (const kept of names) {
    // The journal is ours, yet nothing but a registration of this very slot may ever be deleted here.
    if (readRegistrationName(kept.name).slot !== slot) continue;
    if (kept.url !== api.url || asked >= MOST_AT_ONCE) {
      left.push(kept);
      continue;
    }
    asked += 1;
    const fate = await clearName(api, kept);
    if (fate === "deleted") deleted.push(kept.name);
    else if (fate === "unknown" || (fate === "never-seen" && now - kept.at < SETTLED_AFTER_MS))
      left.push(kept);
  }
  return { left, deleted };
}

type Fate = "deleted" | "gone" | "never-seen" | "unknown";

async function clearName(api: RunnerScopeApi, { name, id }: KeptName): Promise<Fate> {
  if (id !== null) return deleteById(api, id);
  const found = await api.findRunner(name);
  if (found.kind !== "ok") return "unknown";
  if (found.value === null || found.value.name !== name) return "never-seen";
  return deleteById(api, found.value.id);
}

/** 422: GitHub says it has a job. Nothing of it runs here, so that ends by itself, and the watchdog looks again. */
async function deleteById(api: RunnerScopeApi, id: number): Promise<Fate> {
  const answer = await api.deleteRunner(id);
  if (answer.kind === "ok") return "deleted";
  return answer.kind === "not-found" ? "gone" : "unknown";
}
