// What status puts side by side: the plan, one look at this host, GitHub's lists. In: nothing. Out: records.

import type { PendingSlot } from "../model/apply.ts";
import type { RunnerRecord } from "../model/github.ts";
import type { SeenGuestUnit } from "../model/guest-units.ts";
import type { HostObservation, Seen } from "../model/host-observation.ts";
import type { NodeObservation } from "../model/node-observation.ts";
import type { Plan } from "../model/plan.ts";

export interface StatusFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly plan: Plan;
  /** null: this machine is none of the fleet's. */
  readonly here: LocalFacts | null;
  /** null: this machine is no Proxmox node of the fleet. */
  readonly node: NodeStatus | null;
  /** null: this machine is none of the fleet's, or a Proxmox node. */
  readonly machine: MachineStatus | null;
  /** By target; no entry: it was not asked. */
  readonly github: ReadonlyMap<string, Seen<TargetRunners>>;
}

export interface NodeStatus {
  readonly host: string;
  readonly seen: NodeObservation;
}

/** Of a machine, beside its slots. */
export interface MachineStatus {
  readonly host: string;
  /** What changed for cards takes effect with the next boot. */
  readonly waitsForReboot: boolean;
  /** Guests that it runs by itself, in the order of the plan. */
  readonly guests: readonly SeenGuestUnit[];
}

export interface LocalFacts {
  readonly host: string;
  readonly observation: HostObservation;
  /** Whether `apply` was here. */
  readonly installed: Seen<boolean>;
  /** An apply was cut off, or is at work. */
  readonly isUnfinished: boolean;
  readonly pending: readonly PendingSlot[];
  /** Label that the container of each slot has when it runs what is rendered now. */
  readonly generations: ReadonlyMap<string, string>;
  /** Installed files that are not as rendered. */
  readonly drifted: readonly string[];
}

export interface TargetRunners {
  readonly runners: readonly RunnerRecord[];
  /** false: the pages did not add up, so what is missing may still be there. */
  readonly complete: boolean;
  /** A broker tells of this host's slots alone; null: the list has everyone. */
  readonly onlyHost: string | null;
}
