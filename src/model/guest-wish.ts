// A guest as api.json asks for it, and what is done to bring it there. In: nothing. Out: records.

import type { CloneWish, ConfigChange, HypervisorFailure, StartedTask } from "./hypervisor-port.ts";

export interface GuestWish {
  readonly vmId: number;
  /** First line of its description: how we know our own. */
  readonly mark: string;
  readonly description: string;
  /** null: root's shell makes it, from an image. */
  readonly clone: { readonly template: number; readonly wish: CloneWish } | null;
  readonly settings: Readonly<Record<string, string>>;
  /** For drives that are not there: what is there stays. */
  readonly drives: Readonly<Record<string, string>>;
  /** Settings that ci-fleet takes away. */
  readonly absent: readonly string[];
  /** Never made smaller. */
  readonly disk: { readonly name: string; readonly size: string };
  /** It may be started: nothing holds it back. */
  readonly start: boolean;
}

export type GuestStep =
  | { readonly kind: "clone"; readonly template: number; readonly wish: CloneWish }
  /** `inTask`: new volumes are made. */
  | { readonly kind: "configure"; readonly change: ConfigChange; readonly inTask: boolean }
  | { readonly kind: "resize"; readonly disk: string; readonly size: string }
  | { readonly kind: "start" };

/** What is to be done next, by what was found. */
export type GuestDecision =
  | { readonly kind: "step"; readonly step: GuestStep }
  /** Somebody works on it: look again later. */
  | { readonly kind: "wait"; readonly why: string }
  /** It is not ours to touch, or cannot be made this way. */
  | { readonly kind: "refused"; readonly why: string; readonly help: string }
  /** `notes`: sentences on what stays as it is. */
  | { readonly kind: "done"; readonly notes: readonly string[] };

export type BroughtGuest =
  | { readonly kind: "done"; readonly steps: readonly GuestStep[]; readonly notes: readonly string[] }
  | { readonly kind: "wait"; readonly steps: readonly GuestStep[]; readonly why: string }
  | {
      readonly kind: "refused";
      readonly steps: readonly GuestStep[];
      readonly why: string;
      readonly help: string;
    }
  /** Its task runs on; ask for it again before anything else is done to the guest. */
  | {
      readonly kind: "running";
      readonly steps: readonly GuestStep[];
      readonly step: GuestStep;
      readonly upid: string;
    }
  /** `step`: null: it could not be looked at. */
  | {
      readonly kind: "failed";
      readonly steps: readonly GuestStep[];
      readonly step: GuestStep | null;
      readonly failure: HypervisorFailure;
    };

export interface BringOptions {
  /** false: it is left as it is, running or not. */
  readonly start: boolean;
  /** Of one task, milliseconds. A full clone copies the whole disk. */
  readonly patience: number;
  /** Before it is waited for, so that a run after a crash knows of it. */
  readonly begun: (task: StartedTask, step: GuestStep) => Promise<void>;
}
