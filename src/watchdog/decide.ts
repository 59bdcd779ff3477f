// Decides one pass: pure, synchronous, complete. Every slot of this host and every stray registration gets exactly
// one decision with its evidence; what takes something away is marked first and done on a later pass, when it is
// still so. In: plan, observation, memory. Out: decisions, notices, the next memory.

import { findOwnedSlot, listOwnedSlots } from "../model/ownership.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import { isUp } from "../model/slot-life.ts";
import type {
  Action,
  Decided,
  Decision,
  Mark,
  Memory,
  Observation,
  Reason,
  Started,
  Subject,
} from "../model/watchdog.ts";
import { carryMemory } from "./carry-memory.ts";
import type { Finding } from "./finding.ts";
import { judgeRegistrations } from "./judge-registrations.ts";
import { limitRemovals, type RipeRemoval } from "./limit-removals.ts";
import { listNotices, listSlotNotices } from "./list-notices.ts";
import { planScaling, readDemand, type Scaling } from "./scale.ts";
import { buildCases, judgeRemote, markKey, type SlotCase } from "./slot-case.ts";
import { judgeSlot } from "./slot-rules.ts";
import { listMachineNotices } from "./tell-guest-units.ts";
import { chooseWindows, type Windows } from "./windows.ts";

export interface DecideInputs {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly observation: Observation;
  /** As stored; null: none. */
  readonly memory: Memory | null;
  readonly windows?: Windows;
  readonly archFilter?: boolean;
  /** Let a pass remove more than half of a pool. */
  readonly force?: boolean;
}

interface Judged {
  /** Of the subject: there may be thousands, and each is asked for often. */
  readonly key: string;
  readonly subject: Subject;
  readonly target: string;
  readonly finding: Finding;
}

export function decide(inputs: DecideInputs): Decided {
  const { plan, host, observation } = inputs;
  const windows = inputs.windows ?? chooseWindows(plan);
  const { memory, broken } = carryMemory(inputs.memory, observation.time, windows);
  const owned = listOwnedSlots(plan);
  const cases = buildCases({ plan, host, observation, memory, windows, owned });
  const cover = { archFilter: inputs.archFilter ?? true };
  const scaling = planScaling(cases, { observation, memory, owned, cover });
  const isDeputy = plan.watchdog.deputy === host.name;
  const judged: readonly Judged[] = [
    ...cases.map((at) => judgeCase(at, scaling, observation)),
    ...judgeRegistrations({ observation, cases, owned, windows, isDeputy })
      .map(({ subject, finding }) => ({
        key: keyOf(subject),
        subject,
        target: subject.registration.target,
        finding,
      }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
  ];
  const marks = noteMarks(judged, cases, memory);
  const started = keepStarted(memory, cases);
  const decisions = concludeAll(judged, { inputs, cases, memory, marks, isBroken: broken !== null });
  return {
    decisions,
    notices: [
      ...listNotices(plan, observation, broken),
      ...listMachineNotices(host, observation),
      ...listSlotNotices(decisions, started),
    ],
    memory: {
      ...memory,
      marks,
      jobs: scaling.jobs,
      started,
      listed: { ...memory.listed, ...Object.fromEntries(observation.listed) },
    },
  };
}

function judgeCase(at: SlotCase, scaling: Scaling, observation: Observation): Judged {
  const demand = readDemand(observation, at.placement.target);
  const word = typeof demand === "string" ? demand : demand.complete ? "known" : "incomplete";
  return {
    key: at.slot.name,
    subject: { kind: "slot", slot: at.slot.name, pool: at.pool.name },
    target: at.placement.target,
    finding: judgeSlot({ ...at, scaling, demand: word }),
  };
}

/** `acme-ci-forge-1`; of registrations with scope and number. */
export function keyOf(subject: Subject): string {
  if (subject.kind === "slot") return subject.slot;
  const { name, scope, id } = subject.registration;
  return `${name} ${scope} ${id}`;
}

/**
 * A mark lives as long as every pass finds the same of the same; a pass that cannot tell leaves it as it is, and
 * nothing is done on it then.
 */
function noteMarks(
  judged: readonly Judged[],
  cases: readonly SlotCase[],
  memory: Memory,
): Readonly<Record<string, Mark>> {
  const now = memory.time.monotonic;
  const marks: Record<string, Mark> = {};
  const note = (key: string, reason: Reason, of: string): void => {
    const at = markKey(key, reason);
    const before = memory.marks[at];
    marks[at] =
      before?.of === of ? { ...before, passes: before.passes + 1 } : { reason, of, since: now, passes: 1 };
  };
  for (const { key, finding } of judged) {
    if (finding.kind === "if-it-lasts") note(key, finding.reason, finding.of);
    if (finding.kind === "say" && finding.verdict === "unknown") keepMarks(marks, memory, key);
  }
  for (const { slot, jobSign, silentRun } of cases) {
    if (jobSign !== null) note(slot.name, "MarkerWithoutWorker", jobSign);
    if (silentRun !== null) note(slot.name, "StartOverdue", silentRun);
  }
  return marks;
}

function keepMarks(marks: Record<string, Mark>, memory: Memory, key: string): void {
  for (const reason of KEPT_THROUGH_UNKNOWN) {
    const at = markKey(key, reason);
    const mark = memory.marks[at];
    if (mark !== undefined) marks[at] = mark;
  }
}

/** Idleness is not among them: a job may have come and gone while nobody could see. */
const KEPT_THROUGH_UNKNOWN: readonly Reason[] = [
  "RegistrationGone",
  "HungListener",
  "Ghost",
  "GhostOfGoneHost",
];

interface Conclusion {
  readonly inputs: DecideInputs;
  readonly cases: readonly SlotCase[];
  readonly memory: Memory;
  readonly marks: Readonly<Record<string, Mark>>;
  readonly isBroken: boolean;
}

function concludeAll(judged: readonly Judged[], by: Conclusion): readonly Decision[] {
  const { plan, observation, force } = by.inputs;
  const ripe = judged.flatMap((each): readonly RipeRemoval[] => {
    const { key, subject, target, finding } = each;
    if (finding.kind !== "if-it-lasts" || explainWait(each, by) !== null) return [];
    const since = by.memory.marks[markKey(key, finding.reason)]?.since ?? 0;
    return [{ key, pool: subject.pool, target, since }];
  });
  const refused = limitRemovals(ripe, observation, {
    perPass: plan.watchdog.removalsPerPass,
    sizes: measurePools(judged, by),
    force: force ?? false,
  });
  return judged.map((each) => {
    const { key, subject, finding } = each;
    const { reason, evidence } = finding;
    if (finding.kind === "say") return { subject, verdict: finding.verdict, reason, evidence, action: null };
    const refusal = refused.get(key);
    if (refusal !== undefined) {
      const more = [`${reason}, which is ripe`, refusal.evidence, ...evidence];
      return { subject, verdict: "wait", reason: refusal.reason, evidence: more, action: null };
    }
    const wait = finding.kind === "if-it-lasts" ? explainWait(each, by) : null;
    if (wait === null) return { subject, verdict: "act", reason, evidence, action: finding.action };
    return { subject, verdict: "wait", reason, evidence: [...evidence, wait], action: null };
  });
}

/** null: it has lasted long enough and is so now. */
function explainWait({ key, finding }: Judged, { memory, isBroken }: Conclusion): string | null {
  if (finding.kind !== "if-it-lasts") return null;
  const mark = memory.marks[markKey(key, finding.reason)];
  if (isBroken) return "marked; windows began anew with this pass";
  if (mark === undefined || mark.of !== finding.of) return "marked in this pass";
  if (mark.passes < finding.looks) return `seen ${mark.passes + 1} times`;
  const left = finding.forMs - (memory.time.monotonic - mark.since);
  if (left > 0) return `marked; ${Math.ceil(left / 1000)} s more`;
  return finding.isConfirmed ? null : "GitHub has not confirmed it by number in this pass";
}

/** Slots that run here, or registrations that exist, whichever are more. */
function measurePools(judged: readonly Judged[], { inputs, cases }: Conclusion): ReadonlyMap<string, number> {
  const up = new Map<string, number>();
  for (const { pool, life } of cases) if (isUp(life)) up.set(pool.name, (up.get(pool.name) ?? 0) + 1);
  const owned = listOwnedSlots(inputs.plan);
  const there = new Map<string, number>();
  for (const seen of inputs.observation.registrations) {
    const pool = findOwnedSlot(seen.name, owned)?.placement.pool ?? null;
    const remote = judgeRemote(seen);
    if (pool !== null && remote !== "gone" && remote !== "unknown")
      there.set(pool, (there.get(pool) ?? 0) + 1);
  }
  const pools = new Set(judged.map(({ subject }) => subject.pool));
  return new Map([...pools].map((pool) => [pool, Math.max(up.get(pool) ?? 0, there.get(pool) ?? 0)]));
}

/** A slot that came to serve is no longer one that was just started. */
function keepStarted(memory: Memory, cases: readonly SlotCase[]): Readonly<Record<string, Started>> {
  const served = new Set(
    cases
      .filter((at) => at.life === "busy" || (at.life === "idle" && at.remote === "online"))
      .map(({ slot }) => slot.name),
  );
  return Object.fromEntries(Object.entries(memory.started).filter(([slot]) => !served.has(slot)));
}

/** Whether it takes something away that a later pass cannot give back by itself. */
export function isRemoval(action: Action): boolean {
  return action.kind === "retire" || action.kind === "stop" || action.kind === "delete";
}
