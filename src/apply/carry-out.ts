// Carries a plan out, step by step, and chooses nothing but one thing: it asks a slot once more whether it has a
// job before it is stopped, and leaves it alone if so or if nobody can say. In: a plan and hands. Out: what came of it.

import { WorldError } from "../base/world-error.ts";
import type { ApplyHands, PendingRecord, RecordName, SharedRecord, Step } from "../model/apply.ts";
import type { SlotState } from "../model/apply-state.ts";
import { composeGeneration, composePending, composeSharedAfter, type Outcome } from "./conclude.ts";
import type { PlannedApply } from "./plan-apply.ts";
import { NOTHING_SHARED, printRecord } from "./records.ts";

export interface ApplyReport {
  readonly pending: PendingRecord;
  /** Of a removal: nothing of the fleet is left here. */
  readonly isGone: boolean;
}

export type StepEnd = "done" | "left" | "failed";

export interface Listener {
  /** Of each step before it begins (`end` null) and after it has ended. */
  readonly tell: (step: Step, end: StepEnd | null, why: string | null) => void;
  /** Once, when everything is ready and the first thing in force is about to change. */
  readonly enterChange: () => Promise<void>;
}

/** Throws WorldError where a step fails. */
export async function carryOut(
  plan: PlannedApply,
  hands: ApplyHands,
  { tell, enterChange }: Listener,
): Promise<ApplyReport> {
  const notes: Notes = { left: new Map(), undone: new Set(), ghosts: new Map() };
  const { left, undone } = notes;
  for (const [at, step] of plan.steps.entries()) {
    if (at === plan.firstChange) await enterChange();
    const busy = step.slots.find((slot) => left.has(slot));
    if (busy !== undefined) {
      undone.add(step);
      tell(step, "left", left.get(busy)?.why ?? null);
      continue;
    }
    tell(step, null, null);
    const failure = await doStep(step, plan, hands, notes);
    if (failure !== null) undone.add(step);
    tell(step, failure === null ? "done" : "failed", failure);
  }
  return { pending: composePending(plan.waits, notes), isGone: isGone(plan, notes) };
}

function isGone({ wanted }: PlannedApply, { left }: Outcome): boolean {
  return wanted === null && left.size === 0;
}

interface Notes extends Outcome {
  readonly left: Map<string, SlotState>;
  readonly undone: Set<Step>;
  readonly ghosts: Map<string, string>;
}

/** Why it failed, where that is tolerable. */
async function doStep(
  step: Step,
  plan: PlannedApply,
  hands: ApplyHands,
  notes: Notes,
): Promise<string | null> {
  const { action } = step;
  switch (action.kind) {
    case "look":
      for (const slot of action.slots) {
        const state = await hands.look(slot);
        if (state.job !== "idle") notes.left.set(slot, state);
      }
      return null;
    case "deregister": {
      const answer = await hands.deregister(action.slot, action.target);
      if (answer.kind === "busy" && step.slots.length > 0) {
        const state = await hands.look(action.slot);
        notes.left.set(action.slot, { ...state, job: "busy", why: "GitHub says that it has a job" });
      } else if (answer.kind !== "gone") {
        notes.ghosts.set(action.slot, answer.kind === "unknown" ? answer.why : "it has a job");
      }
      return null;
    }
    case "install-runner":
      await hands.installRunner(action.version, action.folder);
      return null;
    case "record":
      await writeRecord(action.what, plan, hands, notes);
      return null;
    case "run":
      if (!action.mayFail) {
        await hands.perform(action);
        return null;
      }
      try {
        await hands.perform(action);
        return null;
      } catch (error) {
        if (error instanceof WorldError) return error.message;
        throw error;
      }
    default:
      await hands.perform(action);
      return null;
  }
}

async function writeRecord(
  what: RecordName,
  plan: PlannedApply,
  hands: ApplyHands,
  notes: Notes,
): Promise<void> {
  const { records } = plan.desk;
  const put = (path: string, record: Parameters<typeof printRecord>[0] | null) =>
    record === null ? hands.removeRecord(path) : hands.writeRecord(path, printRecord(record));
  const putShared = (shared: SharedRecord) =>
    put(records.shared, printRecord(shared) === printRecord(NOTHING_SHARED) ? null : shared);
  switch (what) {
    case "journal":
      return put(records.journal, plan.journal);
    case "end":
      // Never recorded, and not gone either: the journal is all that says what is ours here.
      if (plan.wanted === null && plan.desk.installed.record === null && notes.left.size > 0) return;
      return hands.removeRecord(records.journal);
    case "generation":
      return put(records.generation, composeGeneration(plan.desk, plan.steps, notes));
    case "pending": {
      const pending = composePending(plan.waits, notes);
      // Of a fleet that is gone nobody would read it, and its folder is gone too.
      const isKept = pending.slots.length > 0 && !isGone(plan, notes);
      return put(records.pending, isKept ? pending : null);
    }
    case "claims":
      return putShared(plan.sharedBefore);
    case "shared":
      return putShared(composeSharedAfter(plan.desk, plan.steps, notes));
  }
}
