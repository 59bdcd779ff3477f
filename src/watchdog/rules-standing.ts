// Rules for slots that are to be left as they are: a job runs, somebody took them out of service, or only somebody
// can help. In: a slot's case. Out: a finding, or null.

import { isUp } from "../model/slot-life.ts";
import { type Rule, say } from "./finding.ts";
import { beginRetirement } from "./retire.ts";
import { describeAsked, liveSign } from "./rules-retirement.ts";
import { isDeprecated } from "./scale.ts";
import type { RuledSlot } from "./slot-rules.ts";

const stoppingNow: Rule<RuledSlot> = ({ life, lifeEvidence }) =>
  life === "stopping" ? say("wait", "StoppingNow", lifeEvidence) : null;

const jobRunning: Rule<RuledSlot> = ({ life, lifeEvidence }) =>
  life === "busy" ? say("leave", "JobRunning", lifeEvidence) : null;

/** Our own mark that keeps it from restarting, of a retirement that memory has lost. */
const heldByUs: Rule<RuledSlot> = (at) => {
  const { seen, slot } = at;
  if (!seen.holder.known || seen.holder.value !== "watchdog") return null;
  const retirement = beginRetirement(at, "RetirementUnderWay", slot.always ? "start" : "stay-down");
  const evidence = ["it is held back by the watchdog, which has no memory of why", describeAsked(at)];
  const begin = { kind: "retire", slot: slot.name, retirement } as const;
  if (!isUp(at.life) && (at.current === null || at.remote === "gone")) {
    const action = { kind: "finish", slot: slot.name, retirement } as const;
    return { kind: "do", reason: "RetirementDone", evidence, action };
  }
  if (at.current === null && at.remote === "none") {
    return {
      kind: "do",
      reason: "RetirementOvertaken",
      evidence,
      action: { kind: "let-go", slot: slot.name },
    };
  }
  if (!at.isConfirmed) return say("unknown", "GitHubUnknown", ...evidence);
  const sign = isUp(at.life) ? liveSign(at) : null;
  return sign ?? { kind: "do", reason: "RetirementUnderWay", evidence, action: begin };
};

const drained: Rule<RuledSlot> = (at) => {
  const { seen, life, slot, windows } = at;
  if (!seen.drained.known || !seen.drained.value) return null;
  const who = seen.holder.known ? (seen.holder.value ?? "hand") : "hand";
  const evidence = `it is drained, by ${who}`;
  if (!isUp(life)) return say("leave", "Drained", evidence);
  // mint sees the mark by itself before it registers anything.
  if (life === "starting") return say("wait", "StartingNow", evidence);
  if (at.remote === "online-busy" || at.remote === "offline-busy") {
    return say("leave", "BusyAtGitHubOnly", evidence, describeAsked(at));
  }
  if (at.remote === "unknown") return say("unknown", "GitHubUnknown", evidence, describeAsked(at));
  if (at.current === null) return say("leave", "RegisteredElsewhere", evidence, describeAsked(at));
  const sign = liveSign(at);
  if (sign !== null) return sign;
  const retirement = beginRetirement(at, "DrainedAndIdle", "stay-down");
  return {
    kind: "if-it-lasts",
    reason: "DrainedAndIdle",
    evidence: [evidence, at.lifeEvidence, describeAsked(at)],
    of: String(at.current.id),
    forMs: windows.drained,
    looks: 1,
    isConfirmed: at.isConfirmed,
    action: { kind: "retire", slot: slot.name, retirement },
  };
};

/** Restarting would spend registrations and change nothing (actions/runner issue 4542). */
const versionDeprecated: Rule<RuledSlot> = (at) =>
  isDeprecated(at)
    ? say("leave", "VersionDeprecated", `GitHub takes no jobs from runner ${at.plan.runner.version}`)
    : null;

const notInstalled: Rule<RuledSlot> = ({ life, lifeEvidence }) =>
  life === "absent" ? say("leave", "NotInstalled", lifeEvidence) : null;

const updating: Rule<RuledSlot> = ({ life, seen }) =>
  isUp(life) && seen.log.known && seen.log.value.trouble === "updating"
    ? say("wait", "Updating", "its log says that the runner updates itself")
    : null;

export const STANDING_RULES: readonly Rule<RuledSlot>[] = [
  stoppingNow,
  jobRunning,
  heldByUs,
  drained,
  versionDeprecated,
  notInstalled,
  updating,
];
