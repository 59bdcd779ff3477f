// What a pass did about a node's guests, as others read it. In: that part of the pass. Out: data and lines. Evidence
// quotes strangers: whoever prints it to a terminal cleans it.

import type { GuestRuling, GuestsPass } from "../model/guest-life.ts";

export function describeRuling({ guest, vmId, verdict, reason, evidence, action }: GuestRuling) {
  return { subject: guest, guest, vmId, verdict, reason, evidence, action };
}

export function makeGuestsDocument({ observation, decided, outcomes }: GuestsPass) {
  return {
    node: observation.node,
    trouble: observation.trouble,
    decisions: decided.rulings.map(describeRuling),
    outcomes: outcomes.map(({ ruling, result, steps }) => ({
      subject: ruling.guest,
      action: ruling.action,
      result,
      steps,
    })),
    notices: decided.notices,
  };
}

export function listGuestAudit({ observation, decided, outcomes }: GuestsPass): readonly string[] {
  const at = new Date(observation.time.wall).toISOString();
  return [
    ...outcomes.map(({ ruling, result, steps }) =>
      JSON.stringify({ at, ...describeRuling(ruling), result, steps }),
    ),
    ...decided.notices.map(({ fact, text }) => JSON.stringify({ at, notice: fact, text })),
  ];
}

/** One line for what is not simply well. */
export function describeGuests({ decided, outcomes }: GuestsPass, isDry: boolean): readonly string[] {
  const results = new Map(outcomes.map(({ ruling, result, steps }) => [ruling, { result, steps }]));
  const lines: string[] = [];
  for (const ruling of decided.rulings) {
    const { guest, verdict, reason, evidence, action } = ruling;
    if (verdict === "leave") continue;
    const what = action === null ? verdict : `${isDry ? "would " : ""}${action}`;
    lines.push(`${what.padEnd(12)} guest ${guest}  ${reason}: ${evidence.join("; ")}`);
    const outcome = results.get(ruling);
    if (outcome !== undefined) lines.push(`${"".padEnd(12)} ${outcome.result}: ${outcome.steps.join("; ")}`);
  }
  for (const { fact, text } of decided.notices) lines.push(`${"notice".padEnd(12)} ${fact}: ${text}`);
  const quiet = decided.rulings.filter(({ verdict }) => verdict === "leave").length;
  lines.push(`${quiet} of ${decided.rulings.length} guests left as they are`);
  return lines;
}

/** What a log of many passes is told: `key` is the same as long as nothing changes; null: it is told each time. */
export function listGuestNews({ decided, outcomes }: GuestsPass): readonly {
  readonly key: string | null;
  readonly line: string;
}[] {
  return [
    ...outcomes.map(({ ruling, result, steps }) => {
      const { guest, reason, evidence, action } = ruling;
      const what = `${action} guest ${guest}  ${reason}: ${evidence.join("; ")}`;
      return { key: null, line: `${what}; ${result}: ${steps.join("; ")}` };
    }),
    ...decided.rulings
      .filter(({ verdict, action }) => verdict !== "leave" && action === null)
      .map(({ guest, verdict, reason, evidence }) => ({
        key: `guest ${guest} ${verdict} ${reason}`,
        line: `${verdict} guest ${guest}  ${reason}: ${evidence.join("; ")}`,
      })),
    ...decided.notices.map(({ fact, text }) => ({
      key: `notice ${fact} ${text.split(" ", 3).join(" ")}`,
      line: `notice ${fact}: ${text}`,
    })),
  ];
}

export function hasSeenGuests({ observation, decided, outcomes }: GuestsPass): boolean {
  return (
    observation.trouble === null &&
    decided.rulings.every(({ verdict }) => verdict !== "unknown") &&
    outcomes.every(({ result }) => result === "done" || result === "dropped")
  );
}
