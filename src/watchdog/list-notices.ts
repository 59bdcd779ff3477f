// What a pass has to tell beside its decisions: what is no slot's, and slots that only a person can help. In: plan,
// observation, whether windows began anew; decisions. Out: notices.

import { formatDuration, formatSize } from "../base/units.ts";
import { MIN_FREE_MIB_TO_REGISTER } from "../model/disk-guard.ts";
import type { Plan } from "../model/plan.ts";
import type { Decision, Memory, Notice, Observation } from "../model/watchdog.ts";

/** The runner's own limit is five minutes. */
const CLOCK_MS = 60_000;
const DAY = 86_400_000;
const VERSION_NOTICE_MS = 7 * DAY;

export function listNotices(plan: Plan, observation: Observation, broken: string | null): readonly Notice[] {
  const { troubles, foreign, clockOffset, disks, unfinished } = observation;
  const notices: Notice[] = troubles.map(({ scope, kind, why }) => {
    const text = `${scope}: ${why}`;
    if (kind === "refused") return { fact: "CredentialRefused", text: `${text}; \`ci-fleet auth check\`` };
    return { fact: kind === "limited" ? "RateLimited" : "GitHubUnknown", text };
  });
  if (broken !== null) notices.push({ fact: "WindowsBeganAnew", text: broken });
  for (const { kind, pid, uid, folder } of foreign.known ? foreign.value : []) {
    const where = folder === null ? "" : ` in ${folder}`;
    const text = `a ${kind} that belongs to no slot runs as process ${pid}, user ${uid ?? "unknown"}${where}`;
    notices.push({ fact: "RogueListener", text });
  }
  if (clockOffset !== null && Math.abs(clockOffset) > CLOCK_MS) {
    const side = clockOffset > 0 ? "behind" : "ahead of";
    notices.push({
      fact: "ClockOff",
      text: `this machine's clock is ${formatDuration(Math.abs(clockOffset))} ${side} GitHub's`,
    });
  }
  for (const disk of disks) {
    if (!disk.known || disk.value.freeBytes >= MIN_FREE_MIB_TO_REGISTER * 2 ** 20) continue;
    notices.push({
      fact: "DiskLow",
      text: `${disk.value.path} has ${formatSize(disk.value.freeBytes)} free`,
    });
  }
  for (const { slot, action } of unfinished) {
    const text = `${slot} waits for \`ci-fleet apply\`, which left it for when it has no job: ${action}`;
    notices.push({ fact: "ApplyUnfinished", text });
  }
  return [...notices, ...listVersionNotices(plan, observation)];
}

/** Starts in a row that came to nothing: five is where ARC gives up (EphemeralRunner controller). */
const FAILED_STARTS = 5;

export function listSlotNotices(
  decisions: readonly Decision[],
  started: Memory["started"],
): readonly Notice[] {
  const overdue = decisions.flatMap(({ subject, reason, evidence }): readonly Notice[] =>
    reason === "StartOverdue" && subject.kind === "slot"
      ? [{ fact: "StartOverdue", text: `${subject.slot}: ${evidence.join("; ")}` }]
      : [],
  );
  const failing = Object.entries(started).flatMap(([slot, { times }]): readonly Notice[] =>
    times < FAILED_STARTS
      ? []
      : [
          {
            fact: "StartsFail",
            text: `${slot} was started ${times} times and never came to serve; \`ci-fleet logs ${slot}\``,
          },
        ],
  );
  const absent = decisions
    .filter(({ reason }) => reason === "NotInstalled")
    .map(({ subject }) => subject.slot);
  const notInstalled = absent.length === 0 ? [] : [{ fact: "NotInstalled", text: describeAbsent(absent) }];
  return [...notInstalled, ...overdue, ...failing];
}

function describeAbsent(slots: readonly string[]): string {
  const [first = ""] = slots;
  const more = slots.length === 1 ? " is" : ` and ${slots.length - 1} more are`;
  return `${first}${more} not installed on this host; \`ci-fleet apply\``;
}

function listVersionNotices(plan: Plan, { versionEnds, time, clockOffset }: Observation): readonly Notice[] {
  const now = time.wall + (clockOffset ?? 0);
  return [...versionEnds].flatMap(([target, ends]): readonly Notice[] => {
    const at = ends.known && ends.value !== null ? Date.parse(ends.value) : Number.NaN;
    if (!(at - now < VERSION_NOTICE_MS)) return [];
    const { version } = plan.runner;
    const text =
      at <= now
        ? `${target}: GitHub gives no jobs to runner ${version} any more`
        : `${target}: GitHub gives no jobs to runner ${version} in ${Math.ceil((at - now) / DAY)} days`;
    return [{ fact: at <= now ? "VersionEnded" : "VersionEndsSoon", text: `${text}; \`ci-fleet bump\`` }];
  });
}
