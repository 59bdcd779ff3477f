// Writes all of a text to a descriptor before it returns. In: a descriptor that is open, a text. Out: null, or why
// not. Whoever gave us a pipe may have made it non-blocking for itself, and so for us: then we wait a little.

import { writeSync } from "node:fs";
import { errnoOf } from "../base/world-error.ts";

const PAUSE_MS = 5;

export function writeWhole(descriptor: number, text: string): NodeJS.ErrnoException | null {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (cause) {
      if (errnoOf(cause) !== "EAGAIN") return cause as NodeJS.ErrnoException;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
  return null;
}
