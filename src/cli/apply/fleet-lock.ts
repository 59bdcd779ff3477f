// The lock that keeps the watchdog still while what is in force changes; not before, for images may take an hour.
// In: where the fleet is. Out: the lock, taken when it is asked for.

import { takeFileLock } from "../../adapters/file-lock.ts";
import type { Lock } from "../../adapters/lock.ts";
import type { Terminal } from "../../adapters/terminal.ts";
import { WorldError } from "../../base/world-error.ts";
import type { InstallPlaces } from "../../model/apply.ts";

/** In the folder of state, which only we may write in. */
export const nameFleetLock = (state: string): string => `${state}/.fleet.lock`;

/** A pass of the watchdog has ten minutes (TimeoutStartSec= of its unit); it seldom takes one. */
const WAIT_MS = 11 * 60_000;

export interface FleetLock {
  readonly enter: () => Promise<void>;
  readonly release: () => Promise<void>;
}

export function takeFleetLock({ config, state }: InstallPlaces, terminal: Terminal): FleetLock {
  let lock: Lock | null = null;
  return {
    enter: async () => {
      lock = await takeFileLock(nameFleetLock(state), {
        forMs: WAIT_MS,
        onWait: () => terminal.err("the watchdog is at work; waiting for its pass to end …\n"),
      });
      if (lock !== null) return;
      const help = "nothing in force was changed; run the command again";
      throw new WorldError(`change what is in force in ${config}`, "the watchdog's pass does not end", help);
    },
    release: async () => lock?.release(),
  };
}
