// A pass as others read it: lines of the audit log, a document for programs, a page for people. In: the pass. Out:
// data and text. Evidence quotes strangers: whoever prints it to a terminal cleans it.

import type { GuestsPass } from "../model/guest-life.ts";
import type { Decided, Decision, Observation, Outcome } from "../model/watchdog.ts";
import { keyOf } from "./decide.ts";
import { describeGuestUnits, makeGuestUnitsDocument } from "./tell-guest-units.ts";
import {
  describeGuests,
  hasSeenGuests,
  listGuestAudit,
  listGuestNews,
  makeGuestsDocument,
} from "./tell-guests.ts";

export interface Pass {
  readonly observation: Observation;
  readonly decided: Decided;
  /** Empty in a dry run. */
  readonly outcomes: readonly Outcome[];
  readonly isDry: boolean;
  /** null: the host has no guests that it looks after. */
  readonly guests: GuestsPass | null;
}

/** What was done or would have been, and what could not be told: the rest of a pass is in `--json`. */
export function listAuditLines({ observation, decided, outcomes, guests }: Pass): readonly string[] {
  const at = new Date(observation.time.wall).toISOString();
  const done = outcomes.map(({ decision, result, steps }) =>
    JSON.stringify({ at, ...describeDecision(decision), result, steps }),
  );
  const notices = decided.notices.map(({ fact, text }) => JSON.stringify({ at, notice: fact, text }));
  return [...done, ...notices, ...(guests === null ? [] : listGuestAudit(guests))];
}

function describeDecision({ subject, verdict, reason, evidence, action }: Decision) {
  return {
    subject: keyOf(subject),
    slot: subject.slot,
    pool: subject.pool,
    verdict,
    reason,
    evidence,
    action: action?.kind ?? null,
  };
}

export function makePassDocument({ observation, decided, outcomes, isDry, guests }: Pass) {
  const units = observation.guestUnits;
  return {
    schema: "ci-fleet/watchdog/v1",
    host: observation.host,
    at: new Date(observation.time.wall).toISOString(),
    dryRun: isDry,
    decisions: decided.decisions.map(describeDecision),
    outcomes: outcomes.map(({ decision, result, steps }) => ({
      subject: keyOf(decision.subject),
      action: decision.action?.kind ?? null,
      result,
      steps,
    })),
    notices: decided.notices,
    ...(guests === null ? {} : { guests: makeGuestsDocument(guests) }),
    ...(units.length === 0 ? {} : { guestUnits: makeGuestUnitsDocument(units) }),
    github: {
      requests: observation.requestsSent,
      counted: observation.requestsCounted,
      left: observation.requestsLeft,
      clockOffset: observation.clockOffset,
    },
  };
}

/** Everything was there to be seen, and what was tried was done: the watchdog itself is well. */
export function hasSeenAll({ observation, decided, outcomes, guests }: Pass): boolean {
  return (
    (guests === null || hasSeenGuests(guests)) &&
    observation.troubles.length === 0 &&
    observation.guestUnits.every(({ unit }) => unit.known) &&
    decided.decisions.every(({ verdict }) => verdict !== "unknown") &&
    outcomes.every(({ result }) => result === "done" || result === "dropped")
  );
}

/** What a log of many passes is told of one: what was done, and what was not so in the pass before. */
export function listNews(
  { decided, outcomes, guests }: Pass,
  before: ReadonlySet<string>,
): { readonly lines: readonly string[]; readonly told: ReadonlySet<string> } {
  const told = new Set<string>();
  const lines: string[] = [];
  const note = (key: string, line: string): void => {
    told.add(key);
    if (!before.has(key)) lines.push(line);
  };
  for (const { decision, result, steps } of outcomes) {
    const { subject, reason, evidence, action } = decision;
    const what = `${action?.kind ?? ""} ${keyOf(subject)}  ${reason}: ${evidence.join("; ")}`;
    lines.push(`${what}; ${result}: ${steps.join("; ")}`);
  }
  const crowd = openCrowd();
  for (const decision of decided.decisions) {
    const { subject, verdict, reason, evidence, action } = decision;
    if (verdict === "leave" || action !== null || crowd.takes(decision)) continue;
    note(
      `${keyOf(subject)} ${verdict} ${reason}`,
      `${verdict} ${keyOf(subject)}  ${reason}: ${evidence.join("; ")}`,
    );
  }
  for (const { verdict, reason, text } of crowd.list())
    note(`more ${verdict} ${reason}`, `${verdict} ${text}`);
  for (const { fact, text } of decided.notices) note(`notice ${fact}`, `notice ${fact}: ${text}`);
  for (const { key, line } of guests === null ? [] : listGuestNews(guests)) {
    if (key === null) lines.push(line);
    else note(key, line);
  }
  return { lines, told };
}

/** Registrations alike that are told by name: a host that is gone may leave thousands. */
const NAMED = 10;

interface Crowd {
  /** true: enough of its kind are told by name. */
  takes(decision: Decision): boolean;
  /** What was taken, a text for each kind. */
  list(): readonly { readonly verdict: string; readonly reason: string; readonly text: string }[];
}

function openCrowd(): Crowd {
  const counts = new Map<string, { readonly of: Decision; count: number }>();
  return {
    takes: (decision) => {
      const { subject, verdict, reason } = decision;
      if (subject.kind !== "registration") return false;
      const kind = `${verdict} ${reason} ${subject.pool}`;
      const alike = counts.get(kind) ?? { of: decision, count: 0 };
      counts.set(kind, alike);
      alike.count += 1;
      return alike.count > NAMED;
    },
    list: () =>
      [...counts.values()].flatMap(({ of: { verdict, reason, subject }, count }) => {
        if (count <= NAMED) return [];
        const text = `${count - NAMED} more registrations of pool ${subject.pool}  ${reason}: \`--json\` has each`;
        return [{ verdict, reason, text }];
      }),
  };
}

/** One line for what is not simply well; the reason and its evidence beside it. */
export function describePass({ observation, decided, outcomes, isDry, guests }: Pass): readonly string[] {
  const results = new Map(outcomes.map(({ decision, result, steps }) => [decision, { result, steps }]));
  const lines: string[] = [];
  const crowd = openCrowd();
  const quiet = decided.decisions.filter(({ verdict }) => verdict === "leave").length;
  for (const decision of decided.decisions) {
    const { subject, verdict, reason, evidence, action } = decision;
    if (verdict === "leave" || (action === null && crowd.takes(decision))) continue;
    const what = action === null ? verdict : `${isDry ? "would " : ""}${action.kind}`;
    lines.push(`${what.padEnd(12)} ${keyOf(subject)}  ${reason}: ${evidence.join("; ")}`);
    const outcome = results.get(decision);
    if (outcome !== undefined) lines.push(`${"".padEnd(12)} ${outcome.result}: ${outcome.steps.join("; ")}`);
  }
  for (const { verdict, text } of crowd.list()) lines.push(`${verdict.padEnd(12)} ${text}`);
  for (const { fact, text } of decided.notices) lines.push(`${"notice".padEnd(12)} ${fact}: ${text}`);
  const units = describeGuestUnits(observation.guestUnits);
  if ((guests === null && units.length === 0) || decided.decisions.length > 0)
    lines.push(`${quiet} of ${decided.decisions.length} left as they are`);
  lines.push(...units);
  if (guests !== null) lines.push(...describeGuests(guests, isDry));
  return lines;
}
