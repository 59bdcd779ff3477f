// What the preparation of a start needs from the world and from rooms beside this one. cli makes it real, tests
// hand-write it. In: nothing. Out: interfaces only.

import type { Secret } from "../base/secret.ts";
import type { KeptName, MintJournal } from "../model/mint-journal.ts";
import type { Clock } from "../model/ports.ts";
import type { RunnerIdentity } from "../model/runner-identity.ts";
import type { LastRun, MayStart, Setback, SlotSetbacks } from "../model/slot-setbacks.ts";
import type {
  ContainerFacts,
  Fault,
  RunTraces,
  SlotPlace,
  StartStep,
  UnitWord,
} from "../model/slot-start.ts";
import type { MintState } from "../model/slot-state.ts";

export interface ClearedNames {
  /** May still be there. */
  readonly left: readonly KeptName[];
  /** Names that were registered until now. */
  readonly deleted: readonly string[];
}

export type LoadedSlot =
  | { readonly kind: "found"; readonly place: SlotPlace }
  /** The spec cannot be read or planned, or has no such slot. */
  | { readonly kind: "fault"; readonly fault: Fault };

/** What stays on the disk between starts, in the slot's state folder. */
export interface Keeper {
  readJournal(): MintJournal;
  /** On the disk when it returns. */
  writeJournal(journal: MintJournal): void;
  readSetbacks(): string | null;
  /** null: removes them. */
  writeSetbacks(setbacks: SlotSetbacks | null): void;
  writeState(state: MintState): void;
}

/** The rules of back-off. */
export interface Brake {
  read(text: string | null): SlotSetbacks | null;
  note(before: SlotSetbacks | null, setback: Setback, now: number, random: number): SlotSetbacks;
  mayStart(setbacks: SlotSetbacks | null, now: number, runnerVersion: string): MayStart;
  judge(run: LastRun, runnerVersion: string): Setback | null;
  readonly shortRunMs: number;
}

/** Why there is no registration. `help` and `message` hold no secret. */
export interface Refused {
  readonly kind: "refused";
  readonly fault: Fault;
  /** Milliseconds since the epoch; null: GitHub did not say. */
  readonly retryAt: number | null;
  /** The credential itself is refused: exit code 77. */
  readonly isCredential: boolean;
  /** The fault is this machine's: nobody was asked, and looking again costs nobody anything. */
  readonly isHost: boolean;
}

export type JitAnswer =
  | { readonly kind: "registered"; readonly name: string; readonly id: number; readonly config: Secret }
  /** `perhaps`: a name that may be registered all the same, for the answer was lost. */
  | (Refused & { readonly perhaps: string | null });

export type TokenAnswer = { readonly kind: "token"; readonly token: Secret } | Refused;

/** What a persistent slot needs, by its identity files and what GitHub said about them. */
export type Need = { readonly kind: "none" | "registration-token"; readonly why: string };

/** One scope of GitHub, or the broker that asks it for us. */
export interface Registrar {
  /** Takes back what earlier starts left. Only while nothing of the slot runs. */
  clear(names: readonly KeptName[]): Promise<ClearedNames>;
  /** `announce` comes before GitHub is asked. */
  registerJit(announce: (name: string) => void): Promise<JitAnswer>;
  createToken(): Promise<TokenAnswer>;
  need(
    identity: RunnerIdentity,
    goneBefore: number | null,
  ): Promise<Need & { readonly goneId: number | null }>;
  /** Server's time minus ours in milliseconds, from the last answer; null: none came. */
  clockOffset(): number | null;
}

export interface SlotWorld {
  isDrained(): boolean;
  /** First line of the file that the watchdog writes; null: there is none. */
  readAssigned(): string | null;
  traceRun(): RunTraces;
  /** null: there is one that we may not read. */
  readIdentity(): RunnerIdentity | null;
  /** The runner said at its last start that its registration is gone (entrypoint.sh, `suspect`). */
  isSuspect(): boolean;
  listContainers(): Promise<readonly ContainerFacts[] | Fault>;
  /** Of a process slot. */
  askUnit(): Promise<UnitWord>;
  preflight(): Promise<readonly Fault[]>;
  /** Throws WorldError. */
  perform(step: StartStep): Promise<void>;
  /** A file in the hand-over folder that only the runner can read. Throws WorldError. */
  handOver(name: "jitconfig" | "token" | "url", text: string): void;
}

export interface StartPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly load: () => LoadedSlot;
  /** What is there of the slot even when the spec cannot be read. */
  readonly keeper: Keeper;
  readonly brake: Brake;
  readonly openWorld: (place: SlotPlace) => SlotWorld;
  readonly openRegistrar: (place: SlotPlace, url: string) => Promise<Registrar>;
  /** For the journal of systemd; no secret. */
  readonly say: (text: string) => void;
}
