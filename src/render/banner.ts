// The words at the head of every rendered file whose format has comments. In: the plan. Out: lines
// without the comment sign.

import type { Plan } from "../model/plan.ts";

/**
 * Without a date or a machine's name, so that the same input gives the same bytes.
 * `specFile` is a plain file name: the spec room refuses line breaks in it.
 */
export function bannerLines(plan: Pick<Plan, "ciFleetVersion" | "specFile">): readonly string[] {
  return [
    `Made by ci-fleet ${plan.ciFleetVersion} from ${plan.specFile}. Do not edit:`,
    "change the spec and run `ci-fleet render`; an edited file is never overwritten without --force.",
  ];
}

/** The banner as `#` comments, with a final line break. */
export function hashBanner(plan: Pick<Plan, "ciFleetVersion" | "specFile">): string {
  return bannerLines(plan)
    .map((line) => `# ${line}\n`)
    .join("");
}
