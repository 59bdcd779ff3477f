// What a check is: a row of the table from which the command, its JSON and the reference page are made.
// In: nothing. Out: types, and short ways to say a judgement.

import type { DoctorFacts } from "./facts.ts";

/**
 * `error`: a slot does not work, or will not after its next start. `warning`: something that will, sooner or later.
 * `unknown`: it could not be looked at. `note`: no fault.
 */
export type Verdict = "fine" | "note" | "unknown" | "warning" | "error";

export type CheckGroup =
  | "Machine"
  | "Docker"
  | "Cards"
  | "Rights"
  | "GitHub"
  | "Node"
  | "Guests"
  | "Installation"
  | "Slots";

export interface Judgement {
  readonly verdict: Verdict;
  readonly found: string;
  /** A command for a shell, or a sentence where only a person can decide; null: nothing to do. */
  readonly fix: string | null;
}

export interface Check {
  /** Kebab-case, what holds when all is well: `clock-is-right`. */
  readonly name: string;
  readonly group: CheckGroup;
  /** What it looks at, for the reference page. */
  readonly looksAt: string;
  /** What goes wrong otherwise, one or two sentences. */
  readonly why: string;
  /** Nothing where the check does not apply to this host. */
  readonly judge: (facts: DoctorFacts) => readonly Judgement[];
}

export const fine = (found: string): Judgement => ({ verdict: "fine", found, fix: null });
export const note = (found: string, fix: string | null = null): Judgement => ({
  verdict: "note",
  found,
  fix,
});
export const unknown = (found: string, fix: string | null = null): Judgement => ({
  verdict: "unknown",
  found,
  fix,
});
export const warn = (found: string, fix: string | null): Judgement => ({ verdict: "warning", found, fix });
export const fail = (found: string, fix: string | null): Judgement => ({ verdict: "error", found, fix });
