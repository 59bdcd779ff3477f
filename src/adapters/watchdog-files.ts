// The small files by which the watchdog holds slots back, assigns repositories and remembers. In: where the fleet is
// installed. Out: reads that never throw; writes that are whole and on the disk, or a WorldError.

import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import type { Secret } from "../base/secret.ts";
import { errnoOf, WorldError } from "../base/world-error.ts";
import type { InstallPlaces } from "../model/apply.ts";
import { NODE_MEMORY_FILE } from "../model/guest-memory.ts";
import { type Holder, type Seen, seen, unseen } from "../model/host-observation.ts";
import { type KeptName, MINT_JOURNAL_FILE, readMintJournal } from "../model/mint-journal.ts";
import { MADE_FOLDER } from "../model/one-job.ts";
import type { HostFiles, HostTools } from "../model/ports.ts";
import { MAX_SLOT_FILE_BYTES } from "../model/slot-state.ts";
import { MEMORY_FILE } from "../model/watchdog-memory.ts";
import { TALLY_FILE } from "../model/watchdog-tally.ts";
import { helpFor } from "./control-slots.ts";
import { openNewFlags } from "./open-flags.ts";
import { replaceFile } from "./replace-file.ts";
import { putSecret, throwAway } from "./slot-folders.ts";

/** Ten thousand slots' marks, and more. */
const MAX_MEMORY_BYTES = 16 * 1024 * 1024;
const PENDING_FILE = "pending.json";
const HELD_TEXT = "by watchdog: it is being taken down\n";

/** Throws where nothing can be remembered: a pass would look and look, and be able to do nothing. */
export function requireMemory({ state }: InstallPlaces): void {
  try {
    const isThere = fs.statSync(state, { throwIfNoEntry: false }) !== undefined;
    if (!isThere) fs.mkdirSync(state, { recursive: true });
    fs.accessSync(state, fs.constants.W_OK | fs.constants.X_OK);
  } catch (cause) {
    throw new WorldError(`keep the watchdog's memory in ${state}`, cause, helpFor(cause));
  }
}

function readKept(files: HostFiles, path: string): string | null {
  const bytes = files.readBytes(path, MAX_MEMORY_BYTES);
  return bytes.ok ? new TextDecoder("utf-8").decode(bytes.value) : null;
}

export function readMemoryText(files: HostFiles, { state }: InstallPlaces): string | null {
  return readKept(files, `${state}/${MEMORY_FILE}`);
}

export function saveMemoryText({ state }: InstallPlaces, text: string): void {
  replaceDurably(state, MEMORY_FILE, text, 0o600);
}

export function readNodeMemoryText(files: HostFiles, { state }: InstallPlaces): string | null {
  return readKept(files, `${state}/${NODE_MEMORY_FILE}`);
}

export function saveNodeMemoryText({ state }: InstallPlaces, text: string): void {
  replaceDurably(state, NODE_MEMORY_FILE, text, 0o600);
}

/** What qm.sh wrote down when it made a guest; null: nothing. */
export function readMadeGuest(files: HostFiles, { state }: InstallPlaces, vmId: number): Seen<string | null> {
  const text = files.readText(`${state}/${MADE_FOLDER}/${vmId}`);
  if (text.ok) return seen(text.value);
  return text.code === "ENOENT" ? seen(null) : unseen(text.code);
}

export function readTallyText(files: HostFiles, { state }: InstallPlaces): string | null {
  return readKept(files, `${state}/${TALLY_FILE}`);
}

export function saveTallyText({ state }: InstallPlaces, text: string): void {
  replaceFile(state, TALLY_FILE, text, 0o600);
}

/** By the first words of the mark. null: nobody holds it back. */
export function readHolder(files: HostFiles, { state }: InstallPlaces, slot: string): Seen<Holder | null> {
  const mark = files.readBytes(`${state}/drained/${slot}`, 256);
  if (!mark.ok) {
    return mark.code === "ENOENT" || mark.code === "ENOTDIR" ? seen(null) : unseen(mark.code);
  }
  const text = new TextDecoder("utf-8").decode(mark.value);
  if (text.startsWith("by watchdog:")) return seen("watchdog");
  return seen(text.startsWith("by apply:") ? "apply" : "hand");
}

/** Leaves another's mark as it is. */
export function holdSlot({ state }: InstallPlaces, slot: string): void {
  const folder = `${state}/drained`;
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw failure(`make the folder ${folder}`, cause);
  }
  try {
    const descriptor = fs.openSync(join(folder, slot), openNewFlags, 0o644);
    try {
      fs.writeFileSync(descriptor, HELD_TEXT);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (cause) {
    if (errnoOf(cause) === "EEXIST") return;
    throw failure(`hold ${slot} back`, cause);
  }
}

/** Takes away only our own mark. */
export function letSlotGo(files: HostFiles, places: InstallPlaces, slot: string): void {
  const holder = readHolder(files, places, slot);
  if (!holder.known || holder.value !== "watchdog") return;
  try {
    fs.rmSync(`${places.state}/drained/${slot}`, { force: true });
  } catch (cause) {
    throw failure(`let ${slot} go`, cause);
  }
}

export function assignRepository({ state }: InstallPlaces, slot: string, repository: string): void {
  replaceDurably(`${state}/assigned`, slot, `${repository}\n`, 0o644);
}

/** Owned as its folder is, which the runner took over at its start. The jobs' user may write there. */
export function handToken({ run }: InstallPlaces, slot: string, token: Secret): void {
  const folder = `${run}/${slot}/runner`;
  let owner: fs.Stats;
  try {
    owner = fs.lstatSync(folder);
  } catch (cause) {
    throw failure(`look at ${folder}`, cause);
  }
  if (!owner.isDirectory()) throw new WorldError(`hand over a token in ${folder}`, "it is no folder");
  const { uid, gid } = owner;
  const isReachable = process.getuid?.() === 0 || process.getuid?.() === uid;
  putSecret(folder, "token", `${token.reveal()}\n`, { uid, gid, isReachable });
}

/** All generations of the five identity files: a part of them can neither start nor be configured. */
export async function forgetIdentity(
  { state }: InstallPlaces,
  slot: string,
  tools: HostTools,
): Promise<void> {
  const folder = `${state}/${slot}/state`;
  let names: readonly string[];
  try {
    names = fs.readdirSync(folder);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return;
    throw failure(`read ${folder}`, cause);
  }
  const known = names.filter((name) => /^(?:current|previous|suspect|generation-[A-Za-z0-9]+)$/.test(name));
  await throwAway(
    known.map((name) => join(folder, name)),
    tools,
  );
}

/** What `apply` wrote down of slots that it left alone, and when. Null: there is nothing, or it cannot be read. */
export function readPendingText({
  state,
}: InstallPlaces): { readonly text: string; readonly at: number } | null {
  const path = `${state}/${PENDING_FILE}`;
  try {
    return { text: fs.readFileSync(path, "utf8"), at: fs.statSync(path).mtimeMs };
  } catch (cause) {
    if (errnoOf(cause) === null) throw cause;
    return null;
  }
}

/** What mint wrote down of the registrations that it asked for. */
export function readNames(
  files: HostFiles,
  { state }: InstallPlaces,
  slot: string,
): Seen<readonly KeptName[]> {
  const bytes = files.readBytes(`${state}/${slot}/${MINT_JOURNAL_FILE}`, MAX_SLOT_FILE_BYTES);
  if (bytes.ok) return seen(readMintJournal(new TextDecoder("utf-8").decode(bytes.value)).names);
  return bytes.code === "ENOENT" || bytes.code === "ENOTDIR" ? seen([]) : unseen(bytes.code);
}

export function replaceDurably(folder: string, name: string, text: string, mode: number): void {
  const part = join(folder, `.${name}.${randomBytes(6).toString("hex")}`);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
    const descriptor = fs.openSync(part, openNewFlags, mode);
    try {
      fs.writeFileSync(descriptor, text);
      fs.fchmodSync(descriptor, mode);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(part, join(folder, name));
    const opened = fs.openSync(folder, "r");
    try {
      fs.fsyncSync(opened);
    } finally {
      fs.closeSync(opened);
    }
  } catch (cause) {
    if (errnoOf(cause) === null) throw cause;
    fs.rmSync(part, { force: true });
    throw failure(`write ${join(folder, name)}`, cause);
  }
}

function failure(operation: string, cause: unknown): WorldError {
  if (errnoOf(cause) === null) throw cause;
  return new WorldError(operation, cause);
}
