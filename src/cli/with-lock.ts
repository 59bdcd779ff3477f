// Holds the lock of a folder while something is written there. In: a folder and the work. Out: its result, null
// where another ci-fleet had the lock all the time.

import type { Terminal } from "../adapters/terminal.ts";

const WAIT_MS = 5000;

export async function withLock<T>(
  folder: string,
  terminal: Terminal,
  work: () => Promise<T>,
): Promise<T | null> {
  // It takes a socket, and so Node's whole network.
  const { takeLock } = await import("../adapters/lock.ts");
  const lock = await takeLock(folder, {
    forMs: WAIT_MS,
    onWait: () => terminal.err(`another ci-fleet is at work in ${folder}; waiting …\n`),
  });
  if (lock === null) {
    terminal.err(`error: another ci-fleet is still at work in ${folder}; try again later\n`);
    return null;
  }
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
