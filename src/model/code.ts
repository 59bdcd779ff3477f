// The shape of one row of the code table. Codes are stable: never reused, never renumbered.

import type { Severity } from "../base/diagnostic.ts";

export interface CodeEntry {
  /** `CF602`. */
  readonly code: string;
  /** A fact, kebab-case: `unknown-key`. */
  readonly name: string;
  readonly severity: Severity;
  /** One line for the reference page. */
  readonly summary: string;
  readonly why: string;
  readonly fix: string;
}
