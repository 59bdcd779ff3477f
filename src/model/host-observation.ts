// What one look at a host found: units, containers, runner processes, the small files of each slot, and what
// doctor asks besides. Each part can say that it does not know, and why. In: nothing. Out: records.

import type { RunnerIdentity } from "./runner-identity.ts";
import type { JobMarker, LastExit, MintState } from "./slot-state.ts";

/** `why` completes "unknown: …": `permission denied`. */
export type Seen<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly why: string };

export const seen = <T>(value: T): Seen<T> => ({ known: true, value });
export const unseen = (why: string): Seen<never> => ({ known: false, why });
/** null for unknown: only where null is nothing else. */
export const valueOrNull = <T>(what: Seen<T>): T | null => (what.known ? what.value : null);

/** What `systemctl show` says of a unit; words are systemd's own. */
export interface ObservedUnit {
  readonly name: string;
  /** `loaded`, `not-found`, `masked`, `bad-setting`, `error`. */
  readonly load: string;
  /** `active`, `activating`, `deactivating`, `inactive`, `failed`, `reloading`. */
  readonly active: string;
  /** `running`, `auto-restart`, `start-pre`, `dead`. */
  readonly sub: string;
  /** `success`, `exit-code`, `signal`, `exec-condition`, … of the last run. */
  readonly result: string;
  /** `enabled`, `disabled`, `static`, `masked`; null for units without a file. */
  readonly enabled: string | null;
  /** Its files changed since systemd read them. */
  readonly needReload: boolean;
  readonly mainPid: number | null;
  /** Last change of state, milliseconds since the epoch. */
  readonly since: number | null;
  readonly restarts: number | null;
  readonly exitStatus: number | null;
  readonly fragment: string | null;
  readonly dropIns: readonly string[];
  readonly killMode: string | null;
}

export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  /** Docker's word: `created`, `running`, `exited`, `dead`. */
  readonly status: string;
  readonly exitCode: number | null;
  readonly pid: number | null;
  readonly startedAt: number | null;
  /** As the service asked for it. */
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A process whose name is that of GitHub's listener or worker. */
export interface RunnerProcess {
  readonly pid: number;
  readonly kind: "listener" | "worker";
  readonly uid: number | null;
  readonly owner: ProcessOwner;
  /** Working folder; null where it may not be read. */
  readonly folder: string | null;
}

/** From the control group: whose process this is. */
export type ProcessOwner =
  | { readonly kind: "unit"; readonly unit: string }
  | { readonly kind: "container"; readonly id: string }
  | { readonly kind: "unknown" };

/** A process of the account of process slots, outside of every slot. */
export interface StrayProcess {
  readonly pid: number;
  /** As its program calls itself. */
  readonly name: string;
  readonly owner: ProcessOwner;
}

/** Who wrote `drained/<slot>`: the watchdog does so for the minutes in which it takes a slot down. */
export type Holder = "hand" | "apply" | "watchdog";

export interface SlotObservation {
  readonly slot: string;
  /** null: systemd knows no such unit. */
  readonly unit: Seen<ObservedUnit | null>;
  /** The unit that registers a process slot; null for container slots. */
  readonly mintUnit: Seen<ObservedUnit | null>;
  /** null: there is none, or the slot is a process. */
  readonly container: Seen<ObservedContainer | null>;
  /** Only this slot's, by control group. */
  readonly processes: Seen<readonly RunnerProcess[]>;
  readonly drained: Seen<boolean>;
  /** null: nobody holds it back. */
  readonly holder: Seen<Holder | null>;
  /** Repository that the watchdog assigned; null: none. */
  readonly assigned: Seen<string | null>;
  readonly mint: Seen<MintState | null>;
  readonly job: Seen<JobMarker | null>;
  readonly lastExit: Seen<LastExit | null>;
  /** Persistent slots only; `none` for others. */
  readonly identity: Seen<RunnerIdentity>;
}

export interface HostObservation {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** In the order of the plan. */
  readonly slots: readonly SlotObservation[];
  /** The fleet's other units that this host should have, by name. */
  readonly units: Seen<ReadonlyMap<string, ObservedUnit>>;
  /** Loaded units of the fleet's slots that the plan has no more. */
  readonly leftoverUnits: Seen<readonly string[]>;
  /** Containers labelled as this fleet's that belong to no slot of the plan. */
  readonly leftoverContainers: Seen<readonly string[]>;
  /** Listeners and workers that belong to no slot. */
  readonly foreignProcesses: Seen<readonly RunnerProcess[]>;
}

export interface DiskSpace {
  readonly path: string;
  /** For the user who asks, not root's reserve. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number | null;
}

/** How busy a card is; null: its tool does not say. */
export interface CardLoad {
  /** As slots name it: NVIDIA's UUID, a PCI address of others. */
  readonly id: string;
  readonly vendor: string;
  /** 0 to 1. */
  readonly busy: number | null;
  /** Bytes. */
  readonly memoryUsed: number | null;
  readonly memoryTotal: number | null;
}

export interface AccountFacts {
  readonly name: string;
  readonly groups: readonly string[];
  /** Ranges of /etc/subuid and /etc/subgid. */
  readonly subuids: number;
  readonly subgids: number;
  /** What sudo lets it do; empty: nothing. */
  readonly sudo: Seen<readonly string[]>;
}

export interface FileFacts {
  readonly path: string;
  readonly uid: number;
  readonly mode: number;
}

/** Beyond slots: what doctor asks of the machine as it is now. */
export interface MachineObservation {
  /** Folder of the running kernel's modules; null: it has none, or this is a container. */
  readonly kernelModules: Seen<boolean | null>;
  readonly disks: readonly Seen<DiskSpace>[];
  readonly clockSynchronized: Seen<boolean>;
  /** The user of process slots; null: there is no such user. */
  readonly account: Seen<AccountFacts | null>;
  /** Of that user, outside of every slot. */
  readonly strays: Seen<readonly StrayProcess[]>;
  readonly linger: Seen<boolean>;
  /** Driver versions that NVIDIA's CDI specifications were made for, by file. */
  readonly cdiDrivers: ReadonlyMap<string, readonly string[]>;
  /** Programs that were looked for, with where they are; null: nowhere. */
  readonly programs: ReadonlyMap<string, string | null>;
  /** `/proc/sys/<key with slashes>`; null: this kernel has none. */
  readonly sysctls: ReadonlyMap<string, string | null>;
  /** Units of runners that ci-fleet did not install. */
  readonly foreignUnits: Seen<readonly ObservedUnit[]>;
  /** What must belong to root and be writable by nobody else; only what exists. */
  readonly guarded: readonly Seen<FileFacts>[];
  /** Versions in the folder of runners. */
  readonly runnerVersions: Seen<readonly string[]>;
  /** Whether the file with the extra authority can be read; null: none is asked for. */
  readonly authority: Seen<boolean> | null;
}
