// How often a slot failed to come to a job, and when it may try again: what `mint --prepare` keeps beside the slot
// and what the rules of back-off read and write. In: nothing. Out: records.

/** Why a slot did not come to a job. */
export type SetbackReason =
  /** Disk, Docker, GPU, clock: this host is not fit. */
  | "preflight-red"
  /** GitHub or the credential said no, or nobody answered. */
  | "registration-failed"
  /** The runner ended soon after its start and had no job. */
  | "ended-at-once"
  /** GitHub takes no jobs from this version: only another version helps. */
  | "version-deprecated";

export interface SlotSetbacks {
  readonly version: 1;
  readonly reason: SetbackReason;
  /** One sentence for `status`. */
  readonly detail: string;
  /** In a row, whatever the reason. */
  readonly failures: number;
  /** Milliseconds since the epoch, wall clock: it must mean the same after a reboot. */
  readonly lastAt: number;
  readonly nextAt: number;
  /** Runner version that was in force. */
  readonly runnerVersion: string;
}

export interface Setback {
  readonly reason: SetbackReason;
  readonly detail: string;
  readonly runnerVersion: string;
  /** GitHub's own word when to come back; null: it gave none. */
  readonly retryAt: number | null;
}

export type MayStart =
  | { readonly kind: "go" }
  /** `open`: the breaker is; tell somebody. */
  | { readonly kind: "wait"; readonly until: number; readonly open: boolean; readonly why: string }
  /** Not before the runner version changes. */
  | { readonly kind: "stop"; readonly why: string };

export interface LastRun {
  /** Milliseconds since the epoch; null: it never ran, or nobody noted it. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** null: unknown. */
  readonly hadJob: boolean | null;
  /** Class in last-exit.json of the entrypoint; null: none was left. */
  readonly exitClass: string | null;
  readonly detail: string;
}

/** Beside mint.json, in `<state>/<slot>/`. */
export const SETBACKS_FILE = "setbacks.json";
