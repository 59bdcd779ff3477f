// The documents that apply keeps on a host: what is in force, what an unfinished run may have left, what fleets
// share, what waits. In: text or records. Out: the other. They are read with care, for what they name is removed.

import { isObject, parseObject } from "../base/read-json.ts";
import { writeJson } from "../base/write-json.ts";
import type {
  ApplyJournal,
  GenerationRecord,
  PendingRecord,
  PendingSlot,
  SharedRecord,
  SlotRecord,
} from "../model/apply.ts";

const VERSION = 1;

export type Reading<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "damaged" }
  /** Written by a later ci-fleet. */
  | { readonly kind: "newer"; readonly version: number };

export const NOTHING_SHARED: SharedRecord = {
  version: VERSION,
  account: false,
  subordinates: false,
  programs: [],
  home: false,
  runners: [],
};

/** What a journal that cannot be read still says: a run was cut off, before it had changed anything. */
export const EMPTY_JOURNAL: ApplyJournal = {
  version: VERSION,
  files: {},
  slots: {},
  upkeep: [],
  network: null,
  images: [],
};

export function printRecord(record: GenerationRecord | ApplyJournal | SharedRecord | PendingRecord): string {
  // Records are plain data; interfaces have no index signature, which is all that the types differ in.
  return writeJson(record as unknown as Parameters<typeof writeJson>[0]);
}

export function readGeneration(text: string): Reading<GenerationRecord> {
  return read(text, (document) => {
    const slots = readSlots(document.slots);
    const files = readTexts(document.files, isHash);
    const ghosts = readTexts(document.ghosts, isName);
    const { fleet, host, flavour, supervision, ciFleetVersion, generation, target, network } = document;
    if (slots === null || files === null || ghosts === null) return null;
    if (!Object.keys(files).every(isPath)) return null;
    if (!isName(fleet) || !isName(host) || !isText(ciFleetVersion) || !isText(generation)) return null;
    if (flavour !== "system" && flavour !== "user") return null;
    if (supervision !== "systemd" && supervision !== "compose") return null;
    if (!isUnitOrNull(target) || !isNameOrNull(network)) return null;
    const upkeep = readTexts(document.upkeep, isText);
    if (upkeep === null || !Object.keys(upkeep).every(isUnit) || !isListOf(document.images, isText))
      return null;
    return {
      version: VERSION,
      ...{ fleet, host, flavour, supervision, ciFleetVersion, generation, target, network },
      ...{ files, slots, ghosts, upkeep, images: document.images },
    };
  });
}

export function readJournal(text: string): ApplyJournal {
  const reading = read(text, (document): ApplyJournal | null => {
    const { files, slots, upkeep, images, network } = document;
    if (
      !isObject(slots) ||
      !Object.values(slots).every(isSlotList) ||
      !isObject(files) ||
      !isNameOrNull(network)
    )
      return null;
    if (!isListOf(upkeep, isUnit) || !isListOf(images, isText)) return null;
    const owned: Record<string, readonly string[]> = {};
    for (const [path, hashes] of Object.entries(files)) {
      if (!isPath(path) || !isListOf(hashes, isHash)) return null;
      owned[path] = hashes;
    }
    const begun = slots as ApplyJournal["slots"];
    return { version: VERSION, files: owned, slots: begun, upkeep, network, images };
  });
  return reading.kind === "read" ? reading.value : EMPTY_JOURNAL;
}

export function readShared(text: string): Reading<SharedRecord> {
  return read(text, ({ account, subordinates, programs, home, runners }) => {
    if (typeof account !== "boolean" || typeof subordinates !== "boolean" || typeof home !== "boolean") {
      return null;
    }
    if (!isListOf(programs, isHash) || !isListOf(runners, isName)) return null;
    return { version: VERSION, account, subordinates, programs, home, runners };
  });
}

/** For status and watchdog; a text that is no such record says nothing. */
export function readPending(text: string): PendingRecord {
  const reading = read(text, ({ slots }): PendingRecord | null =>
    isListOf(slots, isPendingSlot) ? { version: VERSION, slots } : null,
  );
  return reading.kind === "read" ? reading.value : { version: VERSION, slots: [] };
}

function read<T>(text: string, shape: (document: Readonly<Record<string, unknown>>) => T | null): Reading<T> {
  const document = parseObject(text);
  if (typeof document?.version !== "number") return { kind: "damaged" };
  if (document.version > VERSION) return { kind: "newer", version: document.version };
  const value = shape(document);
  return value === null ? { kind: "damaged" } : { kind: "read", value };
}

function readSlots(value: unknown): Readonly<Record<string, SlotRecord>> | null {
  if (!isObject(value)) return null;
  const entries = Object.entries(value);
  if (!entries.every(([name, slot]) => isName(name) && isSlot(slot))) return null;
  return Object.fromEntries(entries) as Record<string, SlotRecord>;
}

function isSlot(value: unknown): value is SlotRecord {
  if (!isObject(value)) return false;
  const {
    pool,
    target,
    run,
    lifetime,
    unit,
    generation,
    image,
    runnerVersion,
    docker,
    losesCards,
    staleRun,
  } = value;
  return (
    isName(pool) &&
    isName(target) &&
    (run === "container" || run === "process") &&
    (lifetime === "ephemeral" || lifetime === "persistent") &&
    isUnitOrNull(unit) &&
    isText(generation) &&
    (image === null || isText(image)) &&
    isNameOrNull(runnerVersion) &&
    (docker === "none" || docker === "socket" || docker === "rootless" || docker === "dind") &&
    typeof losesCards === "boolean" &&
    (staleRun === null || isText(staleRun))
  );
}

const isSlotList = (value: unknown): value is readonly SlotRecord[] => isListOf(value, isSlot);

function isPendingSlot(value: unknown): value is PendingSlot {
  if (!isObject(value)) return false;
  const { slot, unit, action, why } = value;
  const actions = ["restart", "remove", "reload", "deregister"];
  return isName(slot) && isUnitOrNull(unit) && actions.includes(String(action)) && isText(why);
}

function readTexts(value: unknown, is: (item: unknown) => item is string) {
  if (!isObject(value) || !Object.values(value).every(is)) return null;
  return value as Readonly<Record<string, string>>;
}

const isText = (value: unknown): value is string => typeof value === "string";
const isMatch = (value: unknown, pattern: RegExp): value is string => isText(value) && pattern.test(value);
/** Words of a spec, versions, networks: no slash, so that below a folder they stay there. */
const isName = (value: unknown): value is string => isMatch(value, /^[A-Za-z0-9][A-Za-z0-9._-]*$/);
const isUnit = (value: unknown): value is string => isMatch(value, /^[A-Za-z0-9:_.@\\-]+$/);
const isHash = (value: unknown): value is string => isMatch(value, /^[0-9a-f]{64}$/);
const isNameOrNull = (value: unknown): value is string | null => value === null || isName(value);
const isUnitOrNull = (value: unknown): value is string | null => value === null || isUnit(value);

function isPath(value: unknown): value is string {
  return isText(value) && value.startsWith("/") && !value.split("/").includes("..") && !value.includes("\0");
}

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(is);
}
