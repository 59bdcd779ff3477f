// What the watchdog of a node remembers of its guests, as a file: read as a stranger's text. Losing it costs time: a
// guest is set up once more than needed, and one that was cloned waits for a person before it is destroyed. In: a text.
// Out: a record.

import { asObject, parseObject, readEach } from "../base/read-json.ts";
import type { GuestNote, NodeMemory } from "./guest-life.ts";
import type { PassTime } from "./watchdog.ts";

export const NODE_MEMORY_FILE = "watchdog.guests.json";

export const NO_NOTE: GuestNote = {
  made: null,
  making: false,
  booted: false,
  work: null,
  setbacks: null,
  lockedSince: null,
  servedAt: null,
  shortLives: 0,
};

export function emptyNodeMemory(time: PassTime): NodeMemory {
  return { version: 1, time, guests: {} };
}

export function writeNodeMemory(memory: NodeMemory): string {
  return `${JSON.stringify(memory)}\n`;
}

/** null: there is none, or it cannot be used. */
export function readNodeMemory(text: string | null): NodeMemory | null {
  const value = text === null ? null : parseObject(text);
  const { wall, monotonic, boot } = asObject(value?.time) ?? {};
  if (value?.version !== 1 || !isNumber(wall) || !isNumber(monotonic)) return null;
  const time = { wall, monotonic, boot: typeof boot === "string" ? boot : null };
  return { version: 1, time, guests: readEach(value.guests, readNote) };
}

function readNote(value: unknown): GuestNote | null {
  const note = asObject(value);
  if (note === null) return null;
  const { made, making, booted, lockedSince, servedAt, shortLives } = note;
  return {
    made: typeof made === "string" ? made : null,
    making: making === true,
    booted: booted === true,
    work: readWork(note.work),
    setbacks: readSetbacks(note.setbacks),
    lockedSince: isNumber(lockedSince) ? lockedSince : null,
    servedAt: isNumber(servedAt) ? servedAt : null,
    shortLives: isNumber(shortLives) ? shortLives : 0,
  };
}

function readWork(value: unknown): GuestNote["work"] {
  const { step, upid } = asObject(value) ?? {};
  if (typeof step !== "string") return null;
  return { step, upid: typeof upid === "string" ? upid : null };
}

function readSetbacks(value: unknown): GuestNote["setbacks"] {
  const { times, at, why } = asObject(value) ?? {};
  if (!isNumber(times) || !isNumber(at)) return null;
  return { times, at, why: typeof why === "string" ? why : "" };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
