// One pass: observe, decide, act, tell. In: the plan, this host, what was asked for. Out: the pass and its exit code;
// audit log and metrics are written.

import { openAnswers } from "../../adapters/answer-cache.ts";
import { appendAudit } from "../../adapters/audit-log.ts";
import { ping } from "../../adapters/ping.ts";
import { replaceFile } from "../../adapters/replace-file.ts";
import { readMemoryText, saveMemoryText } from "../../adapters/watchdog-files.ts";
import { WorldError } from "../../base/world-error.ts";
import { listOwnedSlots } from "../../model/ownership.ts";
import type { Plan } from "../../model/plan.ts";
import { readMemory, writeMemory } from "../../model/watchdog-memory.ts";
import { act } from "../../watchdog/act.ts";
import { decide } from "../../watchdog/decide.ts";
import { observe } from "../../watchdog/observe.ts";
import { countAllowance, explainSilence, spendAllowance } from "../../watchdog/pace-requests.ts";
import { listAuditLines, type Pass } from "../../watchdog/tell-pass.ts";
import { chooseWindows } from "../../watchdog/windows.ts";
import { type MetricsInputs, writeMetrics } from "../../watchdog/write-metrics.ts";
import { FINE, FOUND, REFUSED } from "../exit-codes.ts";
import { openLook } from "../open-look.ts";
import type { ThisHost } from "../this-host.ts";
import { openActPorts } from "./open-hands.ts";
import { openGitHubs, openSources, readTime } from "./open-sources.ts";

export interface PassOptions {
  readonly isDry: boolean;
  readonly archFilter: boolean;
  readonly force: boolean;
  readonly warn: (text: string) => void;
}

export interface RunPass {
  readonly pass: Pass;
  readonly exitCode: number;
}

const AUDIT_FILE = "watchdog.audit.jsonl";
const ANSWERS_FILE = "watchdog.answers.json";

export async function runPass(plan: Plan, at: ThisHost, options: PassOptions): Promise<RunPass> {
  const { host, places } = at;
  const { files } = openLook(host, places);
  const began = readTime(files);
  const memory = readMemory(readMemoryText(files, places));
  const answers = openAnswers(`${places.state}/${ANSWERS_FILE}`);
  const github = await openGitHubs(plan, at, answers);
  const allowance = countAllowance(plan, memory, began);
  const windows = chooseWindows(plan);
  const silence = explainSilence(plan, allowance);
  const observation = await observe(
    { plan, host, memory, windows, silence },
    openSources(plan, at, github, memory),
  );
  const { archFilter, force, isDry } = options;
  const decided = decide({ plan, host, observation, memory, windows, archFilter, force });
  if (isDry) {
    const pass = { observation, decided, outcomes: [], isDry };
    return { pass, exitCode: chooseExitCode(pass) };
  }
  const owned = listOwnedSlots(plan);
  const next = spendAllowance(decided.memory, allowance, observation.requestsCounted);
  const { outcomes, memory: acted } = await act(
    { host: host.name, decisions: decided.decisions, memory: next, owned, windows },
    openActPorts(plan, at, github, owned),
  );
  const pass: Pass = { observation, decided, outcomes, isDry };
  const exitCode = chooseExitCode(pass);
  const ended = readTime(files);
  const lastFine = exitCode === FINE ? observation.time.wall : acted.lastFine;
  const notes = [
    () => saveMemoryText(places, writeMemory({ ...acted, lastFine })),
    () => answers.keep(),
    () => appendAudit(`${places.state}/${AUDIT_FILE}`, listAuditLines(pass)),
    () =>
      writeMetricsFile(plan, at, pass, {
        exitCode,
        lastSuccess: lastFine,
        durationMs: ended.monotonic - began.monotonic,
      }),
  ];
  for (const note of notes) tryNote(note, options.warn);
  if (plan.watchdog.ping !== null) {
    const why = await ping(plan.watchdog.ping, exitCode === FINE);
    if (why !== null) options.warn(`the ping did not arrive: ${why}`);
  }
  return { pass, exitCode };
}

/** What was done is done: a disk that refuses to be told of it is a warning. */
function tryNote(note: () => void, warn: (text: string) => void): void {
  try {
    note();
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    warn(error.message);
  }
}

function writeMetricsFile(
  plan: Plan,
  { host }: ThisHost,
  { observation, decided, outcomes }: Pass,
  run: Pick<MetricsInputs, "exitCode" | "durationMs" | "lastSuccess">,
): void {
  const path = plan.watchdog.metrics;
  if (path === null) return;
  const text = writeMetrics({ plan, host, observation, decided, outcomes, ...run });
  const cut = path.lastIndexOf("/");
  // node_exporter runs as another user.
  replaceFile(path.slice(0, cut) || "/", path.slice(cut + 1), text, 0o644);
}

/** What ends by itself, as a job does that `apply` waits for. */
const QUIET: ReadonlySet<string> = new Set(["WindowsBeganAnew", "ApplyUnfinished"]);

/** 77: a credential is refused. 1: something needs a look. */
export function chooseExitCode({ observation, decided, outcomes }: Pass): number {
  if (observation.troubles.some(({ kind }) => kind === "refused")) return REFUSED;
  const isUnknown = decided.decisions.some(({ verdict }) => verdict === "unknown");
  const hasFailed = outcomes.some(({ result }) => result === "failed" || result === "not-tried");
  const notices = decided.notices.filter(({ fact }) => !QUIET.has(fact));
  return isUnknown || hasFailed || notices.length > 0 ? FOUND : FINE;
}
