// Reads a document that a person wrote: the spec, an inventory. In: a path. Out: its text; a folder, a FIFO or a
// file too large to be one is refused instead of read.

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { sep } from "node:path";
import { errnoOf, WorldError } from "../base/world-error.ts";

/** A little above the readers' own limit, so that they can say that it is too much. */
const MAX_BYTES = 1024 * 1024 + 1;

/** null: there is no such file. Throws WorldError for any other trouble. `shown` is how messages name it. */
export function readDocument(path: string, shown: string): string | null {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (!fstatSync(descriptor).isFile()) throw new WorldError(`read ${shown}`, "it is not a file");
      return readUpTo(descriptor).toString("utf8");
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    if (cause instanceof WorldError) throw cause;
    const code = errnoOf(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new WorldError(`read ${shown}`, cause);
  }
}

/**
 * The same for a file that came with a repository: a link that leads out of `folder` is not followed. Messages
 * show lines of what they read, and who wrote the repository may not be who may read /etc/shadow.
 */
export function readDocumentBelow(folder: string, path: string, shown: string): string | null {
  const real = realPath(path);
  if (real === null) return null;
  const top = realPath(folder) ?? folder;
  if (real.startsWith(top === "/" ? top : top + sep)) return readDocument(path, shown);
  throw new WorldError(
    `read ${shown}`,
    `a symbolic link leads out of ${folder}`,
    "put the file itself there, or name the other fleet with -f",
  );
}

/** null: there is nothing. What cannot be looked at keeps its name, for the reader to say why. */
function realPath(path: string): string | null {
  try {
    return realpathSync.native(path);
  } catch (cause) {
    const code = errnoOf(cause);
    return code === "ENOENT" || code === "ENOTDIR" ? null : path;
  }
}

function readUpTo(descriptor: number): Buffer {
  const size = Math.min(fstatSync(descriptor).size + 1, MAX_BYTES);
  const buffer = Buffer.allocUnsafe(size);
  let length = 0;
  for (;;) {
    const got = readSync(descriptor, buffer, length, size - length, null);
    length += got;
    if (got === 0 || length === size) return buffer.subarray(0, length);
  }
}
