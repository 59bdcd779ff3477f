// Why a slot is as it is: the one reason that tells most. An ordered list of rules, each named by its fact; the
// first that speaks wins. In: a slot's case. Out: reason, sentence, what to do next.

import { formatDuration } from "../base/units.ts";
import { isUp } from "../model/slot-life.ts";
import type { SlotCase } from "./compare-slots.ts";

/** `waits`: it will come right by itself. `differs`: someone has to act. */
export type Health = "ok" | "waits" | "differs" | "unknown";

export interface Explanation {
  readonly health: Health;
  /** `HasJob`, `PreflightRed`: never renamed. */
  readonly reason: string;
  readonly text: string;
  /** A command; null: nothing to do. */
  readonly next: string | null;
}

type Rule = (at: SlotCase) => Explanation | null;

export function explainSlot(at: SlotCase): Explanation {
  for (const rule of at.seen === null ? ELSEWHERE : HERE) {
    const explanation = rule(at);
    if (explanation !== null) return explanation;
  }
  throw new Error(`nothing explains ${at.slot.name}`);
}

const say = (health: Health, reason: string, text: string, next: string | null = null): Explanation => ({
  health,
  reason,
  text,
  next,
});

const isAlive = ({ life }: SlotCase): boolean => life !== null && isUp(life.life);
const runs = ({ life }: SlotCase): boolean => life?.life === "idle" || life?.life === "busy";
const mintOf = ({ seen }: SlotCase) => (seen?.mint.known === true ? seen.mint.value : null);

/** It lets go by itself: a person who undoes it would begin it anew. */
const takenDown: Rule = ({ seen }) =>
  seen?.holder.known === true && seen.holder.value === "watchdog"
    ? say(
        "waits",
        "TakenDown",
        "the watchdog takes it down; why is in its audit log",
        "ci-fleet watchdog --dry-run",
      )
    : null;

const draining: Rule = (at) =>
  at.wanted === "drained" && isAlive(at)
    ? say(
        "waits",
        "Draining",
        describeJob(at) ?? "it is drained, and stops when it can",
        `ci-fleet drain --wait ${at.slot.name}`,
      )
    : null;

const drained: Rule = (at) =>
  at.wanted === "drained" && at.life?.life !== "unknown" && at.life?.life !== "absent"
    ? say(
        "ok",
        "Drained",
        "out of service until the drain is undone",
        `ci-fleet drain --undo ${at.slot.name}`,
      )
    : null;

const hasJob: Rule = (at) => (at.life?.life === "busy" ? explainBusy(at) : null);

function explainBusy(at: SlotCase): Explanation {
  const waits = pendingOf(at);
  const text = describeJob(at) ?? "it has a job";
  if (waits !== null) return say("waits", "ChangeWaitsForJob", `${text}; then it takes a change over`, null);
  return say("ok", "HasJob", text);
}

const preflightRed: Rule = (at) => {
  const mint = mintOf(at);
  if (mint?.state !== "red" || runs(at)) return null;
  return say("differs", "PreflightRed", `${mint.reason}: ${mint.message}${tellNext(at)}`, "ci-fleet doctor");
};

const startGivenUp: Rule = (at) => {
  const mint = mintOf(at);
  if (mint?.state !== "stopped" || runs(at)) return null;
  return say("differs", "StartGivenUp", `${mint.reason}: ${mint.message}`, `ci-fleet logs ${at.slot.name}`);
};

const startPutOff: Rule = (at) => {
  const mint = mintOf(at);
  if (mint?.state !== "waiting" || at.life?.life !== "starting") return null;
  // Where it waits by back-off, the message says both itself.
  const isSaid = mint.message.startsWith(`${mint.reason} `);
  const times = mint.failures > 1 && !isSaid ? ` (${mint.failures} times in a row)` : "";
  // Once is a hiccup; more often is something to look at.
  const health = mint.failures > 2 ? "differs" : "waits";
  const text = `${isSaid ? "" : `${mint.reason}: `}${mint.message}${times}${tellNext(at)}`;
  return say(health, "StartPutOff", text, `ci-fleet logs ${at.slot.name}`);
};

function tellNext(at: SlotCase): string {
  const next = mintOf(at)?.nextTryAt ?? null;
  if (next === null) return "";
  return next <= at.now ? "; it tries again now" : `; next try in ${formatDuration(next - at.now)}`;
}

const cannotTell: Rule = (at) =>
  at.life?.life === "unknown"
    ? say("unknown", "StateHidden", at.life.evidence, "sudo ci-fleet status")
    : null;

/** Whatever else cannot be seen. */
const neverInstalled: Rule = (at) => {
  const isNew = at.local?.installed.known === true && !at.local.installed.value;
  if (!isNew || at.life?.life !== "unknown") return null;
  return say(
    "differs",
    "NotInstalled",
    `the fleet is not installed on this host; ${at.life.evidence}`,
    "sudo ci-fleet apply",
  );
};

const notInstalled: Rule = (at) => {
  if (at.life?.life !== "absent") return null;
  const never = at.local?.installed.known === true && !at.local.installed.value;
  const text = never ? "the fleet is not installed on this host" : "its unit is not installed yet";
  return say("differs", "NotInstalled", text, "sudo ci-fleet apply");
};

const unitFailed: Rule = (at) => {
  if (at.life?.life !== "failed") return null;
  const exit = at.seen?.lastExit.known === true ? at.seen.lastExit.value : null;
  const how = exit === null ? "" : `; the runner ended with ${exit.class} (${exit.code})`;
  return say("differs", "UnitFailed", `${at.life.evidence}${how}`, `ci-fleet logs ${at.slot.name}`);
};

const changePending: Rule = (at) => {
  const pending = pendingOf(at);
  if (pending === null) return null;
  const { action, why } = pending;
  const next = action === "restart" && at.isWatched ? "; the watchdog goes on with it" : "";
  return say("waits", "ChangePending", `its ${action} was put off: ${why}${next}`, "sudo ci-fleet apply");
};

function pendingOf({ local, slot }: SlotCase) {
  return local?.pending.find((each) => each.slot === slot.name) ?? null;
}

const oldGeneration: Rule = (at) => {
  const container = at.seen?.container.known === true ? at.seen.container.value : null;
  const wanted = at.local?.generations.get(at.slot.name);
  const label = container?.labels["dev.ci-fleet.generation"];
  if (container?.running !== true || wanted === undefined || label === wanted) return null;
  return say("waits", "RunsOldGeneration", "it runs what was rendered before", "sudo ci-fleet apply");
};

const registrationMissing: Rule = (at) =>
  runs(at) && at.github === "none"
    ? say(
        "differs",
        "RegistrationMissing",
        "a runner runs here, and GitHub does not know it",
        `ci-fleet logs ${at.slot.name}`,
      )
    : null;

/** GitHub's list is known to be minutes behind (actions/runner issue 3892). */
const offlineAtGitHub: Rule = (at) =>
  runs(at) && at.github === "offline"
    ? say(
        "waits",
        "OfflineAtGitHub",
        "a runner runs here, and GitHub sees it offline",
        `ci-fleet logs ${at.slot.name}`,
      )
    : null;

const busyAtGitHubOnly: Rule = (at) =>
  at.life?.life === "idle" && at.github === "busy"
    ? say("waits", "BusyAtGitHubOnly", "GitHub says that it has a job, and no worker runs here")
    : null;

const extraRegistrations: Rule = (at) =>
  at.registrations.length > 1
    ? say(
        "waits",
        "ExtraRegistrations",
        `GitHub has ${at.registrations.length} registrations of it: ${nameAll(at)}; the watchdog removes the dead ones`,
      )
    : null;

const ghostRegistered: Rule = (at) => {
  const down = at.life?.life === "stopped" || at.life?.life === "absent";
  const keeps = at.placement.lifetime === "persistent";
  if (!down || keeps || at.registrations.length === 0) return null;
  return say(
    "waits",
    "GhostRegistered",
    `nothing runs here, and GitHub has ${nameAll(at)}; the watchdog removes it`,
  );
};

function nameAll({ registrations }: SlotCase): string {
  return registrations.map(({ name }) => name).join(", ");
}

const waitsForRepository: Rule = (at) =>
  at.life?.life === "stopped" &&
  at.needsRepository &&
  at.seen?.assigned.known === true &&
  at.seen.assigned.value === null
    ? say("ok", "WaitsForRepository", "no repository needs it")
    : null;

const waitsForDemand: Rule = (at) =>
  at.life?.life === "stopped" && at.wanted === "on-demand"
    ? say("ok", "WaitsForDemand", "it is started when jobs wait")
    : null;

const stoppedByHand: Rule = (at) => {
  if (at.life?.life !== "stopped") return null;
  const text = "it should run, and was stopped or never started";
  const start = `ci-fleet start ${at.slot.name}`;
  if (!at.isWatched) return say("differs", "Stopped", text, start);
  return say("waits", "Stopped", `${text}; the next pass of the watchdog starts it`, start);
};

const starting: Rule = (at) =>
  at.life?.life === "starting" || at.life?.life === "stopping"
    ? say("waits", at.life.life === "starting" ? "Starting" : "Stopping", at.life.evidence)
    : null;

const idle: Rule = (at) => (at.life?.life === "idle" ? say("ok", "Idle", "it waits for a job") : null);

const HERE: readonly Rule[] = [
  takenDown,
  draining,
  drained,
  hasJob,
  preflightRed,
  startGivenUp,
  startPutOff,
  neverInstalled,
  cannotTell,
  unitFailed,
  ghostRegistered,
  notInstalled,
  changePending,
  oldGeneration,
  registrationMissing,
  offlineAtGitHub,
  busyAtGitHubOnly,
  extraRegistrations,
  waitsForRepository,
  waitsForDemand,
  stoppedByHand,
  starting,
  idle,
];

/** Of another host only GitHub can tell. */
const ELSEWHERE: readonly Rule[] = [
  ({ github }) => (github === "unknown" ? say("unknown", "NotAsked", "it is on another host") : null),
  ({ github }) => (github === "busy" ? say("ok", "HasJob", "GitHub says that it has a job") : null),
  ({ github }) => (github === "online" ? say("ok", "Idle", "GitHub says that it waits for a job") : null),
  ({ github, host }) =>
    github === "offline" ? say("differs", "OfflineElsewhere", `offline; look on ${host.name}`) : null,
  ({ wanted }) =>
    wanted === "on-demand" ? say("ok", "WaitsForDemand", "it is started when jobs wait") : null,
  ({ host }) => say("differs", "NotRegistered", `GitHub does not know it; look on ${host.name}`),
];

/** `acme/app: build of CI (run 4711) for 12m`; words of strangers, for the printer to clean. */
function describeJob({ seen, now }: SlotCase): string | null {
  const job = seen?.job.known === true ? seen.job.value : null;
  if (job === null) return null;
  const since = job.startedAt === null ? "" : ` for ${formatDuration(Math.max(0, now - job.startedAt))}`;
  return `${job.repository || "a repository"}: ${job.job || "a job"} of ${job.workflow || "a workflow"} (run ${job.runId || "unknown"})${since}`;
}
