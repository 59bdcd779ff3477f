// What one look at a Proxmox node, or at a machine that gives cards away, found: cards, kernel, storage, template,
// guests, the token's rights, and what the rendered scripts would still do. In: nothing. Out: records.

import type { Rehearsal } from "./apply-state.ts";
import type { Seen } from "./host-observation.ts";

export interface NodeObservation {
  /** Address of each function that is given away → the driver that holds it, null: none. */
  readonly drivers: ReadonlyMap<string, Seen<string | null>>;
  /** Words of the kernel's command line. */
  readonly kernelLine: Seen<readonly string[]>;
  /** What changed for cards takes effect with the next boot. */
  readonly waitsForReboot: boolean;
  /** Whether the storage takes snippets. */
  readonly takesSnippets: Seen<boolean>;
  /** null: there is no template, or none is wanted. */
  readonly template: Seen<ObservedTemplate | null>;
  readonly guests: Seen<readonly ObservedGuest[]>;
  /** What the token may do in effect, by path; null: there is no token. */
  readonly rights: Seen<ReadonlyMap<string, readonly string[]> | null>;
  /** By the path of the installed script. */
  readonly rehearsals: ReadonlyMap<string, Rehearsal>;
}

export interface ObservedTemplate {
  readonly isTemplate: boolean;
  /** Milliseconds since the epoch; null: Proxmox does not say. */
  readonly madeAt: number | null;
}

/** A guest that carries a mark of the fleet, in the plan or not. */
export interface ObservedGuest {
  readonly vmId: number;
  readonly name: string;
  readonly running: boolean;
  readonly lock: string | null;
  /** The first line of its description. */
  readonly mark: string;
  /** Resource mappings or addresses of the cards that it has. */
  readonly cards: readonly string[];
  /** Addresses that Proxmox holds for it while it runs: of a mapping it chooses one card. */
  readonly holds: readonly string[];
}
