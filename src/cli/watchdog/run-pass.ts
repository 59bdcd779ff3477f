// One pass: observe, decide, act, tell. In: the plan, this host, what was opened for it, what was asked for. Out: the
// pass, its exit code and its metrics; audit log, counts and the metrics file are written.

import { type KeptAnswers, openAnswers } from "../../adapters/answer-cache.ts";
import { appendAudit } from "../../adapters/audit-log.ts";
import { observeCards } from "../../adapters/observe-cards.ts";
import { replaceFile } from "../../adapters/replace-file.ts";
import {
  readMemoryText,
  readTallyText,
  saveMemoryText,
  saveTallyText,
} from "../../adapters/watchdog-files.ts";
import { WorldError } from "../../base/world-error.ts";
import type { CardLoad } from "../../model/host-observation.ts";
import { listOwnedSlots } from "../../model/ownership.ts";
import type { Plan } from "../../model/plan.ts";
import type { Memory } from "../../model/watchdog.ts";
import { readMemory, writeMemory } from "../../model/watchdog-memory.ts";
import { type Counts, readTally, writeTally } from "../../model/watchdog-tally.ts";
import { type Acted, act } from "../../watchdog/act.ts";
import { BOUNDS, countPass } from "../../watchdog/count-pass.ts";
import { decide } from "../../watchdog/decide.ts";
import { observe } from "../../watchdog/observe.ts";
import { countAllowance, explainSilence, spendAllowance } from "../../watchdog/pace-requests.ts";
import { hasSeenAll, listAuditLines, type Pass } from "../../watchdog/tell-pass.ts";
import { chooseWindows } from "../../watchdog/windows.ts";
import { writeMetrics } from "../../watchdog/write-metrics.ts";
import { FINE, FOUND, REFUSED } from "../exit-codes.ts";
import { openLook } from "../open-look.ts";
import type { ThisHost } from "../this-host.ts";
import { openActPorts } from "./open-hands.ts";
import { type OpenedGitHub, openGitHubs, openSources, readTime } from "./open-sources.ts";
import { passOverGuests } from "./pass-guests.ts";

/** What outlives a pass in a daemon: tokens, connections, answers. */
export interface PassTools {
  readonly github: OpenedGitHub;
  readonly answers: KeptAnswers;
  /** Ends what is still asked of GitHub; nothing is asked with these afterwards. */
  readonly giveUp: () => void;
}

export interface PassOptions {
  readonly isDry: boolean;
  readonly archFilter: boolean;
  readonly force: boolean;
  readonly warn: (text: string) => void;
  /** Aborted: observing is given up, no further action is begun. */
  readonly stop: AbortSignal | null;
  /** Deliveries to the webhook since the pass before. */
  readonly webhooks: Counts;
  readonly specOk: boolean;
}

export interface RunPass {
  readonly pass: Pass;
  readonly exitCode: number;
  /** Prometheus text; null in a dry run. */
  readonly metrics: string | null;
  /** Requests left of this host's share. */
  readonly allowance: number | null;
  /** Something did not answer in time, and is asked on: the tools are to be given up. */
  readonly isLate: boolean;
}

const AUDIT_FILE = "watchdog.audit.jsonl";
const ANSWERS_FILE = "watchdog.answers.json";

export async function openPassTools(plan: Plan, at: ThisHost): Promise<PassTools> {
  const answers = openAnswers(`${at.places.state}/${ANSWERS_FILE}`);
  const over = new AbortController();
  const github = await openGitHubs(plan, at, { cache: answers, signal: over.signal });
  return { answers, github, giveUp: () => over.abort() };
}

/** null: it was stopped before anything was changed. */
export async function runPass(
  plan: Plan,
  at: ThisHost,
  tools: PassTools,
  options: PassOptions,
): Promise<RunPass | null> {
  const { host, places } = at;
  const { archFilter, force, isDry, stop } = options;
  const look = openLook(host, places);
  const began = readTime(look.files);
  const memory = readMemory(readMemoryText(look.files, places));
  const allowance = countAllowance(plan, memory, began);
  const windows = chooseWindows(plan);
  const silence = explainSilence(plan, allowance);
  const looking = isDry ? Promise.resolve([]) : observeCards(host, look.files, look.tools);
  let isLate = false;
  const sources = openSources(plan, at, tools.github, memory, () => {
    isLate = true;
  });
  const observing = observe({ plan, host, memory, windows, silence }, sources);
  const observation = await orStopped(observing, stop);
  if (observation === null) return null;
  const decided = decide({ plan, host, observation, memory, windows, archFilter, force });
  if (isDry) {
    const guests = await passOverGuests(plan, at, { isDry, stop });
    const pass = { observation, decided, outcomes: [], isDry, guests };
    return { pass, exitCode: chooseExitCode(pass), metrics: null, allowance, isLate };
  }
  const owned = listOwnedSlots(plan);
  const next = spendAllowance(decided.memory, allowance, observation.requestsCounted);
  const {
    outcomes,
    memory: acted,
    requests,
  } = await act(
    { host: host.name, decisions: decided.decisions, memory: next, owned, windows },
    openActPorts(plan, at, tools.github, { owned, stop }),
  );
  const guests = await passOverGuests(plan, at, { isDry, stop });
  const pass: Pass = { observation, decided, outcomes, isDry, guests };
  const exitCode = chooseExitCode(pass);
  const lastFine = hasSeenAll(pass) ? observation.time.wall : acted.lastFine;
  const durationMs = readTime(look.files).monotonic - began.monotonic;
  tools.answers.age();
  const noted = { memory: { ...acted, lastFine }, requests, exitCode, durationMs, cards: await looking };
  const metrics = tell(plan, at, pass, noted, options);
  return { pass, exitCode, metrics, allowance: acted.allowance, isLate };
}

/** What is asked of GitHub goes on, and nobody waits for it. */
async function orStopped<T>(work: Promise<T>, stop: AbortSignal | null): Promise<T | null> {
  if (stop === null) return work;
  if (stop.aborted) return null;
  let onStop: () => void = () => undefined;
  const stopped = new Promise<null>((settle) => {
    onStop = () => settle(null);
    stop.addEventListener("abort", onStop);
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    stop.removeEventListener("abort", onStop);
  }
}

interface Noted {
  readonly memory: Memory;
  readonly requests: Acted["requests"];
  readonly exitCode: number;
  readonly durationMs: number;
  readonly cards: readonly CardLoad[];
}

/** What was done is done: a disk that refuses to be told of it is a warning. */
function tell(
  plan: Plan,
  { host, places }: ThisHost,
  pass: Pass,
  noted: Noted,
  options: PassOptions,
): string {
  const { files } = openLook(host, places);
  const { observation, decided, outcomes } = pass;
  const { memory, requests, exitCode, durationMs, cards } = noted;
  const pools = new Map(
    host.placements.flatMap(({ pool, slots }) => slots.map(({ name }) => [name, pool] as const)),
  );
  const before = readTally(readTallyText(files, places), BOUNDS.length);
  const { webhooks } = options;
  const tally = countPass(before, { observation, outcomes, requests, exitCode, pools, webhooks });
  const lastSuccess = memory.lastFine;
  const { specOk } = options;
  const text = writeMetrics({
    ...{
      plan,
      host,
      observation,
      decided,
      guests: pass.guests,
      durationMs,
      exitCode,
      lastSuccess,
      tally,
      cards,
      specOk,
    },
  });
  const notes = [
    () => saveMemoryText(places, writeMemory(memory)),
    () => saveTallyText(places, writeTally(tally)),
    () => appendAudit(`${places.state}/${AUDIT_FILE}`, listAuditLines(pass)),
    () => writeMetricsFile(plan.watchdog.metrics, text),
  ];
  for (const note of notes) tryNote(note, options.warn);
  return text;
}

export function tryNote(note: () => void, warn: (text: string) => void): void {
  try {
    note();
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    warn(error.message);
  }
}

function writeMetricsFile(path: string | null, text: string): void {
  if (path === null) return;
  const cut = path.lastIndexOf("/");
  // node_exporter runs as another user.
  replaceFile(path.slice(0, cut) || "/", path.slice(cut + 1), text, 0o644);
}

/** What ends by itself, as a job does that `apply` waits for. */
const QUIET: ReadonlySet<string> = new Set(["WindowsBeganAnew", "ApplyUnfinished"]);

/** 77: a credential is refused. 1: something needs a look. */
export function chooseExitCode({ observation, decided, outcomes, guests }: Pass): number {
  const isRefused = guests?.observation.trouble?.kind === "refused";
  if (isRefused || observation.troubles.some(({ kind }) => kind === "refused")) return REFUSED;
  const all = [...decided.decisions, ...(guests?.decided.rulings ?? [])];
  const isUnknown = all.some(({ verdict }) => verdict === "unknown");
  const done = [...outcomes, ...(guests?.outcomes ?? [])];
  const hasFailed = done.some(({ result }) => result === "failed" || result === "not-tried");
  const notices = [...decided.notices, ...(guests?.decided.notices ?? [])].filter(
    ({ fact }) => !QUIET.has(fact),
  );
  return isUnknown || hasFailed || notices.length > 0 ? FOUND : FINE;
}
