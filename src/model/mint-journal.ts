// What `mint` writes down before it asks GitHub for anything, so that a crash at any instant leaves no registration
// that nobody knows of: `<state>/<slot>/starts.json`. In: the text as it was stored. Out: the record, or an empty
// one for anything else; for mint, the text.

import { asObject, parseObject } from "../base/read-json.ts";

/** A registration that this slot asked for and that may still exist. */
export interface KeptName {
  readonly name: string;
  /** Scope it was asked for in: `https://github.com/acme`. */
  readonly url: string;
  /** null: announced, and no answer was seen. */
  readonly id: number | null;
  /** Milliseconds since the epoch, like all times here. */
  readonly at: number;
}

export interface MintJournal {
  readonly version: 1;
  /** Oldest first; the last with an id is the one that the slot runs with. Persistent slots keep none. */
  readonly names: readonly KeptName[];
  /** The start that was handed to the runner last; null once it was judged. */
  readonly started: {
    readonly at: number;
    /** `/proc/sys/kernel/random/boot_id`: a machine that lost its power says nothing against the runner. */
    readonly boot: string | null;
  } | null;
  /** GitHub's time minus ours, when it was last seen. */
  readonly clock: { readonly offset: number; readonly at: number } | null;
  /** GitHub said once that this persistent registration does not exist. */
  readonly gone: { readonly agentId: number; readonly at: number } | null;
}

export const MINT_JOURNAL_FILE = "starts.json";
export const EMPTY_JOURNAL: MintJournal = { version: 1, names: [], started: null, clock: null, gone: null };

/** Enough for a day without answers; what is dropped is a ghost that the watchdog knows by its name. */
const MAX_NAMES = 40;

export function writeMintJournal(journal: MintJournal): string {
  return `${JSON.stringify({ ...journal, names: journal.names.slice(-MAX_NAMES) })}\n`;
}

export function readMintJournal(text: string | null): MintJournal {
  const value = text === null ? null : parseObject(text);
  if (value?.version !== 1) return EMPTY_JOURNAL;
  const names = Array.isArray(value.names) ? value.names.flatMap((each) => readName(each) ?? []) : [];
  return {
    version: 1,
    names: names.slice(-MAX_NAMES),
    started: readStarted(value.started),
    clock: readClock(value.clock),
    gone: readGone(value.gone),
  };
}

function readName(value: unknown): KeptName | null {
  const { name, url, id, at } = asObject(value) ?? {};
  if (typeof name !== "string" || name === "" || typeof url !== "string" || !isTime(at)) return null;
  return { name, url, id: isId(id) ? id : null, at };
}

function readStarted(value: unknown): MintJournal["started"] {
  const { at, boot } = asObject(value) ?? {};
  return isTime(at) ? { at, boot: typeof boot === "string" ? boot : null } : null;
}

function readClock(value: unknown): MintJournal["clock"] {
  const { offset, at } = asObject(value) ?? {};
  return typeof offset === "number" && Number.isFinite(offset) && isTime(at) ? { offset, at } : null;
}

function readGone(value: unknown): MintJournal["gone"] {
  const { agentId, at } = asObject(value) ?? {};
  return isId(agentId) && isTime(at) ? { agentId, at } : null;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
