// What putting a fleet in force on one host is about: what should be there, what is there, the steps between,
// and what stays written down. In: nothing. Out: records and the ports that carry steps out.

import type { SlotState } from "./apply-state.ts";
import type { DockerMode, Lifetime, RunMode } from "./fleet.ts";
import type { Places } from "./plan.ts";

/** `system`: by root for the whole machine. `user`: below a home, run by that user's manager. */
export type Flavour = "system" | "user";

export interface InstallPlaces extends Places {
  readonly flavour: Flavour;
  /** `/etc/systemd/system` */
  readonly units: string;
}

// ---------------------------------------------------------------- what should be there

export interface WantedFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
  readonly mode: 0o644 | 0o755;
}

/** The account exists only once a step has made it: then its number is looked up. */
export type Owner =
  | { readonly kind: "us" }
  | { readonly kind: "account" }
  | { readonly kind: "uid"; readonly uid: number };

export interface WantedFolder {
  readonly path: string;
  readonly owner: Owner;
  readonly mode: number;
}

/** What one slot is, as long as it is installed; kept in the record, so that it can be taken down again. */
export interface SlotRecord {
  readonly pool: string;
  readonly target: string;
  readonly run: RunMode;
  readonly lifetime: Lifetime;
  /** null where there is no systemd. */
  readonly unit: string | null;
  /** Changes with everything that takes a new start to come into force. */
  readonly generation: string;
  readonly image: string | null;
  readonly runnerVersion: string | null;
  readonly docker: DockerMode;
  /** `systemctl daemon-reload` takes the card away from its running container (NVIDIA's hook and runtime). */
  readonly losesCards: boolean;
  /** systemd's InvocationID of a run that began before `generation` was in force; null: none is known. */
  readonly staleRun: string | null;
}

export interface WantedSlot extends Omit<SlotRecord, "staleRun"> {
  readonly name: string;
  readonly always: boolean;
  readonly emulates: boolean;
}

export interface WantedImage {
  readonly reference: string;
  readonly how: "build" | "pull";
  /** A service of compose.yaml that has it. */
  readonly service: string;
}

/** A unit beside the slots. */
export interface WantedUpkeep {
  readonly unit: string;
  /** Changes with everything that takes a restart to come into force. */
  readonly generation: string;
  /** Slots that must have no job meanwhile. */
  readonly disturbs: readonly string[];
  /** Not null: it runs a guest, whose job is not seen from here, so it is never stopped. `starts`: with the fleet. */
  readonly guest: { readonly starts: boolean } | null;
}

export interface WantedAccount {
  readonly name: string;
  /** null: any. */
  readonly uid: number | null;
  /** Ranges in /etc/subuid and /etc/subgid. */
  readonly subordinates: boolean;
}

/** A script that brings its part of the host to what is rendered, and knows by itself what differs. */
export interface WantedScript {
  readonly kind: "vfio" | "mapping" | "access" | "guest";
  /** One of `files`. */
  readonly path: string;
  /** A guest that gets a card: it must not start before the host has let go of it. */
  readonly needsCards: boolean;
}

export interface Wanted {
  readonly fleet: string;
  readonly host: string;
  readonly ciFleetVersion: string;
  readonly supervision: "systemd" | "compose";
  readonly places: InstallPlaces;
  /** Of all files: changes with every byte. */
  readonly generation: string;
  readonly files: readonly WantedFile[];
  /** Parents first. */
  readonly folders: readonly WantedFolder[];
  readonly slots: readonly WantedSlot[];
  readonly upkeep: readonly WantedUpkeep[];
  /** null without systemd. */
  readonly target: string | null;
  readonly account: WantedAccount | null;
  /** Docker network of its containers. Without systemd Compose makes it; else it has to be there before slots start. */
  readonly network: string | null;
  readonly images: readonly WantedImage[];
  readonly runnerVersion: string | null;
  /** This program, where it is one file that units can start; null: run from source. */
  readonly program: { readonly path: string; readonly sha256: string } | null;
  /** Paths that slots will not work without and that are not ours to make. */
  readonly expects: readonly {
    readonly path: string;
    readonly what: string;
    readonly help: string;
    /** Each of these does as well. */
    readonly instead: readonly string[];
    /** Nobody else may read or replace it. */
    readonly isSecret: boolean;
  }[];
  readonly engine: { readonly compose: boolean; readonly rootless: boolean };
  /** In the order in which they run. */
  readonly scripts: readonly WantedScript[];
  /** Proxmox's name of the node that this host is; null: it is none. */
  readonly node: string | null;
}

// ---------------------------------------------------------------- what stays written down

/** `generation.json` in the folder of configuration: what is in force. Written last. */
export interface GenerationRecord {
  readonly version: 1;
  readonly fleet: string;
  readonly host: string;
  readonly flavour: Flavour;
  readonly supervision: "systemd" | "compose";
  readonly ciFleetVersion: string;
  readonly generation: string;
  readonly files: Readonly<Record<string, string>>;
  /** Slots that are gone from the plan stay here until they are gone from the host. */
  readonly slots: Readonly<Record<string, SlotRecord>>;
  /** Unit → the generation that it runs. */
  readonly upkeep: Readonly<Record<string, string>>;
  readonly target: string | null;
  /** Docker network that we made. */
  readonly network: string | null;
  /** Images that we built or pulled. */
  readonly images: readonly string[];
  /** Registrations that could not be removed yet: slot → target. */
  readonly ghosts: Readonly<Record<string, string>>;
}

/**
 * `journal.json` beside it, from before the first change to after the last: all that may be there beyond the
 * record. Its presence alone says that an apply was cut off.
 */
export interface ApplyJournal {
  readonly version: 1;
  /** Path → every sha256 that may be found there. */
  readonly files: Readonly<Record<string, readonly string[]>>;
  /** What may be installed under each name, the latest last. */
  readonly slots: Readonly<Record<string, readonly SlotRecord[]>>;
  readonly upkeep: readonly string[];
  readonly network: string | null;
  readonly images: readonly string[];
}

/** `.shared.json` in the folder above: what all fleets of a host use, as far as we made it. */
export interface SharedRecord {
  readonly version: 1;
  readonly account: boolean;
  readonly subordinates: boolean;
  /** sha256 of what may be at the program's place by our doing; empty: nothing. */
  readonly programs: readonly string[];
  readonly home: boolean;
  readonly runners: readonly string[];
}

/** `pending.json` in the folder of state: what waits for jobs to end. Written for status and watchdog. */
export interface PendingRecord {
  readonly version: 1;
  readonly slots: readonly PendingSlot[];
}

export interface PendingSlot {
  readonly slot: string;
  readonly unit: string | null;
  /** `reload`: everything waits, since a reload of systemd would take the card from its job. */
  readonly action: "restart" | "remove" | "reload" | "deregister";
  readonly why: string;
}

// ---------------------------------------------------------------- steps

export type Action =
  | {
      readonly kind: "run";
      readonly argv: readonly string[];
      readonly timeoutMs: number;
      /** Exit codes that say that it is so. */
      readonly fine: readonly number[];
      /** Its failure changes nothing for what follows. */
      readonly mayFail: boolean;
      /** What it says on stderr is for people, also where it succeeds. */
      readonly tells?: true;
    }
  | { readonly kind: "make-folder"; readonly folder: WantedFolder }
  | { readonly kind: "write"; readonly file: WantedFile; readonly isNew: boolean }
  | { readonly kind: "remove-file"; readonly path: string }
  /** Only while nothing is in it. */
  | { readonly kind: "remove-folder"; readonly path: string }
  | { readonly kind: "copy-program"; readonly from: string; readonly to: string }
  | { readonly kind: "sweep"; readonly folders: readonly string[] }
  | { readonly kind: "install-runner"; readonly version: string; readonly folder: string }
  | { readonly kind: "deregister"; readonly slot: string; readonly target: string }
  /** Asks whether slots have a job: where one has, what names it later is left undone. */
  | { readonly kind: "look"; readonly slots: readonly string[] }
  /** Everything so far is on the disk. */
  | { readonly kind: "sync" }
  /** Texts that depend on how the steps before went. */
  | { readonly kind: "record"; readonly what: RecordName };

/** `claims`: the shared record before anything is made; `shared`: the same after. `end` removes the journal. */
export type RecordName = "journal" | "claims" | "pending" | "generation" | "shared" | "end";

export interface Step {
  readonly action: Action;
  /** Fact that made it: `SlotIsNew`. */
  readonly because: string;
  /** Left undone where one of these turned out to have a job. */
  readonly slots: readonly string[];
}

export interface Refusal {
  readonly message: string;
  /** One imperative sentence. */
  readonly help: string;
  /** `world`: the machine lacks something. `found`: what is there is not as it should be. */
  readonly kind: "world" | "found";
}

export interface ApplyPlan {
  readonly wanted: Wanted | null;
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly { readonly message: string; readonly help: string }[];
  readonly steps: readonly Step[];
  /** What has to happen to slots that run, whenever they have no job. */
  readonly waits: ReadonlyMap<
    string,
    { readonly action: PendingSlot["action"]; readonly unit: string | null }
  >;
  /** The whole change waits for these. */
  readonly gate: readonly string[];
  /** What the records say when every step is done. */
  readonly journal: ApplyJournal;
  readonly sharedBefore: SharedRecord;
}

// ---------------------------------------------------------------- ports

export type Deregistration =
  | { readonly kind: "gone" }
  /** GitHub says it has a job. */
  | { readonly kind: "busy" }
  | { readonly kind: "unknown"; readonly why: string };

/** Takes a slot's registrations away at GitHub, its own and those with a suffix. Never one that has a job. */
export interface Registrations {
  deregister(slot: string, target: string): Promise<Deregistration>;
}

/** Puts the pinned release of actions/runner, checksum verified, into a folder that appears whole or not at all. */
export interface RunnerInstaller {
  installRunner(version: string, folder: string): Promise<void>;
}

export type FileAction = Exclude<Action, { kind: "deregister" | "look" | "record" | "install-runner" }>;

/** Throws WorldError where something cannot be done. */
export interface ApplyHands extends Registrations, RunnerInstaller {
  perform(action: FileAction): Promise<void>;
  look(slot: string): Promise<SlotState>;
  writeRecord(path: string, text: string): Promise<void>;
  removeRecord(path: string): Promise<void>;
}
