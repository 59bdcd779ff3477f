// Everything that doctor judges by: what should be on this host, and what one look at it found. Whoever gathers
// it says of each thing that could not be learned why. In: nothing. Out: records.

import type { InstallPlaces, PendingSlot } from "../model/apply.ts";
import type { SeenGuestUnit } from "../model/guest-units.ts";
import type { HostObservation, MachineObservation, Seen } from "../model/host-observation.ts";
import type { Inventory } from "../model/inventory.ts";
import type { NodeObservation } from "../model/node-observation.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";

export interface DoctorFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly places: InstallPlaces;
  /** Who looks. */
  readonly uid: number;
  readonly userName: string;
  /** As the machine is now. */
  readonly inventory: Inventory;
  /** What differs from hosts/<name>.yaml, in whole lines; null: there is no such file. */
  readonly hardwareChanges: readonly string[] | null;
  readonly slots: HostObservation;
  readonly machine: MachineObservation;
  /** Whether `apply` was here: its record of the generation in force. */
  readonly installed: Seen<boolean>;
  /** An apply was cut off, or is at work. */
  readonly isUnfinished: boolean;
  /** Files that should be installed and are not as rendered. */
  readonly drift: Seen<readonly DriftedFile[]>;
  /** What waits for jobs to end. */
  readonly pending: readonly PendingSlot[];
  readonly credentials: readonly CredentialFacts[];
  /** null: the host is no Proxmox node and gives no card away. */
  readonly node: NodeFacts | null;
  /** Those that the host runs by itself, in the order of the plan. */
  readonly guests: readonly SeenGuestUnit[];
  /** What changed for cards takes effect with the next boot. */
  readonly waitsForReboot: boolean;
  /** One for each target with runners here; null: GitHub was not asked. */
  readonly github: readonly GitHubFacts[] | null;
}

export interface NodeFacts {
  readonly seen: NodeObservation;
  /** Privileges that the token is to have, by path; those of other nodes of the fleet, which share it, among them. */
  readonly needed: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface DriftedFile {
  readonly path: string;
  readonly state: "missing" | "differs" | "unreadable";
}

export interface CredentialFacts {
  readonly target: string;
  readonly path: string;
  /** `refused`: we would not use it, for who else could read or replace it. */
  readonly state: "usable" | "missing" | "refused" | "unknown";
  /** What is wrong, one sentence; empty where nothing is. */
  readonly message: string;
  /** A command, or a sentence. */
  readonly help: string | null;
}

export interface GitHubFacts {
  readonly target: string;
  /** `https://github.com/acme`, with the broker that asks it for this host. */
  readonly url: string;
  /** `silent`: of a broker, without which nothing here registers; of GitHub itself that is `unknown`, and may pass. */
  readonly answer: "ok" | "refused" | "silent" | "unknown";
  readonly message: string;
  readonly missing: string | null;
  readonly help: string | null;
  /** Server's time minus ours in milliseconds. */
  readonly clockOffset: number | null;
  /** When GitHub stops giving jobs to the runner version of the spec; null: it does not say. */
  readonly jobsEnd: number | null;
  /** Newest runner that this GitHub offers. */
  readonly newest: string | null;
}
