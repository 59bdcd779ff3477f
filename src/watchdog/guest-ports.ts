// A node as the watchdog of its guests uses it. cli makes it real; the tests' node is another. In: nothing. Out:
// interfaces.

import type { NodeMemory } from "../model/guest-life.ts";
import type { Seen } from "../model/host-observation.ts";
import type { PlannedGuest } from "../model/hypervisor-plan.ts";
import type { Hypervisor, HypervisorAnswer } from "../model/hypervisor-port.ts";
import type { PassTime } from "../model/watchdog.ts";

export interface ObserveGuestsPorts {
  time(): PassTime;
  /** Why the node's API could not even be opened, or the node. */
  readonly node: Hypervisor | { readonly refused: string };
  /** What qm.sh wrote down when it made a guest of this id; null: nothing. */
  readMade(vmId: number): Seen<string | null>;
}

/** What bringing a guest to its settings came to. */
export type Brought =
  | { readonly kind: "done"; readonly steps: readonly string[] }
  | { readonly kind: "running"; readonly upid: string; readonly step: string }
  | { readonly kind: "failed"; readonly failure: Exclude<HypervisorAnswer<never>, { readonly kind: "ok" }> }
  /** `why`: a sentence. */
  | { readonly kind: "not-possible"; readonly why: string };

export interface ActGuestsPorts {
  time(): PassTime;
  readonly node: Hypervisor;
  /** Cloned if it is not there, then with the settings in force; not started. `begun`: before each task is waited for. */
  bring(guest: PlannedGuest, begun: (step: string, upid: string) => Promise<void>): Promise<Brought>;
  /** Whole and on the disk when it returns. */
  save(memory: NodeMemory): Promise<void>;
  /** Why no further action is begun; null: nothing speaks against it. */
  stopping(): string | null;
  /** A place between two steps, for tests that end the process there. */
  pass(step: string): void;
}
