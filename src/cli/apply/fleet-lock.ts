// The lock that keeps the watchdog still while what is in force changes; not before, for images may take an hour.
// In: the fleet's folder of configuration. Out: the lock, taken when it is asked for.

import { type Lock, takeLock } from "../../adapters/lock.ts";
import type { Terminal } from "../../adapters/terminal.ts";
import { WorldError } from "../../base/world-error.ts";

/** A pass of the watchdog has ten minutes (TimeoutStartSec= of its unit); it seldom takes one. */
const WAIT_MS = 11 * 60_000;

export interface FleetLock {
  readonly enter: () => Promise<void>;
  readonly release: () => Promise<void>;
}

export function takeFleetLock(folder: string, terminal: Terminal): FleetLock {
  let lock: Lock | null = null;
  return {
    enter: async () => {
      lock = await takeLock(folder, {
        forMs: WAIT_MS,
        onWait: () => terminal.err("the watchdog is at work; waiting for its pass to end …\n"),
      });
      if (lock !== null) return;
      const help = "nothing in force was changed; run the command again";
      throw new WorldError(`change what is in force in ${folder}`, "the watchdog's pass does not end", help);
    },
    release: async () => lock?.release(),
  };
}
