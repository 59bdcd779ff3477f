// The answer of a stage that can find faults: a value when it could be made, and everything noticed on
// the way. In: nothing. Out: the record.

import type { Diagnostic } from "./diagnostic.ts";

export interface Checked<T> {
  /** null when an error makes the value meaningless; warnings alone never do. */
  readonly value: T | null;
  readonly diagnostics: readonly Diagnostic[];
}
