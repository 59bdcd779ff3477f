// Proxmox's API as whoever keeps guests alive sees it: records of what it said, one answer type that keeps "no" apart
// from "don't know", and changes that are tasks: their name is given at once, their end is asked for, also by a later
// run. In: nothing. Out: records and the port.

/** `POST https://pve1:8006/api2/json/nodes/pve1/qemu/9101/status/start`, for messages. No secret is ever in it. */
interface Asked {
  readonly request: string;
  /** Proxmox's words, one line, cleaned. */
  readonly message: string;
}

/** `VM.Audit` on `/vms/9101`. Several words: one of them would do. */
export interface MissingPrivilege {
  readonly path: string;
  readonly privileges: readonly string[];
}

export type HypervisorFailure =
  /** 401, 403, or a token that is unusable before anyone was asked. */
  | (Asked & {
      readonly kind: "refused";
      /** null: nobody was asked. */
      readonly status: number | null;
      /** null: the token itself is not accepted, or Proxmox does not say. */
      readonly missing: MissingPrivilege | null;
      /** What to do about it, one imperative sentence. */
      readonly help: string | null;
    })
  /** The guest, snapshot or task that was asked for is not on this node. */
  | (Asked & { readonly kind: "absent" })
  /** `backup`, `clone`, `rollback`, …; null: another task works on it, and this one could not get its turn. */
  | (Asked & { readonly kind: "locked"; readonly lock: string | null })
  /** The cluster's files can be read and not written. */
  | (Asked & { readonly kind: "no-quorum" })
  /** The id or name is taken, it runs already, or the settings have changed since they were read. */
  | (Asked & { readonly kind: "conflict" })
  /** 400: Proxmox does not accept a value. Asking again is of no use. */
  | (Asked & { readonly kind: "invalid" })
  /** The task ended badly; `message` is its exit status. */
  | (Asked & { readonly kind: "failed"; readonly upid: string; readonly log: readonly string[] })
  /** 5xx, time-out, unreadable answer, no route: nobody knows what happened; a change may be done. */
  | (Asked & { readonly kind: "unknown" });

/** Every call ends in exactly one of these; only `ok` and `absent` say something about the thing asked for. */
export type HypervisorAnswer<T> = { readonly kind: "ok"; readonly value: T } | HypervisorFailure;

export interface GuestListing {
  readonly vmId: number;
  /** null: it has none. Anybody's text. */
  readonly name: string | null;
  readonly status: "running" | "stopped";
  readonly lock: string | null;
  readonly template: boolean;
  /** Seconds; null: it does not run, or Proxmox does not say. */
  readonly uptime: number | null;
  readonly tags: readonly string[];
}

export interface GuestRecord extends GuestListing {
  /** What is set, pending changes included, as Proxmox writes it: `memory` is `"4096"`. Without description and digest. */
  readonly config: Readonly<Record<string, string>>;
  /** As it was given; its first line is our mark, if it is ours. */
  readonly description: string | null;
  /** Of the settings as they were read: given back with a change, it is refused if they have changed since. */
  readonly digest: string | null;
  /** QEMU's own word, such as `paused` or `io-error`; null: it does not run, or nobody asked it. */
  readonly qmpStatus: string | null;
}

export interface SnapshotRecord {
  readonly name: string;
  readonly description: string;
  /** Milliseconds since the epoch, by the node's clock. */
  readonly takenAt: number | null;
  readonly parent: string | null;
  /** It holds memory too: with a card given through, it can be neither made nor used. */
  readonly memory: boolean;
}

export interface SnapshotList {
  readonly snapshots: readonly SnapshotRecord[];
  /** The one that the guest's disks come from; null: none. */
  readonly current: string | null;
}

/** The name of a task; keep it before anything else is done: a run after a crash asks for it again. */
export interface StartedTask {
  readonly upid: string;
}

export type TaskState =
  | { readonly kind: "running" }
  /** Well: `OK`, or with that many warnings. */
  | { readonly kind: "ended"; readonly warnings: number };

export interface RunningTask {
  readonly upid: string;
  /** `qmstart`, `qmrollback`, `qmclone`, `vzdump`, … */
  readonly type: string;
  readonly user: string;
  /** Milliseconds since the epoch, by the node's clock. */
  readonly startedAt: number;
}

export interface MappingRecord {
  readonly id: string;
  readonly description: string | null;
  /** `id=…,node=…,path=…` */
  readonly entries: readonly string[];
  /** What is wrong with it on this node; empty: nothing. */
  readonly faults: readonly { readonly severity: "warning" | "error"; readonly message: string }[];
}

export interface VolumeRecord {
  /** `local:snippets/user.yaml` */
  readonly id: string;
  /** Bytes. */
  readonly size: number | null;
  readonly vmId: number | null;
}

/** What the token may do: privileges by path; those of a path hold below it where `propagates`. */
export type GrantedPermissions = ReadonlyMap<
  string,
  readonly { readonly privilege: string; readonly propagates: boolean }[]
>;

export interface CloneWish {
  readonly newId: number;
  readonly name: string;
  /** Set by the same call: there is no moment in which our guest is without its mark. */
  readonly description: string;
  /** A full one stands by itself and may go elsewhere; a linked one shares the template's disk. */
  readonly full: boolean;
  /** Only for a full one; null: where the template is. */
  readonly storage: string | null;
  /** Proxmox's pool that it becomes a member of by the same call. */
  readonly pool: string | null;
}

export interface ConfigChange {
  readonly set: Readonly<Record<string, string>>;
  readonly delete: readonly string[];
  /** Refused as a conflict if the settings are no longer those; null: whatever they are. */
  readonly digest: string | null;
}

/** One node. Nothing here throws for what the world does. */
export interface Hypervisor {
  /** `https://pve1:8006` */
  readonly url: string;
  readonly node: string;

  readVersion(): Promise<HypervisorAnswer<{ readonly version: string; readonly release: string | null }>>;
  /** Those that the token may see (`VM.Audit`): one that is missing here is not known to be absent. */
  listGuests(): Promise<HypervisorAnswer<readonly GuestListing[]>>;
  readGuest(vmId: number): Promise<HypervisorAnswer<GuestRecord>>;
  listSnapshots(vmId: number): Promise<HypervisorAnswer<SnapshotList>>;
  /** Of anybody, as far as the token may see: its own always, others' with `Sys.Audit` on the node. */
  listRunningTasks(vmId: number): Promise<HypervisorAnswer<readonly RunningTask[]>>;
  listMappings(): Promise<HypervisorAnswer<readonly MappingRecord[]>>;
  /** `content`: `snippets`, `images`, …; null: everything. */
  listVolumes(storage: string, content: string | null): Promise<HypervisorAnswer<readonly VolumeRecord[]>>;
  readPermissions(): Promise<HypervisorAnswer<GrantedPermissions>>;
  /** false: no agent answers in the guest. Wants `VM.GuestAgent.Audit`, which access.sh does not give. */
  pingAgent(vmId: number): Promise<HypervisorAnswer<boolean>>;

  /** Disks only. */
  takeSnapshot(
    vmId: number,
    snapshot: { readonly name: string; readonly description: string },
  ): Promise<HypervisorAnswer<StartedTask>>;
  deleteSnapshot(vmId: number, name: string): Promise<HypervisorAnswer<StartedTask>>;
  /** Leaves the guest stopped. Proxmox stops one that runs: look first. */
  rollback(vmId: number, name: string): Promise<HypervisorAnswer<StartedTask>>;
  start(vmId: number): Promise<HypervisorAnswer<StartedTask>>;
  /** Asks the guest; the task fails when it has not stopped within `seconds`. */
  shutdown(vmId: number, seconds: number): Promise<HypervisorAnswer<StartedTask>>;
  /** Pulls the plug. */
  stop(vmId: number): Promise<HypervisorAnswer<StartedTask>>;
  clone(template: number, wish: CloneWish): Promise<HypervisorAnswer<StartedTask>>;
  /** Done when it answers. For settings; new volumes take longer than an answer may. */
  configure(vmId: number, change: ConfigChange): Promise<HypervisorAnswer<null>>;
  /** The same as a task, for new volumes. null: it was done at once. */
  configureInTask(vmId: number, change: ConfigChange): Promise<HypervisorAnswer<StartedTask | null>>;
  /** `size`: `400G`. Never smaller than it is. */
  resize(vmId: number, disk: string, size: string): Promise<HypervisorAnswer<StartedTask>>;
  /** With its disks, also those that its settings do not name, and with what jobs and backups know of it. */
  destroy(vmId: number): Promise<HypervisorAnswer<StartedTask>>;

  /** One question. `absent`: the node knows no such task. */
  readTask(upid: string): Promise<HypervisorAnswer<TaskState>>;
  /**
   * Asks with growing pauses until the task has ended or `milliseconds` are over; then `running`. A question without an
   * answer is asked again until then: the last failure is returned.
   */
  awaitTask(upid: string, milliseconds: number): Promise<HypervisorAnswer<TaskState>>;
}
