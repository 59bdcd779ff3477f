// The world as the watchdog's pass sees it: one look at this host, GitHub, and the few things it may do. cli makes
// them real from adapters; the tests' fleet is another. In: nothing. Out: interfaces.

import type { Secret } from "../base/secret.ts";
import type { DemandApi, RunnerScopeApi } from "../model/github.ts";
import type { DiskSpace, RunnerProcess, Seen } from "../model/host-observation.ts";
import type { Memory, Observation, PassTime, WatchedSlot } from "../model/watchdog.ts";

export interface HostLook {
  readonly slots: readonly WatchedSlot[];
  readonly foreign: Seen<readonly RunnerProcess[]>;
  readonly disks: readonly Seen<DiskSpace>[];
  readonly unfinished: Observation["unfinished"];
  readonly guestUnits: Observation["guestUnits"];
  readonly waitsForReboot: boolean;
}

export interface WatchedScope {
  readonly target: string;
  readonly api: RunnerScopeApi;
}

export interface ObservePorts {
  time(): PassTime;
  look(): Promise<HostLook>;
  /** Of the targets that this host's slots belong to; of all where it is the deputy. */
  readonly scopes: readonly WatchedScope[];
  /** Targets whose access could not even be opened, with why. */
  readonly closed: readonly {
    readonly target: string;
    readonly url: string;
    readonly kind: "refused" | "unknown";
    readonly why: string;
  }[];
  readonly demand: ReadonlyMap<string, DemandApi>;
  /** `late`: it was not done in time; what it says later is nobody's any more. */
  within<T>(work: Promise<T>, milliseconds: number): Promise<T | "late">;
}

/** Each may throw a WorldError. Folders and units are the slot's own. */
export interface ActPorts {
  time(): PassTime;
  /** At one slot, now. */
  lookAt(slot: string): Promise<WatchedSlot>;
  /** By URL; null: it could not be opened. */
  scope(url: string): RunnerScopeApi | null;
  start(slot: string): Promise<void>;
  stop(slot: string): Promise<void>;
  /** `drained/<slot>` in the watchdog's name, unless somebody else's is there. */
  hold(slot: string): Promise<void>;
  /** Takes away only its own. */
  letGo(slot: string): Promise<void>;
  assign(slot: string, repository: string): Promise<void>;
  /** Hands it to a slot that waits for it. */
  admit(slot: string, token: Secret): Promise<void>;
  /** The five identity files of a persistent slot. */
  forget(slot: string): Promise<void>;
  /** Whole and on the disk when it returns. */
  save(memory: Memory): Promise<void>;
  /** Lets so many milliseconds pass. */
  rest(milliseconds: number): Promise<void>;
  /** Why no further action is begun; null: nothing speaks against it. */
  stopping(): string | null;
  /** A place between two steps, for tests that end the process there. */
  pass(step: string): void;
}
