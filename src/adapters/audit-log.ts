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
    const flags =
      fs.constants.O_RDWR | fs.constants.O_APPEND | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW;
    const descriptor = fs.openSync(path, flags, 0o600);
    try {
      appendWhole(descriptor, `${lines.join("\n")}\n`);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (cause) {
    if (errnoOf(cause) === null) throw cause;
    throw new WorldError(`append to ${path}`, cause);
  }
}

/** All of it or nothing: a disk that is nearly full takes a part of what it is given, and says so later. */
function appendWhole(descriptor: number, text: string): void {
  const { size } = fs.fstatSync(descriptor);
  try {
    fs.writeFileSync(descriptor, endsInLine(descriptor, size) ? text : `\n${text}`);
  } catch (cause) {
    fs.ftruncateSync(descriptor, size);
    throw cause;
  }
}

/** A power cut may have left half a line. */
function endsInLine(descriptor: number, size: number): boolean {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  fs.readSync(descriptor, last, 0, 1, size - 1);
  return last.toString("latin1") === "\n";
}

function turnOver(path: string): void {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.size < MAX_BYTES) return;
  for (let each = OLD_FILES - 1; each >= 1; each--) {
    if (fs.existsSync(`${path}.${each}`)) fs.renameSync(`${path}.${each}`, `${path}.${each + 1}`);
  }
  fs.renameSync(path, `${path}.1`);
}
