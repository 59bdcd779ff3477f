// What `mint` keeps in a slot's state folder: the journal of its starts, its failures, the word for `status`. In: the
// folder. Out: texts; writes are whole, and of the journal on the disk before anything follows.

import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { errnoOf, WorldError } from "../base/world-error.ts";
import {
  MINT_JOURNAL_FILE,
  type MintJournal,
  readMintJournal,
  writeMintJournal,
} from "../model/mint-journal.ts";
import { SETBACKS_FILE, type SlotSetbacks } from "../model/slot-setbacks.ts";
import { MAX_SLOT_FILE_BYTES, MINT_STATE_FILE, type MintState, writeMintState } from "../model/slot-state.ts";
import { openForReadingFlags, openNewFlags } from "./open-flags.ts";

export interface MintFiles {
  readJournal(): MintJournal;
  writeJournal(journal: MintJournal): void;
  readSetbacks(): string | null;
  writeSetbacks(setbacks: SlotSetbacks | null): void;
  writeState(state: MintState): void;
}

export function openMintFiles(folder: string): MintFiles {
  return {
    readJournal: () => readMintJournal(readSmall(join(folder, MINT_JOURNAL_FILE))),
    writeJournal: (journal) => replace(folder, MINT_JOURNAL_FILE, writeMintJournal(journal), true),
    readSetbacks: () => readSmall(join(folder, SETBACKS_FILE)),
    writeSetbacks: (setbacks) => {
      if (setbacks === null) fs.rmSync(join(folder, SETBACKS_FILE), { force: true });
      else replace(folder, SETBACKS_FILE, `${JSON.stringify(setbacks)}\n`, false);
    },
    writeState: (state) => replace(folder, MINT_STATE_FILE, writeMintState(state), false),
  };
}

/** null: there is none that could be ours. */
function readSmall(path: string): string | null {
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, openForReadingFlags);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT" || errnoOf(cause) === "ELOOP") return null;
    throw new WorldError(`read ${path}`, cause);
  }
  try {
    const stat = fs.fstatSync(descriptor);
    return stat.isFile() && stat.size <= MAX_SLOT_FILE_BYTES ? fs.readFileSync(descriptor, "utf8") : null;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Readable by all: there is no secret in them, and `status` works without root. */
function replace(folder: string, name: string, text: string, isDurable: boolean): void {
  const part = join(folder, `.${name}.${randomBytes(6).toString("hex")}`);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
    const descriptor = fs.openSync(part, openNewFlags, 0o644);
    try {
      fs.writeFileSync(descriptor, text);
      fs.fchmodSync(descriptor, 0o644);
      if (isDurable) fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(part, join(folder, name));
    if (isDurable) syncFolder(folder);
  } catch (cause) {
    if (errnoOf(cause) === null) throw cause;
    fs.rmSync(part, { force: true });
    throw new WorldError(`write ${join(folder, name)}`, cause);
  }
}

function syncFolder(folder: string): void {
  const descriptor = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
