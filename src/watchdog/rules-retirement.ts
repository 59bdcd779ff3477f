// Rules for a slot that is being taken down. No runner is stopped before GitHub has had no registration of it for
// longer than a job may be on its way, and nothing here runs a job. In: a slot's case. Out: a finding, or null.

import { isUp } from "../model/slot-life.ts";
import type { Retirement } from "../model/watchdog.ts";
import { type Finding, type Rule, say } from "./finding.ts";
import type { RuledSlot } from "./slot-rules.ts";

type Retiring = RuledSlot & { readonly retirement: Retirement };

const isRetiring = (at: RuledSlot): at is Retiring => at.retirement !== null;

/** A rule for slots that are being taken down. */
function whileRetiring(rule: Rule<Retiring>): Rule<RuledSlot> {
  return (at) => (isRetiring(at) ? rule(at) : null);
}

const registeredAnew = whileRetiring(({ retirement, current, slot, life }) => {
  const { registration } = retirement;
  if (current === null || current.asked.kind === "gone") return null;
  if (registration !== null && current.id === registration.id && current.scope === registration.scope)
    return null;
  if (!isUp(life)) return null;
  const evidence = `it is registered anew as ${current.name} (${current.id})`;
  return act({ kind: "let-go", slot: slot.name }, "RetirementOvertaken", evidence);
});

const jobCameFirst = whileRetiring((at) => {
  const { life, retirement, slot, lifeEvidence } = at;
  if (life !== "busy") return null;
  const isStillThere = at.givenUp === "here";
  if (retirement.phase !== "deregister" || !isStillThere) {
    return say("wait", "JobAfterDeregistration", lifeEvidence, "a job that was on its way is let to its end");
  }
  return act(
    { kind: "let-go", slot: slot.name },
    "RetirementOvertaken",
    lifeEvidence,
    "its registration is still there",
  );
});

const endedByItself = whileRetiring((at) => {
  const { life, retirement, slot, lifeEvidence, givenUp } = at;
  if (life !== "stopped" && life !== "failed" && life !== "absent") return null;
  if (retirement.phase !== "deregister" || givenUp === "gone" || givenUp === null) {
    return act({ kind: "finish", slot: slot.name, retirement }, "RetirementDone", lifeEvidence);
  }
  return deregisterAgain(at, lifeEvidence);
});

const deregistrationUnfinished = whileRetiring((at) => {
  if (at.retirement.phase !== "deregister") return null;
  return liveSign(at) ?? deregisterAgain(at, at.lifeEvidence);
});

/** Perhaps it was asked for, and the answer got lost: asking twice does no harm. */
function deregisterAgain(at: Retiring, evidence: string): Finding {
  const { retirement, slot, remote, givenUp } = at;
  if (givenUp !== "here" && givenUp !== "gone")
    return say("unknown", "GitHubUnknown", evidence, describeAsked(at));
  if (givenUp === "here" && (remote === "online-busy" || remote === "offline-busy")) {
    const action = { kind: "let-go", slot: slot.name } as const;
    return act(action, "RetirementOvertaken", evidence, describeAsked(at));
  }
  return act(
    { kind: "retire", slot: slot.name, retirement },
    "RetirementUnderWay",
    evidence,
    describeAsked(at),
  );
}

const inGrace = whileRetiring((at) => {
  const { retirement, now, windows, life, lifeEvidence, slot, givenUp } = at;
  const left = windows.grace - (now - retirement.since);
  if (retirement.phase === "grace" && left > 0) {
    return say(
      "wait",
      "GraceAfterDeregistration",
      `a job may be on its way for ${Math.ceil(left / 1000)} s more`,
    );
  }
  if (life === "stopping") return say("wait", "StoppingNow", lifeEvidence);
  const sign = liveSign(at);
  if (sign !== null) return sign;
  // The answer to its deletion was not true, or got lost on the way to GitHub.
  if (givenUp === "here") return deregisterAgain(at, "it was deregistered, and GitHub still has it");
  if (givenUp !== null && givenUp !== "gone") {
    return say("unknown", "GitHubUnknown", `it was deregistered; ${describeAsked(at)}`);
  }
  const evidence = [lifeEvidence, "GitHub has no registration of it"];
  return act({ kind: "stop", slot: slot.name, retirement }, retirement.reason, ...evidence);
});

/** Whatever speaks of a job, or hides whether there is one. */
export function liveSign({ seen, hasNoWorker, jobSign, isSignStale }: RuledSlot): Finding | null {
  if (!seen.processes.known) return say("unknown", "LocalUnknown", `its processes: ${seen.processes.why}`);
  if (!hasNoWorker) return say("leave", "JobRunning", "a Runner.Worker process runs");
  return jobSign === null || isSignStale ? null : say("wait", "MarkerWithoutWorker", jobSign);
}

export function describeAsked({ current, remote }: RuledSlot): string {
  if (current === null) return "no registration of it is known";
  const { id, asked } = current;
  if (asked.kind === "unknown") return `GitHub on registration ${id}: ${asked.why}`;
  if (remote === "unknown") return `registration ${id} is not on GitHub's list, which proves nothing`;
  const how = asked.kind === "not-asked" ? "GitHub's list says" : "GitHub says by number";
  return `${how} that registration ${id} is ${remote}`;
}

function act(
  action: Extract<Finding, { kind: "do" }>["action"],
  reason: Extract<Finding, { kind: "do" }>["reason"],
  ...evidence: readonly string[]
): Finding {
  return { kind: "do", reason, evidence, action };
}

export const RETIREMENT_RULES: readonly Rule<RuledSlot>[] = [
  registeredAnew,
  jobCameFirst,
  endedByItself,
  deregistrationUnfinished,
  inGrace,
];
