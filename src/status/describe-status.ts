// Status as a page and as a document. In: rows and facts. Out: lines of a hundred columns; JSON with a version.

import { layHanging } from "../base/page-layout.ts";
import { cleanForTerminal } from "../base/terminal-text.ts";
import type { SlotRow } from "./compare-slots.ts";
import { layMachine, listGuestUnits } from "./describe-guest-units.ts";
import { layNode, listGuests } from "./describe-node.ts";
import type { Health } from "./explain-slot.ts";
import type { StatusFacts } from "./facts.ts";
import { BELOW_ROW, layMarkedRows, MARKS } from "./lay-marked-rows.ts";

export type Paint = (health: Health, text: string) => string;

export function describeStatus(
  facts: StatusFacts,
  rows: readonly SlotRow[],
  paint: Paint = (_, text) => text,
): string {
  const lines = [`Fleet ${facts.plan.fleet}: ${summarize(rows)}`];
  for (const host of facts.plan.hosts) {
    const own = rows.filter((row) => row.host.name === host.name);
    const node = facts.node?.host === host.name ? facts.node : null;
    const machine = facts.machine?.host === host.name ? layMachine(host, facts.machine, paint) : [];
    if (own.length === 0 && node === null && machine.length === 0) continue;
    const here = facts.here?.host === host.name;
    const isThis = here || node !== null || machine.length > 0;
    lines.push("", `Host ${host.name}${isThis ? " (this machine)" : ""}`);
    if (own.length > 0) lines.push(...layRows(own, paint));
    if (here) lines.push(...layLocalNotes(facts));
    lines.push(...machine);
    if (node !== null) lines.push(...layNode(host, node, paint));
  }
  for (const [target, answer] of facts.github) {
    if (!answer.known)
      lines.push("", ...layHanging(`GitHub, target ${target}: `, `not known: ${answer.why}`));
  }
  return `${lines.join("\n")}\n`;
}

/** `5 slots, 3 online at GitHub, 1 with a job; 1 needs a look`. */
function summarize(rows: readonly SlotRow[]): string {
  const count = (is: (row: SlotRow) => boolean): number => rows.filter(is).length;
  const known = count(({ github }) => github !== "unknown");
  const online = count(({ github }) => github === "online" || github === "busy");
  const busy = count(({ github, life }) => github === "busy" || life?.life === "busy");
  const bad = count(({ explanation }) => explanation.health === "differs");
  const parts = [
    `${rows.length} slot${rows.length === 1 ? "" : "s"}`,
    ...(known > 0 ? [`${online} online at GitHub`] : []),
    `${busy} with a job`,
  ];
  return parts.join(", ") + (bad > 0 ? `; ${bad} need${bad === 1 ? "s" : ""} a look` : "");
}

function layRows(rows: readonly SlotRow[], paint: Paint): readonly string[] {
  let told = "";
  const sayBelow = (row: SlotRow): readonly string[] => {
    const { health, text, next } = row.explanation;
    // What keeps one slot from being seen keeps them all: once is enough.
    if (!isTelling(row) || (health === "unknown" && text === told)) return [];
    told = text;
    const step = next === null ? [] : [`${BELOW_ROW}→ ${cleanForTerminal(next)}`];
    return [...layHanging(BELOW_ROW, text), ...step];
  };
  return layMarkedRows(
    ["slot", "wanted", "here", "GitHub"],
    rows.map((row) => ({
      mark: paint(row.explanation.health, MARKS[row.explanation.health]),
      cells: [row.slot.name, row.wanted, row.life?.life ?? "–", row.github],
      below: sayBelow(row),
    })),
  );
}

/** The columns say the rest. */
function isTelling({ explanation: { health, reason } }: SlotRow): boolean {
  if (reason === "NotAsked") return false;
  return health !== "ok" || reason === "HasJob" || reason === "Drained";
}

function layLocalNotes({ here }: StatusFacts): readonly string[] {
  if (here === null) return [];
  const unfinished = here.isUnfinished ? layHanging("  unfinished: ", UNFINISHED) : [];
  if (!here.installed.known || !here.installed.value) return unfinished;
  const { drifted, observation } = here;
  const left = [observation.leftoverUnits, observation.leftoverContainers].flatMap((each) =>
    each.known ? each.value : [],
  );
  return [
    ...unfinished,
    ...(drifted.length === 0
      ? []
      : layHanging(
          "  pending: ",
          `${nameSome(drifted)} not as rendered; \`ci-fleet apply --dry-run\` shows what it would do`,
        )),
    ...(left.length === 0
      ? []
      : layHanging("  left over: ", `${nameSome(left)}; \`ci-fleet apply\` takes them away`)),
  ];
}

const UNFINISHED =
  "an apply has begun and not ended; where none is at work, `ci-fleet apply` goes on with it";

function nameSome(names: readonly string[]): string {
  const more = names.length - 3;
  return names.slice(0, 3).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function makeNodeDocument({ plan, node }: StatusFacts) {
  const host = plan.hosts.find(({ name }) => name === node?.host);
  if (node === null || host === undefined) return null;
  const { guests, waitsForReboot } = node.seen;
  const why = guests.known ? null : guests.why;
  return { waitsForReboot, known: guests.known, why, guests: listGuests(host, node) };
}

function makeMachineDocument({ plan, machine }: StatusFacts) {
  const host = plan.hosts.find(({ name }) => name === machine?.host);
  if (machine === null || host === undefined) return null;
  return { waitsForReboot: machine.waitsForReboot, guests: listGuestUnits(host, machine) };
}

export function makeStatusDocument(facts: StatusFacts, rows: readonly SlotRow[]) {
  return {
    schema: "ci-fleet/status/v1",
    fleet: facts.plan.fleet,
    at: new Date(facts.now).toISOString(),
    host: facts.here?.host ?? facts.node?.host ?? null,
    github: [...facts.github].map(([target, answer]) => ({
      target,
      known: answer.known,
      why: answer.known ? null : answer.why,
    })),
    drift: facts.here?.drifted ?? null,
    unfinished: facts.here?.isUnfinished ?? null,
    pending: facts.here?.pending ?? null,
    node: makeNodeDocument(facts),
    machine: makeMachineDocument(facts),
    slots: rows.map((row) => ({
      slot: row.slot.name,
      host: row.host.name,
      pool: row.placement.pool,
      target: row.placement.target,
      wanted: row.wanted,
      here: row.life?.life ?? null,
      evidence: row.life?.evidence ?? null,
      github: row.github,
      registrations: row.registrations,
      job: row.seen?.job.known === true ? row.seen.job.value : null,
      mint: row.seen?.mint.known === true ? row.seen.mint.value : null,
      health: row.explanation.health,
      reason: row.explanation.reason,
      text: row.explanation.text,
      next: row.explanation.next,
    })),
  };
}
