// Findings that a person may have weighed and taken: at the guest, in the spec, or for one run by a flag. In: the
// codes of the flag; each finding as it is met. Out: whether it is taken; what was taken, for what is rendered.

import type { AcceptableRisk, VmSpec } from "../model/fleet.ts";
import type { AcceptedRisk } from "../model/hypervisor-plan.ts";

export interface Acceptances {
  /** True where every guest that gets the card takes the risk; `words` is then on record. */
  take(code: AcceptableRisk, guests: readonly VmSpec[], words: string): boolean;
  readonly taken: readonly AcceptedRisk[];
}

export function startAcceptances(flag: readonly AcceptableRisk[]): Acceptances {
  const taken: AcceptedRisk[] = [];
  return {
    taken,
    take(code, guests, words) {
      const byFlag = flag.includes(code);
      const bySpec = guests.length > 0 && guests.every((vm) => vm.acceptRisk.includes(code));
      if (!byFlag && !bySpec) return false;
      const by = bySpec ? "spec" : "flag";
      taken.push(...guests.map((vm): AcceptedRisk => ({ code, guest: vm.name, words, by })));
      return true;
    },
  };
}
