// The small files in which one program tells another about a slot: what mint decided, the job that the hooks
// saw, how the runner ended. Jobs can write two of them, so each is read as a stranger's text: bounded, typed,
// and null where it is anything else. In: texts. Out: records; for mint, the text.

import { parseObject } from "../base/read-json.ts";

/**
 * `ready`: registered, the runner may start. `waiting`: back-off after a failure. `red`: the preflight found the
 * host unfit, nothing was registered. `stopped`: trying again is of no use before someone acts.
 */
export type MintPhase = "ready" | "waiting" | "red" | "stopped";

/** What `mint --prepare` leaves in `<state>/<slot>/mint.json` each time it decides. */
export interface MintState {
  readonly state: MintPhase;
  /** A fact, kebab-case: `disk-full`, `credential-refused`, `version-deprecated`. */
  readonly reason: string;
  /** One sentence for people, without a secret. */
  readonly message: string;
  /** Milliseconds since the epoch, like all times here. */
  readonly at: number;
  /** null: it does not try again by itself. */
  readonly nextTryAt: number | null;
  /** In a row. */
  readonly failures: number;
}

export const MINT_STATE_FILE = "mint.json";

/** The job hooks' `<run>/<slot>/runner/job.json`. Every text in it is chosen by whoever wrote the workflow. */
export interface JobMarker {
  readonly repository: string;
  readonly runId: string;
  readonly runAttempt: string;
  readonly workflow: string;
  readonly job: string;
  readonly startedAt: number | null;
}

/** entrypoint.sh's `<run>/<slot>/runner/last-exit.json`. */
export interface LastExit {
  /** `ended`, `registration-deleted`, … as entrypoint.sh lists them. */
  readonly class: string;
  readonly code: number;
  readonly at: number | null;
  /** A job was given to it; null: it did not say. */
  readonly hadJob: boolean | null;
}

/** No file of these is longer. */
export const MAX_SLOT_FILE_BYTES = 64 * 1024;

const PHASES: readonly string[] = ["ready", "waiting", "red", "stopped"] satisfies readonly MintPhase[];
const FACT = /^[a-z0-9]+(?:-[a-z0-9]+){0,15}$/;

export function writeMintState(state: MintState): string {
  return `${JSON.stringify(state)}\n`;
}

export function readMintState(text: string): MintState | null {
  const value = parseObject(text);
  if (value === null) return null;
  const { state, reason, message, at, nextTryAt, failures } = value;
  if (typeof state !== "string" || !PHASES.includes(state)) return null;
  if (typeof reason !== "string" || !FACT.test(reason) || typeof message !== "string") return null;
  if (!isTime(at) || !(nextTryAt === null || isTime(nextTryAt)) || !isCount(failures)) return null;
  return { state: state as MintPhase, reason, message: message.slice(0, 2000), at, nextTryAt, failures };
}

export function readJobMarker(text: string): JobMarker | null {
  const value = parseObject(text);
  if (value === null) return null;
  const word = (key: string): string => {
    const found = value[key];
    return typeof found === "string" ? found.slice(0, 1024) : "";
  };
  return {
    repository: word("repository"),
    runId: word("runId"),
    runAttempt: word("runAttempt"),
    workflow: word("workflow"),
    job: word("job"),
    startedAt: fromSeconds(value.startedAt),
  };
}

export function readLastExit(text: string): LastExit | null {
  const value = parseObject(text);
  if (value === null || typeof value.class !== "string" || !FACT.test(value.class)) return null;
  return isCount(value.code) && value.code <= 255
    ? {
        class: value.class,
        code: value.code,
        at: fromSeconds(value.at),
        hadJob: typeof value.job === "boolean" ? value.job : null,
      }
    : null;
}

/** The largest that a Date can hold (ECMA-262, time values). */
const MAX_TIME = 8_640_000_000_000_000;

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && Math.abs(value) <= MAX_TIME;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Shell scripts know seconds. */
function fromSeconds(value: unknown): number | null {
  return isTime(value) && isTime(value * 1000) ? value * 1000 : null;
}
