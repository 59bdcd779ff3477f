// What `apply` finds on a host before it changes anything: files, folders, units, containers, slots, the ground
// it stands on. In: nothing. Out: records.

import type { ApplyJournal, GenerationRecord, InstallPlaces, Refusal, SharedRecord } from "./apply.ts";

export type FileState =
  | { readonly kind: "absent" }
  | {
      readonly kind: "file";
      readonly sha256: string;
      readonly executable: boolean;
      readonly size: number;
    }
  | { readonly kind: "other"; readonly what: string };

export type FolderState =
  | { readonly kind: "absent" }
  | { readonly kind: "folder"; readonly uid: number; readonly isEmpty: boolean }
  | { readonly kind: "other"; readonly what: string };

export interface UnitState {
  readonly active: "active" | "activating" | "deactivating" | "inactive" | "failed" | "unknown";
  readonly enabled: boolean;
  /** File that systemd has it from, null where it has none. */
  readonly fragment: string | null;
  readonly invocation: string | null;
}

export interface ContainerState {
  readonly running: boolean;
  /** Label; null: it has none, so it is not ours. */
  readonly slot: string | null;
  readonly fleet: string | null;
  readonly generation: string | null;
}

/** What was seen of a slot at one moment. `unknown` counts as busy. */
export interface SlotState {
  readonly job: "busy" | "idle" | "unknown";
  /** Evidence, for people: `job.json, Runner.Worker 4711`. */
  readonly why: string;
  /** Of either run mode, by name. */
  readonly units: ReadonlyMap<string, UnitState>;
  readonly container: ContainerState | null;
}

export interface EngineState {
  /** null: the engine did not answer; why is in `problem`. */
  readonly version: string | null;
  readonly compose: string | null;
  readonly problem: string | null;
  /** null: unknown. */
  readonly cgroupDriver: string | null;
  readonly networks: ReadonlySet<string>;
  readonly images: ReadonlySet<string>;
  /** By container name: all of the fleet's, and of others those with a wanted name. */
  readonly containers: ReadonlyMap<string, ContainerState>;
}

export interface AccountState {
  readonly uid: number;
  readonly subordinates: boolean;
}

/** What a script said that it would do: nothing, where it said nothing. */
export type Rehearsal =
  | { readonly kind: "ran"; readonly lines: readonly string[] }
  | { readonly kind: "stopped"; readonly why: string };

export interface NodeState {
  /** Of this machine, without its domain: Proxmox calls a node by it. */
  readonly name: string;
  /** By the path of the wanted script. */
  readonly rehearsals: ReadonlyMap<string, Rehearsal>;
  /** Cards are given away, or not any more, once the host has booted again. */
  readonly waitsForReboot: boolean;
}

export interface Ground {
  readonly isRoot: boolean;
  /** `running`, `absent`, or why the manager (the user's for `--user`) does not answer. */
  readonly manager: "running" | "absent" | { readonly problem: string };
  readonly lingers: boolean | null;
  readonly userName: string;
  /** Commands that were looked for and not found. */
  readonly missing: ReadonlySet<string>;
  /** Folders that cannot be written in, with the reason. */
  readonly unwritable: ReadonlyMap<string, string>;
  readonly groups: ReadonlySet<string>;
}

export interface Installed {
  readonly places: InstallPlaces;
  readonly ground: Ground;
  readonly record: GenerationRecord | null;
  readonly journal: ApplyJournal | null;
  readonly shared: SharedRecord;
  /** Other fleets on this host, with the runner versions that they use. */
  readonly others: readonly { readonly fleet: string; readonly runnerVersions: readonly string[] }[];
  readonly files: ReadonlyMap<string, FileState>;
  readonly folders: ReadonlyMap<string, FolderState>;
  /** What is mounted below the fleet's state, the innermost first: not ours to remove with it. */
  readonly mounts: readonly string[];
  readonly account: AccountState | null;
  /** Who else has the uid that the account needs or would like; null: nobody. */
  readonly uidHolder: string | null;
  /** First number of a free range of 65536 in /etc/subuid and /etc/subgid. */
  readonly freeSubordinates: number;
  readonly program: FileState;
  readonly runnerVersions: ReadonlySet<string>;
  readonly units: ReadonlyMap<string, UnitState>;
  readonly slots: ReadonlyMap<string, SlotState>;
  readonly engine: EngineState | null;
  readonly node: NodeState;
  /** Markers in `drained/`: true where this program wrote it because the slot left the plan. */
  readonly drained: ReadonlyMap<string, boolean>;
  /** Of `expects`: the paths that are not there. */
  readonly absent: ReadonlySet<string>;
  /** Of `expects`: secrets that will not be used, each with why and what to do. */
  readonly unsafe: ReadonlyMap<string, { readonly message: string; readonly help: string }>;
  /** There is a record of what waits. */
  readonly hasPending: boolean;
  /** Records that cannot be used. */
  readonly problems: readonly Refusal[];
}
