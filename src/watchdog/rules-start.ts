// Rules for slots that are down: what should run is started, what a job waits for too. In: a slot's case. Out: a
// finding, or null.

import { type Finding, type Rule, say } from "./finding.ts";
import type { RuledSlot } from "./slot-rules.ts";
import { mayStartNow } from "./start-pace.ts";

const jobsWaiting: Rule<RuledSlot> = (at) => {
  const job = at.scaling.starts.get(at.slot.name);
  if (job === undefined) return null;
  const evidence = [`job ${job.id} of ${job.repository} waits for ${job.labels.join(", ")}`, at.lifeEvidence];
  return start(at, "JobsWaiting", at.repositories.length === 0 ? null : job.repository, evidence);
};

/** A unit that should always run and does not: systemd restarts it after every end but an ordered one. */
const deadSlot: Rule<RuledSlot> = (at) => {
  if (!at.slot.always) return null;
  if (!mayStartNow(at)) return say("wait", "StartedJustNow", at.lifeEvidence);
  const assigned = at.seen.assigned.known ? at.seen.assigned.value : null;
  const serves = at.repositories.some((name) => name.toLowerCase() === assigned?.toLowerCase());
  const repository = at.repositories[(at.slot.index - 1) % Math.max(1, at.repositories.length)] ?? null;
  return start(at, "DeadSlot", serves ? null : repository, [at.lifeEvidence, "it should always run"]);
};

function start(
  at: RuledSlot,
  reason: "DeadSlot" | "JobsWaiting",
  repository: string | null,
  evidence: readonly string[],
): Finding {
  return { kind: "do", reason, evidence, action: { kind: "start", slot: at.slot.name, repository } };
}

const demandUnknown: Rule<RuledSlot> = ({ demand }) =>
  demand === "unknown" ? say("unknown", "DemandUnknown", "whether jobs wait for it cannot be told") : null;

const poolFull: Rule<RuledSlot> = ({ scaling, pool, placement }) =>
  scaling.full.has(pool.name) && scaling.unmet.some(({ target }) => target === placement.target)
    ? say("wait", "PoolFull", "jobs wait, and this host runs its share of the pool")
    : null;

const noDemand: Rule<RuledSlot> = () =>
  say("leave", "NoDemand", "no job waits that this host is to start it for");

export const START_RULES: readonly Rule<RuledSlot>[] = [
  jobsWaiting,
  deadSlot,
  demandUnknown,
  poolFull,
  noDemand,
];
