// What is to be done about one slot: an ordered list of rules named by facts, the first that speaks wins. In: a
// slot's case and what scaling found. Out: exactly one finding.

import type { Finding, Rule } from "./finding.ts";
import { say } from "./finding.ts";
import { RETIREMENT_RULES } from "./rules-retirement.ts";
import { RUNNING_RULES } from "./rules-running.ts";
import { STANDING_RULES } from "./rules-standing.ts";
import { START_RULES } from "./rules-start.ts";
import type { Scaling } from "./scale.ts";
import type { SlotCase } from "./slot-case.ts";

export interface RuledSlot extends SlotCase {
  readonly scaling: Scaling;
  /** `none`: nothing here follows the queue. */
  readonly demand: "none" | "unknown" | "incomplete" | "known";
}

const localUnknown: Rule<RuledSlot> = ({ life, lifeEvidence, seen }) => {
  if (life === "unknown") return say("unknown", "LocalUnknown", lifeEvidence);
  return seen.drained.known ? null : say("unknown", "LocalUnknown", `drained? ${seen.drained.why}`);
};

const RULES: readonly Rule<RuledSlot>[] = [
  localUnknown,
  ...RETIREMENT_RULES,
  ...STANDING_RULES,
  ...RUNNING_RULES,
  ...START_RULES,
];

export function judgeSlot(at: RuledSlot): Finding {
  for (const rule of RULES) {
    const finding = rule(at);
    if (finding !== null) return finding;
  }
  throw new Error(`no rule speaks about ${at.slot.name}, which is ${at.life}`);
}
