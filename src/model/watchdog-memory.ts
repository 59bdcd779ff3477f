// The watchdog's memory as a file: small, whole, and read as a stranger's text. Losing it costs time, never a job:
// every mark starts anew. In: a text. Out: a record, empty where the text is anything else.

import { asObject, parseObject, readEach } from "../base/read-json.ts";
import type { Mark, Memory, PassTime, Reason, RegistrationRef, Retirement, Started } from "./watchdog.ts";

export const MEMORY_FILE = "watchdog.json";

export function emptyMemory(time: PassTime): Memory {
  return {
    version: 1,
    time,
    marks: {},
    retiring: {},
    started: {},
    jobs: {},
    listed: {},
    allowance: null,
    lastFine: null,
  };
}

export function writeMemory(memory: Memory): string {
  return `${JSON.stringify(memory)}\n`;
}

/** null: there is none, or it cannot be used. */
export function readMemory(text: string | null): Memory | null {
  const value = text === null ? null : parseObject(text);
  const time = readTime(value?.time);
  if (value?.version !== 1 || time === null) return null;
  return {
    version: 1,
    time,
    marks: readEach(value.marks, readMark),
    retiring: readEach(value.retiring, readRetirement),
    started: readEach(value.started, readStarted),
    jobs: readEach(value.jobs, readNumber),
    listed: readEach(value.listed, readNumber),
    allowance: readNumber(value.allowance),
    lastFine: readNumber(value.lastFine),
  };
}

function readNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function readTime(value: unknown): PassTime | null {
  const { wall, monotonic, boot } = asObject(value) ?? {};
  if (readNumber(wall) === null || readNumber(monotonic) === null) return null;
  return {
    wall: wall as number,
    monotonic: monotonic as number,
    boot: typeof boot === "string" ? boot : null,
  };
}

function readMark(value: unknown): Mark | null {
  const { reason, of, since, passes } = asObject(value) ?? {};
  if (typeof reason !== "string" || typeof of !== "string") return null;
  if (readNumber(since) === null || readNumber(passes) === null) return null;
  return { reason: reason as Reason, of, since: since as number, passes: passes as number };
}

const PHASES: readonly unknown[] = ["deregister", "grace", "stop"] satisfies readonly Retirement["phase"][];

function readRetirement(value: unknown): Retirement | null {
  const { phase, reason, registration, since, next } = asObject(value) ?? {};
  if (!PHASES.includes(phase) || typeof reason !== "string" || readNumber(since) === null) return null;
  if (next !== "stay-down" && next !== "start") return null;
  const known = registration === null ? null : readRef(registration);
  if (registration !== null && known === null) return null;
  return {
    phase: phase as Retirement["phase"],
    reason: reason as Reason,
    registration: known,
    since: since as number,
    next,
  };
}

function readRef(value: unknown): RegistrationRef | null {
  const { target, scope, id, name } = asObject(value) ?? {};
  if (typeof target !== "string" || typeof scope !== "string" || typeof name !== "string") return null;
  return typeof id === "number" && Number.isSafeInteger(id) && id > 0 ? { target, scope, id, name } : null;
}

function readStarted(value: unknown): Started | null {
  const { at, times } = asObject(value) ?? {};
  if (readNumber(at) === null || readNumber(times) === null) return null;
  return { at: at as number, times: times as number };
}
