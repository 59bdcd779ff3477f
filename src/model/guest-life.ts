// The life of a node's guests as its watchdog sees, remembers and decides it. Every part of what was seen can say that
// it is not known; every guest gets exactly one ruling, and waiting is one. In: nothing. Out: records.

import type { Seen } from "./host-observation.ts";
import type { GuestRecord, RunningTask, SnapshotList } from "./hypervisor-port.ts";
import type { Notice, PassTime, Result, Verdict } from "./watchdog.ts";

// ---------------------------------------------------------------- observed

/** The task that an earlier pass began and did not see the end of. */
export type TaskSight =
  | { readonly kind: "none" }
  | { readonly kind: "running" }
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly why: string }
  /** The node knows nothing of it: it went down meanwhile. */
  | { readonly kind: "gone" }
  | { readonly kind: "unknown"; readonly why: string };

export interface SeenGuest {
  readonly name: string;
  /** null: there is none on this node. */
  readonly record: Seen<GuestRecord | null>;
  /** null: nobody asked, for it runs or is not there. */
  readonly snapshots: Seen<SnapshotList | null>;
  /** Of anybody, as far as the token may see. */
  readonly tasks: Seen<readonly RunningTask[]>;
  readonly task: TaskSight;
  /** What qm.sh wrote down when it made a guest of this id; null: nothing. */
  readonly made: Seen<string | null>;
}

export interface NodeObservation {
  readonly node: string;
  readonly time: PassTime;
  /** The node did not answer as it should: nothing of its guests is known. */
  readonly trouble: { readonly kind: "refused" | "unknown"; readonly why: string } | null;
  /** In the order of the plan. */
  readonly guests: readonly SeenGuest[];
}

// ---------------------------------------------------------------- remembered

export interface GuestNote {
  /** UUID of the guest that we made under this name; null: we made none. */
  readonly made: string | null;
  /** Written down before it is cloned. */
  readonly making: boolean;
  /** It ran, or was told to, since it was made and before its clean state was kept. */
  readonly booted: boolean;
  /** What was begun and not seen to its end. `upid` null: from before the node was asked. */
  readonly work: { readonly step: string; readonly upid: string | null } | null;
  /** In a row. `at`: monotonic. */
  readonly setbacks: { readonly times: number; readonly at: number; readonly why: string } | null;
  /** Monotonic; null: it has none. */
  readonly lockedSince: number | null;
  /** Wall clock; of the last start for a job, null once its end was seen. */
  readonly servedAt: number | null;
  /** In a row, each too short for a job. */
  readonly shortLives: number;
}

export interface NodeMemory {
  readonly version: 1;
  readonly time: PassTime;
  /** By the guest's name. */
  readonly guests: Readonly<Record<string, GuestNote>>;
}

// ---------------------------------------------------------------- decided

/** Facts; never renamed. */
export type GuestReason =
  // Nothing is to be done.
  | "Running"
  | "SettingUp"
  | "PersistentGuest"
  // Waits.
  | "GuestAbsent"
  | "NotOurs"
  | "NotInOurRecord"
  | "TaskRunning"
  | "Locked"
  | "Held"
  | "BackingOff"
  | "KeepsFailing"
  | "SnapshotGone"
  | "RemovalBudgetSpent"
  // Not known.
  | "NodeUnknown"
  | "GuestUnknown"
  // What is done.
  | "NeverStarted"
  | "SetUpDone"
  | "JobDone"
  | "NotMadeYet"
  | "NewlyMade";

export type GuestAction =
  /** Started, to set itself up: it registers nowhere. */
  | "set-up"
  /** Its clean state is kept in a snapshot; then it serves. */
  | "keep"
  /** Back to the snapshot; then it serves. */
  | "reset"
  /** Cloned and configured; then it serves. */
  | "make"
  /** Destroyed, and made. */
  | "remake"
  /** Told that it is clean, and started. */
  | "serve";

export interface GuestRuling {
  readonly guest: string;
  readonly vmId: number;
  readonly verdict: Verdict;
  readonly reason: GuestReason;
  /** Texts of strangers are among them. */
  readonly evidence: readonly string[];
  /** Only with `act`. */
  readonly action: GuestAction | null;
}

export interface GuestsDecided {
  readonly rulings: readonly GuestRuling[];
  readonly notices: readonly Notice[];
  readonly memory: NodeMemory;
}

// ---------------------------------------------------------------- done

export interface GuestOutcome {
  readonly ruling: GuestRuling;
  readonly result: Result;
  readonly steps: readonly string[];
}

export interface GuestsPass {
  readonly observation: NodeObservation;
  readonly decided: GuestsDecided;
  /** Empty in a dry run. */
  readonly outcomes: readonly GuestOutcome[];
}
