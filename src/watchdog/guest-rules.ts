// The rules for one guest of a node, in order: the first that speaks decides. Laws: a guest that runs is left alone,
// whatever else is so; nothing without our mark is touched. In: a case. Out: a finding.

import type { GuestAction, GuestReason } from "../model/guest-life.ts";
import type { GuestRecord, SnapshotRecord } from "../model/hypervisor-port.ts";
import { CLEAN_SNAPSHOT, hasServeWord } from "../model/one-job.ts";
import type { Verdict } from "../model/watchdog.ts";
import { type GuestCase, isInRecord, isMarked } from "./guest-case.ts";

export interface GuestFinding {
  readonly verdict: Verdict;
  readonly reason: GuestReason;
  readonly evidence: readonly string[];
  readonly action: GuestAction | null;
}

type Rule = (at: GuestCase) => GuestFinding | null;

/** Tries in a row after which it is told, and tried once an hour. */
export const BREAKER_TIMES = 5;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;

export function judgeGuest(at: GuestCase): GuestFinding {
  for (const rule of RULES) {
    const finding = rule(at);
    if (finding !== null) return finding;
  }
  throw new Error(`no rule speaks of guest ${at.guest.name}`);
}

function say(verdict: Verdict, reason: GuestReason, ...evidence: readonly string[]): GuestFinding {
  return { verdict, reason, evidence, action: null };
}

function act(action: GuestAction, reason: GuestReason, ...evidence: readonly string[]): GuestFinding {
  return { verdict: "act", reason, evidence, action };
}

const cannotBeSeen: Rule = ({ seen }) =>
  seen.record.known ? null : say("unknown", "GuestUnknown", seen.record.why);

const isNotThere: Rule = (at) => {
  const { seen, guest } = at;
  if (!seen.record.known || seen.record.value !== null) return null;
  const there = `the node has no guest ${guest.vmId}`;
  const busy = describeTask(at);
  if (busy !== null) return say("wait", "TaskRunning", there, busy);
  if (guest.reset !== "clone") return say("wait", "GuestAbsent", there, "apply, or its qm.sh, makes it");
  const pause = explainPause(at);
  if (pause !== null) return pause;
  return act("make", "NotMadeYet", there);
};

const belongsToSomebodyElse: Rule = ({ guest, seen }) => {
  const record = recordOf(seen);
  // While it is cloned it has no mark yet.
  if (record.lock !== null) return null;
  if (record.template) return say("wait", "NotOurs", "it is a template");
  if (isMarked(guest, record)) return null;
  return say("wait", "NotOurs", `its description does not begin with ${JSON.stringify(guest.mark)}`);
};

const isPersistent: Rule = ({ guest, seen }) =>
  guest.reset === null ? say("leave", "PersistentGuest", describeState(recordOf(seen))) : null;

const runs: Rule = ({ seen, note }) => {
  const record = recordOf(seen);
  if (record.status !== "running") return null;
  const isServing = hasServeWord(record.config.smbios1);
  const what = note.work === null ? [] : [`${note.work.step} is not known to have ended`];
  return say("leave", isServing ? "Running" : "SettingUp", describeState(record), ...what);
};

const isWorkedOn: Rule = (at) => {
  const busy = describeTask(at);
  return busy === null ? null : say("wait", "TaskRunning", describeState(recordOf(at.seen)), busy);
};

const isLocked: Rule = ({ seen }) => {
  const { lock } = recordOf(seen);
  return lock === null ? null : say("wait", "Locked", `it is locked: ${lock}`);
};

const isHeld: Rule = ({ guest }) => (guest.held === null ? null : say("wait", "Held", guest.held));

const hasFailedBefore: Rule = (at) => explainPause(at);

const isCloned: Rule = ({ guest, seen, note }) => {
  if (guest.reset !== "clone") return null;
  const record = recordOf(seen);
  const evidence = ["it is stopped", "its description has our mark"];
  if (!isInRecord(note, seen, record)) {
    return say("wait", "NotInOurRecord", ...evidence, "no record of ours says that we made this one");
  }
  const known = "our record has its UUID";
  return hasServeWord(record.config.smbios1)
    ? act("remake", "JobDone", ...evidence, known, "it was started for a job")
    : act("serve", "NewlyMade", ...evidence, known, "it was not started for a job yet");
};

const snapshotsCannotBeSeen: Rule = ({ seen }) =>
  seen.snapshots.known ? null : say("unknown", "GuestUnknown", `its snapshots: ${seen.snapshots.why}`);

const hasCleanState: Rule = (at) => {
  const clean = findClean(at);
  if (clean === null) return null;
  if (!isOurSnapshot(at, clean) || clean.memory) {
    return say("wait", "NotOurs", `somebody else took its snapshot ${CLEAN_SNAPSHOT}`);
  }
  const word = hasServeWord(recordOf(at.seen).config.smbios1)
    ? "it was started for a job"
    : "nothing ran since";
  return act("reset", "JobDone", "it is stopped", `snapshot ${CLEAN_SNAPSHOT} is there`, word);
};

const mayHaveHadJobs: Rule = ({ seen }) =>
  hasServeWord(recordOf(seen).config.smbios1)
    ? say(
        "wait",
        "SnapshotGone",
        `snapshot ${CLEAN_SNAPSHOT} is gone, and it was started for a job before`,
        "destroy it, and let apply make it anew",
      )
    : null;

const wasSetUp: Rule = ({ note }) =>
  note.booted ? act("keep", "SetUpDone", "it ran and has powered off", "it served no job before") : null;

const waitsForItsFirstBoot: Rule = () =>
  act(
    "set-up",
    "NeverStarted",
    "it is stopped",
    "nobody has seen its set-up end",
    "it has no clean state yet",
  );

const RULES: readonly Rule[] = [
  cannotBeSeen,
  isNotThere,
  belongsToSomebodyElse,
  isPersistent,
  runs,
  isWorkedOn,
  isLocked,
  isHeld,
  hasFailedBefore,
  isCloned,
  snapshotsCannotBeSeen,
  hasCleanState,
  mayHaveHadJobs,
  wasSetUp,
  waitsForItsFirstBoot,
];

function recordOf({ record }: GuestCase["seen"]): GuestRecord {
  if (!record.known || record.value === null) throw new Error("an earlier rule speaks of what is not there");
  return record.value;
}

export function findClean({ seen }: Pick<GuestCase, "seen">): SnapshotRecord | null {
  if (!seen.snapshots.known) return null;
  return seen.snapshots.value?.snapshots.find(({ name }) => name === CLEAN_SNAPSHOT) ?? null;
}

/** As describeClean writes it. */
function isOurSnapshot({ guest }: Pick<GuestCase, "guest">, { description }: SnapshotRecord): boolean {
  return description.split("\n", 1)[0] === guest.mark;
}

/** The generation is what it was made from: after a change of the spec it is an older one. */
export function describeClean({ guest, generation }: Pick<GuestCase, "guest" | "generation">): string {
  return `${guest.mark}\nSet up and without a job. Generation ${generation}.`;
}

function describeTask({ seen, note }: GuestCase): string | null {
  const { task, tasks } = seen;
  const step = note.work?.step ?? "";
  if (task.kind === "running") return `our ${step} is not done yet`;
  if (task.kind === "unknown") return `whether our ${step} is done is not known: ${task.why}`;
  if (!tasks.known) return `its tasks: ${tasks.why}`;
  const [other] = tasks.value;
  return other === undefined ? null : `${other.type} of ${other.user} runs`;
}

function describeState({ status, uptime, qmpStatus, lock }: GuestRecord): string {
  const up = uptime === null ? "" : ` for ${Math.floor(uptime)} s`;
  const word = qmpStatus === null || qmpStatus === status ? "" : ` (${qmpStatus})`;
  return `it is ${status}${up}${word}${lock === null ? "" : `, locked: ${lock}`}`;
}

/** null: it may be tried. */
function explainPause({ note, time }: GuestCase): GuestFinding | null {
  const { setbacks } = note;
  if (setbacks === null) return null;
  const { times, at, why } = setbacks;
  const pause =
    times >= BREAKER_TIMES ? LONGEST_PAUSE_MS : Math.min(FIRST_PAUSE_MS * 2 ** (times - 1), LONGEST_PAUSE_MS);
  const left = at + pause - time.monotonic;
  if (left <= 0) return null;
  const reason = times >= BREAKER_TIMES ? "KeepsFailing" : "BackingOff";
  return say("wait", reason, `${times} in a row: ${why}`, `tried again in ${Math.ceil(left / 1000)} s`);
}
