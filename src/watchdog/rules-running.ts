// Rules for slots that run without a job: gone at GitHub, hung, idle. In: a slot's case. Out: a finding, or null.

import { nameRegistrationUrl } from "../model/registration-url.ts";
import type { Retirement } from "../model/watchdog.ts";
import { type Finding, type Rule, say } from "./finding.ts";
import { beginRetirement, stopUnregistered } from "./retire.ts";
import { describeAsked, liveSign } from "./rules-retirement.ts";
import { hasBegun, isOverdue } from "./slot-case.ts";
import type { RuledSlot } from "./slot-rules.ts";
import { mayStartNow } from "./start-pace.ts";

/** A runner that is up, of which everything may be seen, without a job. */
const isQuietlyUp = (at: RuledSlot): boolean =>
  (at.life === "idle" || (at.life === "starting" && hasBegun(at.seen))) && at.hasNoWorker;

const signOfJob: Rule<RuledSlot> = (at) => (isQuietlyUp(at) ? liveSign(at) : null);

/** Once may be a slip of GitHub's; the runner itself may not notice for ever (actions/runner issue 4617). */
const registrationGone: Rule<RuledSlot> = (at) => {
  if (!isQuietlyUp(at) || at.remote !== "gone" || at.current === null) return null;
  const retirement = stopUnregistered(at, "RegistrationGone", nextOf(at));
  return {
    kind: "if-it-lasts",
    reason: "RegistrationGone",
    evidence: [describeAsked(at), at.lifeEvidence],
    of: String(at.current.id),
    forMs: at.windows.registrationGone,
    looks: 2,
    isConfirmed: at.isConfirmed,
    action: { kind: "stop", slot: at.slot.name, retirement },
  };
};

const zombieBusy: Rule<RuledSlot> = (at) =>
  isQuietlyUp(at) && at.remote === "offline-busy"
    ? say("wait", "ZombieBusy", describeAsked(at), at.lifeEvidence, "GitHub ends the job's lease by itself")
    : null;

const hungListener: Rule<RuledSlot> = (at) => {
  if (!isQuietlyUp(at) || at.remote !== "offline" || at.current === null) return null;
  const trouble = at.seen.log.known ? at.seen.log.value.trouble : null;
  const evidence = [describeAsked(at), at.lifeEvidence];
  if (trouble !== null) evidence.push(`its log says ${trouble}`);
  return {
    kind: "if-it-lasts",
    reason: "HungListener",
    evidence,
    of: String(at.current.id),
    forMs: trouble === "connect-error" ? at.windows.offlineConnecting : at.windows.offline,
    looks: 1,
    isConfirmed: at.isConfirmed,
    action: {
      kind: "retire",
      slot: at.slot.name,
      retirement: beginRetirement(at, "HungListener", nextOf(at)),
    },
  };
};

function nextOf({ slot }: RuledSlot): Retirement["next"] {
  return slot.always ? "start" : "stay-down";
}

/** Without systemd no `mint` goes before a start: such a slot waits for a token (entrypoint.sh, `wait_for_token`). */
const notRegistered: Rule<RuledSlot> = (at) => {
  const { plan, host, placement, seen, silentSince, current, slot, lifeEvidence } = at;
  if (host.supervision !== "compose" || placement.lifetime !== "persistent") return null;
  // Seen like this in an earlier pass too: a start that has its identity goes on by itself.
  if (silentSince === null || current !== null || !at.hasNoWorker) return null;
  if (!seen.identity.known || seen.identity.value.kind === "whole") return null;
  const target = plan.targets.find(({ name }) => name === placement.target);
  if (target === undefined) return null;
  const evidence = [lifeEvidence, "it has no registration, and waits for a token"];
  if (!mayStartNow(at)) return say("wait", "StartedJustNow", ...evidence);
  const action = { kind: "admit", slot: slot.name, scope: nameRegistrationUrl(target) } as const;
  return { kind: "do", reason: "NotRegistered", evidence, action };
};

/** What is registered would be hung or gone: this has no registration, and will not get one by itself. */
const startOverdue: Rule<RuledSlot> = (at) => {
  const { silentSince, now, lifeEvidence, current } = at;
  if (silentSince === null || !isOverdue(at)) return null;
  const known = current === null ? "no registration of it is known" : `it has registration ${current.id}`;
  const since = `it has been so for ${Math.round((now - silentSince) / 1000)} s`;
  return say("unknown", "StartOverdue", lifeEvidence, known, since);
};

const starting: Rule<RuledSlot> = ({ life, lifeEvidence, seen }) => {
  if (life !== "starting") return null;
  const mint = seen.mint.known ? seen.mint.value : null;
  if (mint?.state === "red") return say("wait", "HostNotFit", `${mint.reason}: ${mint.message}`);
  const why = mint === null || mint.state === "ready" ? [] : [`${mint.reason}: ${mint.message}`];
  return say("wait", "StartingNow", lifeEvidence, ...why);
};

const sessionConflict: Rule<RuledSlot> = (at) =>
  at.life === "idle" && at.seen.log.known && at.seen.log.value.trouble === "session-conflict"
    ? say(
        "wait",
        "SessionConflict",
        "its log says that another process holds its session; it tries for 4 minutes",
      )
    : null;

const busyAtGitHub: Rule<RuledSlot> = (at) =>
  at.life === "idle" && at.remote === "online-busy"
    ? say("leave", "BusyAtGitHubOnly", describeAsked(at), at.lifeEvidence)
    : null;

const remoteUnknown: Rule<RuledSlot> = (at) =>
  at.life === "idle" && at.remote === "unknown" ? say("unknown", "GitHubUnknown", describeAsked(at)) : null;

const runsUnrecorded: Rule<RuledSlot> = (at) =>
  at.life === "idle" && at.current === null
    ? say("leave", "RegisteredElsewhere", "it runs with a registration that is not in our records")
    : null;

/** `apply` restarts what has no job and leaves the rest; what takes one job ends by itself. */
const configurationOutdated: Rule<RuledSlot> = (at) => {
  if (at.life !== "idle" || !at.seen.outdated.known || !at.seen.outdated.value) return null;
  if (at.current === null || at.scaling.serves.has(at.slot.name)) return null;
  return retireIdle(
    at,
    "ConfigurationOutdated",
    at.windows.drained,
    "`apply` left its restart for when it has no job",
  );
};

const neededElsewhere: Rule<RuledSlot> = (at) => {
  const { life, repositories, scaling, placement, slot } = at;
  if (life !== "idle" || repositories.length === 0 || scaling.serves.has(slot.name)) return null;
  const job = scaling.unmet.find(
    ({ labels, target }) =>
      target === placement.target && labels.every((label) => placement.labels.includes(label)),
  );
  if (job === undefined || at.current === null) return null;
  return retireIdle(at, "NeededElsewhere", at.windows.drained, `a job of ${job.repository} waits`);
};

const serving: Rule<RuledSlot> = (at) => {
  if (at.life !== "idle") return null;
  const job = at.scaling.serves.get(at.slot.name);
  if (job !== undefined)
    return say("leave", "Serving", `job ${job.id} of ${job.repository} waits for such a runner`);
  return at.slot.always || at.pool.scaling === null
    ? say("leave", "Serving", "it always runs", describeAsked(at))
    : null;
};

const idleBeyondMin: Rule<RuledSlot> = (at) => {
  if (at.life !== "idle") return null;
  if (at.demand === "unknown" || at.demand === "incomplete") {
    return say("unknown", "DemandUnknown", "whether jobs wait for it cannot be told");
  }
  return retireIdle(at, "IdleBeyondMin", at.pool.scaling?.idle ?? 0, "no job waits for it");
};

function retireIdle(
  at: RuledSlot,
  reason: "IdleBeyondMin" | "NeededElsewhere" | "ConfigurationOutdated",
  forMs: number,
  why: string,
): Finding {
  const next = reason === "ConfigurationOutdated" ? nextOf(at) : "stay-down";
  return {
    kind: "if-it-lasts",
    reason,
    evidence: [why, describeAsked(at), at.lifeEvidence],
    of: String(at.current?.id ?? ""),
    forMs,
    looks: 1,
    isConfirmed: at.isConfirmed,
    action: { kind: "retire", slot: at.slot.name, retirement: beginRetirement(at, reason, next) },
  };
}

export const RUNNING_RULES: readonly Rule<RuledSlot>[] = [
  signOfJob,
  registrationGone,
  zombieBusy,
  hungListener,
  notRegistered,
  startOverdue,
  starting,
  sessionConflict,
  busyAtGitHub,
  remoteUnknown,
  runsUnrecorded,
  configurationOutdated,
  neededElsewhere,
  serving,
  idleBeyondMin,
];
