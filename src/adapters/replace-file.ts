// Puts a whole file in place of what was there, or of nothing. In: folder, name, text, mode. Out: the file,
// complete or untouched: it is written under another name and renamed. No fsync: a power cut may leave an
// empty file, which readers here count as absent.

import { randomBytes } from "node:crypto";
import { closeSync, fchmodSync, openSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, WorldError } from "../base/world-error.ts";
import { openNewFlags } from "./open-flags.ts";

/** One name per run: writers that cannot see each other's lock must not share a temporary file. */
export function nameTemporary(): string {
  return `.ci-fleet-${randomBytes(6).toString("hex")}.tmp`;
}

/** `beforeRename` is for tests. Throws WorldError; the temporary file is then gone, the old one untouched. */
export function replaceFile(
  folder: string,
  name: string,
  content: string | Iterable<string>,
  mode: number,
  temporaryName: string = nameTemporary(),
  beforeRename?: () => void,
): void {
  const temporary = join(folder, temporaryName);
  const target = join(folder, name);
  let made = false;
  try {
    const descriptor = openSync(temporary, openNewFlags, 0o600);
    made = true;
    try {
      // At a file descriptor it goes on where the last piece ended.
      for (const piece of typeof content === "string" ? [content] : content) writeFileSync(descriptor, piece);
      // The umask has no say in what is rendered.
      fchmodSync(descriptor, mode);
    } finally {
      closeSync(descriptor);
    }
    beforeRename?.();
    renameSync(temporary, target);
  } catch (cause) {
    if (made) removeQuietly(temporary);
    throw new WorldError(`write ${target}`, cause, `nothing is lost: ${adviseOn(errnoOf(cause))}`);
  }
}

function adviseOn(errno: string | null): string {
  if (errno === "ENOSPC" || errno === "EDQUOT") return "make room for it and run the command again";
  if (errno === "EROFS") return "mount it for writing, or work in a copy elsewhere";
  return "run the command again as a user who may write there";
}

/** The first error is the one to tell; a temporary file left behind is swept by the next run. */
function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    return;
  }
}
