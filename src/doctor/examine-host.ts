// All checks of doctor, in the order in which one would mend what they find. In: facts. Out: findings.

import type { Check, CheckGroup, Judgement, Verdict } from "./check.ts";
import { CARD_CHECKS } from "./checks-cards.ts";
import { DOCKER_CHECKS } from "./checks-docker.ts";
import { GITHUB_CHECKS } from "./checks-github.ts";
import { GUEST_CHECKS } from "./checks-guests.ts";
import { INSTALLATION_CHECKS } from "./checks-installation.ts";
import { MACHINE_CHECKS } from "./checks-machine.ts";
import { NODE_CHECKS } from "./checks-node.ts";
import { RIGHTS_CHECKS } from "./checks-rights.ts";
import type { DoctorFacts } from "./facts.ts";

export const CHECKS: readonly Check[] = [
  ...MACHINE_CHECKS,
  ...DOCKER_CHECKS,
  ...CARD_CHECKS,
  ...RIGHTS_CHECKS,
  ...GITHUB_CHECKS,
  ...NODE_CHECKS,
  ...GUEST_CHECKS,
  ...INSTALLATION_CHECKS,
];

export interface Finding extends Judgement {
  readonly check: string;
  readonly group: CheckGroup;
  readonly why: string;
}

/** Every judgement, the good ones too: what was found is worth as much as what is wrong. */
export function examineHost(facts: DoctorFacts): readonly Finding[] {
  return CHECKS.flatMap(({ name, group, why, judge }) =>
    judge(facts).map((judgement) => ({ check: name, group, why, ...judgement })),
  );
}

export function countVerdicts(findings: readonly Finding[]): Readonly<Record<Verdict, number>> {
  const counts = { fine: 0, note: 0, unknown: 0, warning: 0, error: 0 };
  for (const { verdict } of findings) counts[verdict] += 1;
  return counts;
}
