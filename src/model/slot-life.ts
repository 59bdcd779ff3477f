// What a slot is doing, from the evidence of one look. "Busy" is believed on one sign, "idle" only where the
// look could have seen a job: whoever stops a runner asks here. In: an observation. Out: a word and the evidence.

import type { ObservedUnit, SlotObservation } from "./host-observation.ts";

export type SlotLife =
  /** Its unit is not installed, or its container was never made. */
  | "absent"
  | "stopped"
  | "failed"
  /** Preflight, registration, start of the listener; also the pause before another try. */
  | "starting"
  | "stopping"
  | "idle"
  | "busy"
  /** It runs, and whether it has a job cannot be told. */
  | "unknown";

export interface LifeVerdict {
  readonly life: SlotLife;
  /** What it is judged by, for people and for the audit log. */
  readonly evidence: string;
}

/** Runs, or will in a moment: to be stopped when the slot is to be taken out of service. */
export function isUp(life: SlotLife): boolean {
  return (
    life === "starting" || life === "stopping" || life === "idle" || life === "busy" || life === "unknown"
  );
}

/** May it be stopped without ending a job? Not knowing is no. */
export function mayStop(life: SlotLife): boolean {
  return life === "starting" || life === "idle";
}

/**
 * GitHub's runner starts a `Runner.Worker` for each job and ends it with the job; the hooks write job.json from
 * inside it. So where processes could be seen the worker decides, and the file, which a killed worker leaves
 * behind, does not.
 */
export function judgeLife(slot: SlotObservation): LifeVerdict {
  const { unit, container, processes, job } = slot;
  if (processes.known && processes.value.some(({ kind }) => kind === "worker")) {
    return verdict("busy", "a Runner.Worker process runs");
  }
  if (!processes.known && job.known && job.value !== null) return verdict("busy", "its job marker is there");
  const containerRuns = container.known && container.value?.running === true;
  if (!unit.known && !containerRuns) return judgeWithoutUnit(slot);
  const active = unit.known ? (unit.value?.active ?? "inactive") : "active";
  if (active === "deactivating") return verdict("stopping", "systemd is stopping it");
  if (unit.known && isHeldBack(unit.value) && !containerRuns) {
    return verdict("stopped", "a condition holds its start back");
  }
  if (active === "activating" && !containerRuns) return verdict("starting", "systemd is starting it");
  if (active !== "inactive" && active !== "failed") return judgeRunning(slot);
  if (containerRuns) return judgeRunning(slot);
  if (isMinting(slot)) return verdict("starting", "systemd is registering it");
  if (unit.known && unit.value === null) {
    // Without systemd the engine alone could tell.
    if (!container.known) return verdict("unknown", `its container cannot be seen: ${container.why}`);
    return container.value !== null
      ? verdict("stopped", `its container is ${container.value.status}`)
      : verdict("absent", "systemd knows no unit of this name");
  }
  return active === "failed"
    ? verdict("failed", `its unit failed: ${unit.known ? (unit.value?.result ?? "") : ""}`)
    : verdict("stopped", "its unit is inactive");
}

/**
 * Before systemd 251 a unit that a condition refuses is tried again and again, and rendered conditions take their time
 * there: it is drained, or has no repository, and does not come up by itself.
 */
function isHeldBack(unit: ObservedUnit | null): boolean {
  if (unit?.active !== "activating") return false;
  return unit.sub === "condition" || (unit.sub === "auto-restart" && unit.result === "exec-condition");
}

/** The unit of a process waits for the one that registers it, and is inactive until that has ended. */
function isMinting({ unit, mintUnit }: SlotObservation): boolean {
  if (!unit.known || unit.value === null || !mintUnit.known) return false;
  return mintUnit.value?.active === "activating" && !isHeldBack(mintUnit.value);
}

function judgeRunning({ processes, job }: SlotObservation): LifeVerdict {
  if (!processes.known) return verdict("unknown", `its processes cannot be seen: ${processes.why}`);
  if (processes.value.some(({ kind }) => kind === "listener")) {
    return verdict("idle", "a listener runs and no worker");
  }
  // Nothing of the runner is to be seen: it is about to start, or it ended a moment ago.
  return job.known && job.value === null
    ? verdict("starting", "it runs, but no listener yet")
    : verdict("unknown", "no listener is to be seen, and a job marker may be there");
}

function judgeWithoutUnit({ unit, container, processes }: SlotObservation): LifeVerdict {
  const why = unit.known ? "" : unit.why;
  if (processes.known && processes.value.length > 0)
    return verdict("unknown", `systemd does not answer: ${why}`);
  if (container.known && container.value !== null) {
    return verdict("stopped", `its container is ${container.value.status}`);
  }
  return verdict("unknown", `systemd does not answer: ${why}`);
}

function verdict(life: SlotLife, evidence: string): LifeVerdict {
  return { life, evidence };
}
