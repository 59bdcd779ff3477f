// What one pass of the watchdog sees, remembers, decides and does. Every part of an observation can say that it
// does not know; every slot gets exactly one decision, and waiting is one. In: nothing. Out: records.

import type { RunnerRecord } from "./github.ts";
import type { SeenGuestUnit } from "./guest-units.ts";
import type { DiskSpace, RunnerProcess, Seen, SlotObservation } from "./host-observation.ts";
import type { KeptName } from "./mint-journal.ts";
import type { LogSummary } from "./runner-log.ts";

// ---------------------------------------------------------------- observed

/** `monotonic` counts only within one `boot`, and not while the machine sleeps. Milliseconds. */
export interface PassTime {
  readonly wall: number;
  readonly monotonic: number;
  /** `/proc/sys/kernel/random/boot_id`; null: unknown. */
  readonly boot: string | null;
}

export interface WatchedSlot extends SlotObservation {
  /** Since its process started. */
  readonly log: Seen<LogSummary>;
  /** Registrations that mint asked for, oldest first: ephemeral slots only. */
  readonly names: Seen<readonly KeptName[]>;
  /** It runs with a configuration that is in force no more: `apply` did not restart it, for it had a job. */
  readonly outdated: Seen<boolean>;
}

/** One registration asked for by its number: the only thing that may be believed when it says "gone". */
export type Asked =
  | { readonly kind: "here"; readonly runner: RunnerRecord }
  | { readonly kind: "gone" }
  | { readonly kind: "not-asked" }
  | { readonly kind: "unknown"; readonly why: string };

/** A registration whose name is exactly that of a slot of the plan, with a suffix or without. */
export interface SeenRegistration {
  readonly target: string;
  /** `https://github.com/acme`: numbers mean something only within one scope. */
  readonly scope: string;
  readonly id: number;
  readonly name: string;
  /** In our own records on this host. */
  readonly recorded: boolean;
  /** null: the list was not asked for, or it is not on it, which proves nothing. */
  readonly listed: RunnerRecord | null;
  readonly asked: Asked;
}

export interface WaitingJob {
  readonly id: number;
  readonly target: string;
  readonly repository: string;
  /** Lower case. */
  readonly labels: readonly string[];
}

/** A job in progress on a runner of ours: told, and nothing follows from it. */
export interface StartedJob {
  readonly id: number;
  readonly slot: string;
  readonly waitedMs: number;
}

export interface Demand {
  /** Jobs that wait for a runner; those that run or wait for an approval are not among them. */
  readonly jobs: readonly WaitingJob[];
  readonly running: readonly StartedJob[];
  /** false: there may be more. */
  readonly complete: boolean;
}

/** A scope that did not answer as it should: nothing that only it could tell is known. */
export interface ScopeTrouble {
  readonly target: string;
  readonly scope: string;
  /** `refused`: the credential; nothing at all is changed at GitHub in this pass. */
  readonly kind: "refused" | "limited" | "unknown" | "incomplete";
  readonly why: string;
}

export interface Observation {
  readonly host: string;
  readonly time: PassTime;
  /** GitHub's time minus ours; null: GitHub did not say. */
  readonly clockOffset: number | null;
  /** In the order of the plan. */
  readonly slots: readonly WatchedSlot[];
  readonly registrations: readonly SeenRegistration[];
  readonly troubles: readonly ScopeTrouble[];
  /** By target; no entry: nothing there follows the queue. */
  readonly demand: ReadonlyMap<string, Seen<Demand>>;
  /** Registrations in each list that was read, strangers' among them. By scope. */
  readonly listed: ReadonlyMap<string, number>;
  /** When GitHub ends the pinned version, ISO 8601; null where it does not say. By target. */
  readonly versionEnds: ReadonlyMap<string, Seen<string | null>>;
  readonly disks: readonly Seen<DiskSpace>[];
  /** What `apply` has left undone beside restarts: a slot, and what is to be done to it. */
  readonly unfinished: readonly { readonly slot: string; readonly action: string }[];
  /** Listeners and workers that belong to no slot. */
  readonly foreign: Seen<readonly RunnerProcess[]>;
  /** Those that the machine runs by itself; nothing is done to them, for systemd does. */
  readonly guestUnits: readonly SeenGuestUnit[];
  /** What changed for cards takes effect with the next boot. */
  readonly waitsForReboot: boolean;
  /** Requests left at GitHub until its limit renews; null: it did not say. */
  readonly requestsLeft: number | null;
  readonly requestsSent: number;
  readonly requestsCounted: number;
}

// ---------------------------------------------------------------- remembered

/** A condition that has held since; whatever is destructive needs one from an earlier pass. */
export interface Mark {
  readonly reason: Reason;
  /** What it was true of: another registration under the same slot starts anew. */
  readonly of: string;
  /** Monotonic milliseconds. */
  readonly since: number;
  /** Passes that saw it. */
  readonly passes: number;
}

/**
 * Taking a slot down, step by step; each is written down before it is done. `deregister`: from before GitHub is
 * asked. `grace`: GitHub has no registration of it since, so no new job can come. `stop`: it is being stopped.
 */
export interface Retirement {
  readonly phase: "deregister" | "grace" | "stop";
  readonly reason: Reason;
  readonly registration: RegistrationRef | null;
  /** Monotonic; of the present phase. */
  readonly since: number;
  /** What follows. */
  readonly next: "stay-down" | "start";
}

export interface Started {
  /** Monotonic. */
  readonly at: number;
  /** In a row, without having come to serve. */
  readonly times: number;
}

export interface Memory {
  readonly version: 1;
  readonly time: PassTime;
  /** By subject. */
  readonly marks: Readonly<Record<string, Mark>>;
  /** By slot. */
  readonly retiring: Readonly<Record<string, Retirement>>;
  /** By slot. */
  readonly started: Readonly<Record<string, Started>>;
  /** When each waiting job was first seen, monotonic. */
  readonly jobs: Readonly<Record<string, number>>;
  /** Registrations on each scope's list when it was read last. */
  readonly listed: Readonly<Record<string, number>>;
  /** Requests that this host may send by its share of the fleet's budget; null: nobody counted yet. */
  readonly allowance: number | null;
  /** Wall clock of the last pass that found nothing to look at; null: none yet. */
  readonly lastFine: number | null;
}

// ---------------------------------------------------------------- decided

export interface RegistrationRef {
  readonly target: string;
  readonly scope: string;
  readonly id: number;
  readonly name: string;
}

export type Subject =
  | { readonly kind: "slot"; readonly slot: string; readonly pool: string }
  | {
      readonly kind: "registration";
      readonly slot: string;
      readonly pool: string;
      readonly registration: RegistrationRef;
    };

/** Facts; never renamed, for audit logs and metrics are full of them. */
export type Reason =
  // Nothing is to be done.
  | "JobRunning"
  | "Serving"
  | "BusyAtGitHubOnly"
  | "NoDemand"
  | "Drained"
  | "InUse"
  // Someone has to look.
  | "NotInstalled"
  | "VersionDeprecated"
  | "RegisteredElsewhere"
  // Waits.
  | "StoppingNow"
  | "StartingNow"
  | "HostNotFit"
  | "Updating"
  | "StartOverdue"
  | "SessionConflict"
  | "MarkerWithoutWorker"
  | "ZombieBusy"
  | "NoRepositoryYet"
  | "StartedJustNow"
  | "DemandElsewhere"
  | "PoolFull"
  | "GraceAfterDeregistration"
  | "JobAfterDeregistration"
  | "MayBeStarting"
  | "OfflineKept"
  | "RemovalBudgetSpent"
  | "TooManyOfPool"
  | "ClockJumped"
  // Not known.
  | "LocalUnknown"
  | "GitHubUnknown"
  | "DemandUnknown"
  // What is done, or will be if it lasts.
  | "DeadSlot"
  | "RegistrationGone"
  | "HungListener"
  | "DrainedAndIdle"
  | "IdleBeyondMin"
  | "NeededElsewhere"
  | "ConfigurationOutdated"
  | "JobsWaiting"
  | "NotRegistered"
  | "RetirementUnderWay"
  | "RetirementDone"
  | "RetirementOvertaken"
  | "Ghost"
  | "GhostOfGoneHost";

export type Verdict = "leave" | "wait" | "unknown" | "act";

export type Action =
  /** It waits for a registration token of this scope, which nobody else brings it. */
  | { readonly kind: "admit"; readonly slot: string; readonly scope: string }
  /** `repository`: written down first, where a slot has to be told. */
  | { readonly kind: "start"; readonly slot: string; readonly repository: string | null }
  /** Held back from restarting, then deregistered: its first two steps. */
  | { readonly kind: "retire"; readonly slot: string; readonly retirement: Retirement }
  /** Nothing was registered for long enough and nothing runs a job: stop, forget, and start again if wanted. */
  | { readonly kind: "stop"; readonly slot: string; readonly retirement: Retirement }
  /** It ended by itself: forget, let go, and start again if wanted. */
  | { readonly kind: "finish"; readonly slot: string; readonly retirement: Retirement }
  /** Its registration is still there and has a job: let go. */
  | { readonly kind: "let-go"; readonly slot: string }
  | { readonly kind: "delete"; readonly slot: string; readonly registration: RegistrationRef };

export interface Decision {
  readonly subject: Subject;
  readonly verdict: Verdict;
  readonly reason: Reason;
  /** What it rests on, one fact each, for the audit log. Texts of strangers are among them. */
  readonly evidence: readonly string[];
  /** Only with `act`. */
  readonly action: Action | null;
}

/** Something to tell that is no slot's. */
export interface Notice {
  /** `RogueListener`, `ClockOff`, `DiskLow`. */
  readonly fact: string;
  readonly text: string;
}

export interface Decided {
  /** Slots in the order of the plan, then registrations by name. */
  readonly decisions: readonly Decision[];
  readonly notices: readonly Notice[];
  /** As it is before anything is done. */
  readonly memory: Memory;
}

// ---------------------------------------------------------------- done

export type Result =
  | "done"
  /** The last look found that it is no longer so. */
  | "dropped"
  /** It was tried, and the world said no; the next pass looks again. */
  | "failed"
  /** Something before it in this pass forbade all changes. */
  | "not-tried";

export interface Outcome {
  readonly decision: Decision;
  readonly result: Result;
  /** What was done, step by step, and what came of it. */
  readonly steps: readonly string[];
}
