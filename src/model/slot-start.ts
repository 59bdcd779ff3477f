// One start of one slot: where it stands in the plan, what was seen of its machine, what has to be done before its
// runner may begin. In: nothing. Out: records.

import type { InstallPlaces } from "./apply.ts";
import type { TargetSpec } from "./fleet.ts";
import type { DiskSpace, Seen } from "./host-observation.ts";
import type { Placement, Plan, PlannedHost, PlannedSlot } from "./plan.ts";
import type { SlotFolder, SlotFolders } from "./slot-folders.ts";
import type { LastExit } from "./slot-state.ts";

/** Everything that a start needs to know of the plan. */
export interface SlotPlace {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly placement: Placement;
  readonly slot: PlannedSlot;
  readonly target: TargetSpec;
  /** Of the system's install, or of a user's. */
  readonly places: InstallPlaces;
  readonly folders: SlotFolders;
}

/** Why a slot cannot start. */
export interface Fault {
  /** A fact, kebab-case, for `mint.json`: `disk-full`. */
  readonly reason: string;
  /** Without a secret, without a full stop. */
  readonly message: string;
  /** One imperative sentence. */
  readonly help: string | null;
}

export function fault(reason: string, message: string, help: string | null = null): Fault {
  return { reason, message, help };
}

// ---------------------------------------------------------------- what was seen

export type CardAnswer =
  | { readonly kind: "answered" }
  | { readonly kind: "silent"; readonly afterMs: number }
  | { readonly kind: "failed"; readonly why: string };

export interface CdiFacts {
  /** Specifications that name `nvidia.com/gpu`: text by path. */
  readonly specs: ReadonlyMap<string, string>;
  /** Of the loaded kernel module; null: unknown. */
  readonly driver: string | null;
}

export interface MachineFacts {
  readonly disks: readonly Seen<DiskSpace>[];
  /** Why the engine that the slot needs does not answer; null: it does, or none is needed. */
  readonly engineFault: string | null;
  /** By the id of the card; no entry: not asked. */
  readonly cards: ReadonlyMap<string, CardAnswer>;
  /** null: the slot needs none. */
  readonly cdi: CdiFacts | null;
  /** Process slots: null where the runner is there, else where it was looked for. */
  readonly runnerMissing: string | null;
}

export interface ContainerFacts {
  readonly name: string;
  /** Docker's word: `created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead`. */
  readonly state: string;
  /** Label; null: it has none, so ci-fleet did not make it. */
  readonly fleet: string | null;
}

/** What systemd says of a process slot; `down` also where there is no systemd to ask. */
export type UnitWord = "down" | "running" | "stopping" | "unknown";

/** What a start left behind. */
export interface RunTraces {
  /** false: the runtime folder is gone, as after a stop or a reboot. */
  readonly hasFolder: boolean;
  readonly lastExit: LastExit | null;
  /** job.json is there: a job was cut off. */
  readonly hasJobMarker: boolean;
  /** `/proc/sys/kernel/random/boot_id` */
  readonly boot: string | null;
}

// ---------------------------------------------------------------- what is to be done

export type StartStep =
  | { readonly kind: "remove-containers"; readonly names: readonly string[] }
  /** Moves them away and deletes them: nothing of the job before is left. */
  | { readonly kind: "throw-away"; readonly folders: readonly string[] }
  | { readonly kind: "make-folders"; readonly folders: readonly SlotFolder[] }
  /** What systemd would make as root, so that cargo could not use the `.cargo` around its cache. */
  | { readonly kind: "make-mount-points"; readonly home: string; readonly paths: readonly string[] }
  /** The runner's own again: jobs in containers leave files of root. */
  | { readonly kind: "repair"; readonly folders: readonly string[] }
  /** A new, empty folder that only we and the runner can look into. */
  | { readonly kind: "make-hand-over" }
  | { readonly kind: "make-network"; readonly name: string }
  /** `docker compose create`; a sidecar is made with it. */
  | { readonly kind: "create-container"; readonly service: string; readonly isBuilt: boolean }
  | { readonly kind: "start-sidecar"; readonly name: string };
