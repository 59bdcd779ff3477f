// Rules and windows of the watchdog taken out one by one. The laws over random histories do not see each of them, for
// much is kept twice: a scene or a case by name has to. In: nothing. Out: where, what, and what stands there instead.

export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const mutant = (name: string, file: string, from: string, to: string): Mutant => ({
  name,
  file: `src/watchdog/${file}`,
  from,
  to,
});
/** A rule that never speaks. */
const mute = (file: string, rule: string): Mutant => mutant(`${rule} never speaks`, file, `  ${rule},\n`, "");
const never = (constant: string, length: string, name: string): Mutant =>
  mutant(name, "windows.ts", `${constant}: ${length},`, `${constant}: 0,`);

export const MUTANTS: readonly Mutant[] = [
  mutant(
    "a job marker is ignored when it is decided",
    "rules-retirement.ts",
    'jobSign === null || isSignStale ? null : say("wait", "MarkerWithoutWorker", jobSign)',
    "jobSign === null || !isSignStale ? null : null",
  ),
  mutant(
    "a job marker is ignored when it is acted",
    "act-hands.ts",
    "  return sign;\n}",
    "  return null;\n}",
  ),
  mutant(
    "a worker is ignored when it is acted",
    "act-hands.ts",
    'if (processes.value.some(({ kind }) => kind === "worker"))',
    "if (processes.value.length < 0)",
  ),
  mutant(
    "what runs in a slot is no user of its old registrations",
    "judge-registrations.ts",
    'life === "stopping" || (runs && (current === null || current === seen))',
    'life === "stopping" && runs && current === seen',
  ),
  mutant(
    "a list's word is enough",
    "decide.ts",
    'finding.isConfirmed ? null : "GitHub has not confirmed it by number in this pass"',
    "null",
  ),
  mutant("one look is enough", "decide.ts", "mark.passes < finding.looks", "mark.passes < 0"),
  mutant(
    "a window that began anew counts",
    "decide.ts",
    "if (isBroken) return",
    "if (isBroken && mark === undefined) return",
  ),
  mutant("another registration inherits a mark", "decide.ts", "|| mark.of !== finding.of", ""),
  mutant(
    "every host is the deputy",
    "judge-registrations.ts",
    '!inputs.isDeputy || seen.asked.kind === "gone"',
    'seen.asked.kind === "gone"',
  ),
  mutant(
    "a deletion that was not carried out is believed",
    "rules-retirement.ts",
    'if (givenUp === "here") return',
    'if (givenUp === "here" && at.isVersionEnded) return',
  ),
  mutant("a whole pool may go", "limit-removals.ts", "?? 0) / 2)", "?? 0))"),
  mutant("an incomplete answer is no reason to wait", "limit-removals.ts", "trouble !== undefined", "false"),
  mutant(
    "the oldest does not go first",
    "limit-removals.ts",
    "a.since - b.since || (a.key",
    "b.since - a.since || (a.key",
  ),
  never("registrationGone", "75 * SECOND", "a registration may be gone for a moment"),
  never("offline", "offlineAfter", "offline is dead at once"),
  never("offlineConnecting", "3 * offlineAfter", "a runner that cannot connect is dead at once"),
  never("gone", "DAY", "a host that is gone is so at once"),
  never("grace", "75 * SECOND", "no job is on its way"),
  never("drained", "MINUTE", "a drained slot goes at once"),
  never("staleSign", "15 * MINUTE", "a marker is a leftover at once"),
  never("start", "5 * MINUTE", "a start is overdue at once"),
  mutant("every mark begins anew", "carry-memory.ts", "marks: keepLongMarks(before, time),", ""),
  mutant("a jump of the clock breaks nothing", "carry-memory.ts", "Math.abs(drift) > jump", "drift === 0.5"),
  mute("rules-standing.ts", "jobRunning"),
  mute("rules-standing.ts", "drained"),
  mute("rules-standing.ts", "versionDeprecated"),
  mute("rules-standing.ts", "updating"),
  mute("rules-standing.ts", "heldByUs"),
  mute("rules-running.ts", "signOfJob"),
  mute("rules-running.ts", "registrationGone"),
  mute("rules-running.ts", "zombieBusy"),
  mute("rules-running.ts", "hungListener"),
  mute("rules-running.ts", "notRegistered"),
  mute("rules-running.ts", "startOverdue"),
  mute("rules-running.ts", "sessionConflict"),
  mute("rules-running.ts", "busyAtGitHub"),
  mute("rules-running.ts", "remoteUnknown"),
  mute("rules-running.ts", "runsUnrecorded"),
  mute("rules-running.ts", "configurationOutdated"),
  mute("rules-running.ts", "neededElsewhere"),
  mute("rules-running.ts", "serving"),
  mute("rules-retirement.ts", "registeredAnew"),
  mute("rules-retirement.ts", "jobCameFirst"),
  mute("rules-retirement.ts", "endedByItself"),
  mute("rules-start.ts", "deadSlot"),
  mute("rules-start.ts", "demandUnknown"),
  mute("rules-start.ts", "poolFull"),
  mutant(
    "an x64 host starts for ARM64",
    "cover-job.ts",
    "(ARCHITECTURES[label] ?? arch) === arch",
    'label !== ""',
  ),
  mutant(
    "starts follow one another at once",
    "start-pace.ts",
    "now - started.at >= pauseAfterStart(started)",
    "now >= started.at",
  ),
  mutant(
    "the number at GitHub may have another name",
    "act-delete.ts",
    "if (now.value.name !== name)",
    'if (now.value.name === "")',
  ),
  mutant("what is online is deleted", "act-delete.ts", "if (now.value.online)", "if (now.value.id === 0)"),
  mutant(
    "what runs at the last look is no user",
    "act-delete.ts",
    "if (look.isEmpty) return null;",
    "if (look !== null) return null;",
  ),
  mutant(
    "busy at the last look is ignored",
    "act-retire.ts",
    "if (now.value.busy) return giveUp",
    "if (now.value.id === 0) return giveUp",
  ),
  mutant(
    "nothing is written down before",
    "act-retire.ts",
    'await hands.save({ retiring: { [slot]: { ...retirement, phase: "deregister", since: hands.now() } } });\n',
    "",
  ),
];
