// All codes of all rooms: what the reference page, SARIF and `explain` read. In: nothing. Out: the rows,
// by code.

import type { CodeEntry } from "./code.ts";
import { FILE_CODES } from "./codes-files.ts";
import { GUEST_CODES } from "./codes-guests.ts";
import { HARDWARE_CODES } from "./codes-hardware.ts";
import { PLAN_CODES } from "./codes-plan.ts";
import { SPEC_CODES } from "./codes-spec.ts";

export function listCodes(): readonly CodeEntry[] {
  const all = [...SPEC_CODES, ...HARDWARE_CODES, ...PLAN_CODES, ...GUEST_CODES, ...FILE_CODES];
  return all.toSorted((a, b) => (a.code < b.code ? -1 : 1));
}
