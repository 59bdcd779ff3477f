// What every action shares: the memory that is saved before each step, what forbids all further steps, one more look
// at a slot. In: what act was given. Out: a small port.

import { WorldError } from "../base/world-error.ts";
import type { GitHubFailure } from "../model/github.ts";
import type { OwnedSlot } from "../model/ownership.ts";
import { isUp, judgeLife, type SlotLife } from "../model/slot-life.ts";
import type {
  Memory,
  Outcome,
  RegistrationRef,
  Result,
  Retirement,
  Started,
  WatchedSlot,
} from "../model/watchdog.ts";
import type { ActInputs } from "./act.ts";
import { explainFailure } from "./explain-failure.ts";
import { type ChangedScope, Meter, meterScope } from "./meter.ts";
import { findJobSign, markKey, readOwnNumber } from "./slot-case.ts";
import type { ActPorts } from "./watch-ports.ts";

export type Told = Pick<Outcome, "result" | "steps">;

export function tell(result: Result, ...steps: readonly string[]): Told {
  return { result, steps };
}

export interface Change {
  readonly retiring?: Readonly<Record<string, Retirement | null>>;
  readonly started?: Readonly<Record<string, Started>>;
}

export interface Hands {
  readonly ports: ActPorts;
  memory(): Memory;
  /** Throws where it cannot be written; then nothing more is done in this pass. */
  save(change: Change): Promise<void>;
  /** Why nothing more is done; null: nothing forbids it. */
  blocked(): string | null;
  slot(name: string): OwnedSlot;
  isHere(slot: string): boolean;
  look(slot: string): Promise<Look>;
  /** null: GitHub is not to be asked for changes in this scope any more. */
  scope(place: Pick<RegistrationRef, "scope">): ChangedScope | null;
  /** In words; a refusal or a limit ends all changes in that scope for this pass. */
  noteFailure(url: string, answer: GitHubFailure): string;
  now(): number;
  /**
   * Waits until another change may be sent to GitHub, whichever target the one before was of. Before the last look at
   * a slot, so that none of it lies between that look and what is done.
   */
  settle(): Promise<void>;
  /** What was asked of GitHub so far. */
  readonly meter: Pick<Meter, "sent" | "counted">;
}

/** A slot just now. */
export interface Look {
  readonly life: SlotLife;
  readonly isUp: boolean;
  readonly evidence: string;
  /** Why it must not be stopped; null: everything is to be seen, and nothing speaks of a job. */
  readonly danger: string | null;
  readonly isDrained: boolean;
  /** By our records. */
  readonly number: number | "unknown" | null;
  /** No listener and no worker is to be seen, and all could be. */
  readonly isEmpty: boolean;
}

/** GitHub's docs, "Best practices for using the REST API": at least a second between requests that change something. */
const CHANGE_GAP_MS = 1000;

export function openHands({ memory: given, owned, windows, host }: ActInputs, ports: ActPorts): Hands {
  let memory = given;
  let blocked: string | null = null;
  const closed = new Set<string>();
  const meter = new Meter();
  let changedAt = Number.NEGATIVE_INFINITY;
  const now = (): number => ports.time().monotonic;
  const slotOf = (name: string): OwnedSlot => {
    const slot = owned.get(name);
    if (slot === undefined) throw new Error(`${name} is no slot of the plan`);
    return slot;
  };
  return {
    ports,
    meter,
    memory: () => memory,
    blocked: () => blocked,
    slot: slotOf,
    isHere: (name) => slotOf(name).host.name === host,
    now,
    settle: async () => {
      const wait = changedAt + CHANGE_GAP_MS - now();
      if (wait > 0) await ports.rest(wait);
    },
    save: async (change) => {
      const allowance = given.allowance === null ? null : given.allowance - meter.counted;
      memory = { ...applyChange(memory, change), allowance };
      try {
        await ports.save(memory);
      } catch (error) {
        if (error instanceof WorldError)
          blocked = `the watchdog's memory cannot be written: ${error.message}`;
        throw error;
      }
    },
    look: async (slot) => {
      const seen = await ports.lookAt(slot);
      const sign = memory.marks[markKey(slot, "MarkerWithoutWorker")];
      const isStale = (text: string): boolean =>
        sign?.of === text && ports.time().monotonic - sign.since >= windows.staleSign;
      return readLook(seen, slotOf(slot), isStale);
    },
    scope: ({ scope }) => {
      const api = closed.has(scope) ? null : ports.scope(scope);
      const note = (): void => {
        changedAt = now();
      };
      return api === null ? null : meterScope(api, meter, note);
    },
    noteFailure: (url, answer) => {
      const { why } = explainFailure(answer);
      if (answer.kind === "refused" || answer.kind === "limited") closed.add(url);
      return `GitHub (${answer.request}): ${why}`;
    },
  };
}

function applyChange(memory: Memory, { retiring, started }: Change): Memory {
  const next = { ...memory.retiring };
  for (const [slot, retirement] of Object.entries(retiring ?? {})) {
    if (retirement === null) delete next[slot];
    else next[slot] = retirement;
  }
  return { ...memory, retiring: next, started: { ...memory.started, ...started } };
}

function readLook(seen: WatchedSlot, { placement }: OwnedSlot, isStale: (sign: string) => boolean): Look {
  const { life, evidence } = judgeLife(seen);
  const own = readOwnNumber(placement, seen);
  const sign = findJobSign(seen);
  return {
    life,
    isUp: isUp(life),
    evidence,
    danger: findDanger(seen, life, sign !== null && !isStale(sign) ? sign : null),
    isDrained: seen.drained.known && seen.drained.value,
    number: own === null || own === "unknown" ? own : own.id,
    isEmpty: seen.processes.known && seen.processes.value.length === 0,
  };
}

function findDanger({ processes }: WatchedSlot, life: SlotLife, sign: string | null): string | null {
  if (!processes.known) return `its processes cannot be seen: ${processes.why}`;
  if (processes.value.some(({ kind }) => kind === "worker")) return "a Runner.Worker process runs";
  if (life === "busy" || life === "unknown") return `it is ${life}`;
  return sign;
}
