// The audit log: one JSON object a line, appended whole, turned over when it is long. In: lines. Out: the file, with
// older ones beside it as `.1` to `.4`; a WorldError where the disk refuses.

import * as fs from "node:fs";
import { errnoOf, WorldError } from "../base/world-error.ts";

const MAX_BYTES = 16 * 1024 * 1024;
const OLD_FILES = 4;

export function appendAudit(path: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  try {
    turnOver(path);
    // One write for all: a reader and a crash see whole lines, or none.
    const flags =
      fs.constants.O_WRONLY | fs.constants.O_APPEND | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW;
    const descriptor = fs.openSync(path, flags, 0o600);
    try {
      fs.writeSync(descriptor, `${lines.join("\n")}\n`);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (cause) {
    if (errnoOf(cause) === null) throw cause;
    throw new WorldError(`append to ${path}`, cause);
  }
}

function turnOver(path: string): void {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.size < MAX_BYTES) return;
  for (let each = OLD_FILES - 1; each >= 1; each--) {
    if (fs.existsSync(`${path}.${each}`)) fs.renameSync(`${path}.${each}`, `${path}.${each + 1}`);
  }
  fs.renameSync(path, `${path}.1`);
}
