// What a rule says of a slot or a registration. In: nothing. Out: records, and the words to make them.

import type { Action, Reason, Verdict } from "../model/watchdog.ts";

export type Finding =
  | {
      readonly kind: "say";
      readonly verdict: Exclude<Verdict, "act">;
      readonly reason: Reason;
      readonly evidence: readonly string[];
    }
  /** Nothing is taken away by it: it is done at once. */
  | {
      readonly kind: "do";
      readonly reason: Reason;
      readonly evidence: readonly string[];
      readonly action: Action;
    }
  /** Done once it has lasted and is confirmed; until then it is marked and waits. */
  | {
      readonly kind: "if-it-lasts";
      readonly reason: Reason;
      readonly evidence: readonly string[];
      /** What it must be true of all the time. */
      readonly of: string;
      readonly forMs: number;
      /** Looks that must have seen it before this one. */
      readonly looks: number;
      /** GitHub was asked by number in this pass, where its word is needed. */
      readonly isConfirmed: boolean;
      readonly action: Action;
    };

export type Rule<Case> = (at: Case) => Finding | null;

export function say(
  verdict: Exclude<Verdict, "act">,
  reason: Reason,
  ...evidence: readonly string[]
): Finding {
  return { kind: "say", verdict, reason, evidence };
}
