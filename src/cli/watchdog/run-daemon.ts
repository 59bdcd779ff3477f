// The watchdog as a service: pass after pass until it is told to stop. A pass that throws ends nothing but itself, a
// spec with errors leaves the last good one in force, and what else it may lack (its port, systemd) keeps no runner
// from being looked after. In: the call, the fleet as it was loaded. Out: exit code 0 after SIGTERM or SIGINT.

import { setTimeout as sleep } from "node:timers/promises";
import { startDeadline } from "../../adapters/deadline.ts";
import { takeFileLock } from "../../adapters/file-lock.ts";
import { openHostFiles } from "../../adapters/host-files.ts";
import type { Lock } from "../../adapters/lock.ts";
import { type Notifier, openNotifier } from "../../adapters/notify-systemd.ts";
import { readTallyText, saveTallyText } from "../../adapters/watchdog-files.ts";
import { WorldError } from "../../base/world-error.ts";
import { readTally, writeTally } from "../../model/watchdog-tally.ts";
import { BOUNDS, countCrash } from "../../watchdog/count-pass.ts";
import { healthyFor, nextAfterWake, nextOnGrid } from "../../watchdog/pace-passes.ts";
import { hasSpare } from "../../watchdog/pace-requests.ts";
import { hasSeenAll } from "../../watchdog/tell-pass.ts";
import { nameFleetLock } from "../apply/fleet-lock.ts";
import { BUG, FINE, WORLD } from "../exit-codes.ts";
import { type DaemonServer, openDaemonServer } from "./answer-daemon.ts";
import type { KeptFleet } from "./keep-fleet.ts";
import { openPassTools, type PassTools, runPass, tryNote } from "./run-pass.ts";
import type { Voice } from "./tell-daemon.ts";

export interface DaemonOptions {
  readonly archFilter: boolean;
  readonly force: boolean;
}

/** Answers are written so often, and at the end: losing them costs requests and nothing else. */
const KEEP_MS = 60_000;
/** A pass has deadlines of its own; one that is at work for so long hangs, and systemd is to end it. */
const HUNG_MS = 15 * 60_000;

interface Daemon {
  readonly fleet: KeptFleet;
  readonly voice: Voice;
  readonly server: DaemonServer;
  readonly options: DaemonOptions;
  readonly work: typeof runPass;
  /** Told to stop. */
  readonly stop: AbortSignal;
  tools: PassTools | null;
  keptAt: number;
  metrics: string | null;
  allowance: number | null;
  /** Monotonic; of the last pass that saw everything, or of the beginning. */
  wellAt: number;
  /** Monotonic; null: none is at work. */
  passBegan: number | null;
}

const now = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** `work` is another one in tests. */
export async function runDaemon(
  fleet: KeptFleet,
  voice: Voice,
  options: DaemonOptions,
  work: typeof runPass = runPass,
): Promise<number> {
  const stop = new AbortController();
  // A second signal finds nobody who takes it, and ends the process: what was begun is written down.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  const bell = openBell();
  const server = openDaemonServer(
    { metrics: () => daemon.metrics, ailment: () => explainAilment(daemon), wake: bell.ring },
    options.archFilter,
  );
  const daemon: Daemon = {
    ...{ fleet, voice, server, options, work, stop: stop.signal },
    ...{ tools: null, keptAt: now(), metrics: null, allowance: null, wellAt: now(), passBegan: null },
  };
  const { plan, at } = fleet.inForce();
  voice.begin(plan, at.host);
  const notifier = openNotifier(process.env);
  const isOver = new AbortController();
  await notifier?.tell("READY=1").then((why) => why !== null && voice.warn(`systemd was not told: ${why}`));
  const signs = notifier === null ? null : giveSigns(daemon, notifier, isOver.signal);
  try {
    await passAfterPass(daemon, bell);
  } finally {
    await notifier?.tell("STOPPING=1");
    isOver.abort();
    closeTools(daemon);
    await Promise.all([signs, server.close()]);
  }
  return FINE;
}

async function passAfterPass(daemon: Daemon, bell: Bell): Promise<void> {
  const { fleet, voice, stop } = daemon;
  let first = now();
  let { every } = fleet.inForce().plan.watchdog;
  while (!stop.aborted) {
    const began = now();
    daemon.passBegan = began;
    bell.forget();
    await tryPass(daemon);
    voice.end();
    daemon.passBegan = null;
    const { plan } = fleet.inForce();
    if (plan.watchdog.every !== every) {
      every = plan.watchdog.every;
      first = began;
    }
    const pace = { first, every };
    const onGrid = nextOnGrid(pace, now());
    const mayWake = hasSpare(plan, daemon.allowance);
    await waitUntil(onGrid, bell, stop, mayWake ? () => nextAfterWake(pace, began, now()) : null);
  }
}

/** Whatever it throws, the next one is due as ever. */
async function tryPass(daemon: Daemon): Promise<void> {
  const { fleet, voice } = daemon;
  try {
    await onePass(daemon);
  } catch (error) {
    closeTools(daemon);
    if (error instanceof WorldError) voice.warn(`this pass is left out: ${error.message}`);
    else voice.crash(error);
    const { plan, at } = fleet.inForce();
    const files = openHostFiles("/");
    const tally = countCrash(readTally(readTallyText(files, at.places), BOUNDS.length));
    tryNote(() => saveTallyText(at.places, writeTally(tally)), voice.warn);
    await voice.ping(plan.watchdog.ping, error instanceof WorldError ? WORLD : BUG);
  }
}

async function onePass(daemon: Daemon): Promise<void> {
  const { fleet, voice, server, options, stop } = daemon;
  const isNew = fleet.refresh();
  const { plan, at } = fleet.inForce();
  if (isNew) voice.begin(plan, at.host);
  const problem = fleet.problem();
  if (problem !== null) voice.warn(`the spec is not put in force, the one before goes on: ${problem}`);
  await server.follow({ plan, at }, voice.warn);
  const lock = await takeFileLock(nameFleetLock(at.places.state), { forMs: 0, onWait: () => undefined });
  if (lock === null) return voice.warn("an apply is at work: this pass is left out");
  const result = await holding(lock, async () => {
    const isOpen = daemon.tools !== null && !isNew && daemon.tools.github.closed.length === 0;
    if (!isOpen) {
      closeTools(daemon);
      daemon.tools = await openPassTools(plan, at);
    }
    const tools = daemon.tools as PassTools;
    const { archFilter, force } = options;
    return daemon.work(plan, at, tools, {
      ...{ isDry: false, archFilter, force, warn: voice.warn, stop },
      ...{ webhooks: server.takeCounts(), specOk: problem === null },
    });
  });
  if (result === null) return;
  const { pass, exitCode, metrics, allowance, isLate } = result;
  Object.assign(daemon, { metrics, allowance });
  if (hasSeenAll(pass)) daemon.wellAt = now();
  voice.pass(pass);
  // Else it would be asked on beside the next pass, and that one would be late too.
  if (isLate) closeTools(daemon);
  keepAnswers(daemon);
  await voice.ping(plan.watchdog.ping, exitCode);
}

async function holding<T>(lock: Lock, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** What is still asked of GitHub is given up; what it said is kept. */
function closeTools(daemon: Daemon): void {
  const { tools, voice } = daemon;
  if (tools === null) return;
  daemon.tools = null;
  tools.giveUp();
  tryNote(() => tools.answers.keep(), voice.warn);
}

function keepAnswers(daemon: Daemon): void {
  const { tools, voice } = daemon;
  if (tools === null || now() - daemon.keptAt < KEEP_MS) return;
  daemon.keptAt = now();
  tryNote(() => tools.answers.keep(), voice.warn);
}

function explainAilment({ fleet, wellAt }: Daemon): string | null {
  const { every } = fleet.inForce().plan.watchdog;
  const ago = now() - wellAt;
  if (ago <= healthyFor(every)) return null;
  return `no pass has seen everything for ${Math.floor(ago / 1000)} s; it looks every ${every / 1000} s`;
}

async function giveSigns(daemon: Daemon, notifier: Notifier, isOver: AbortSignal): Promise<void> {
  const { everyMs } = notifier;
  if (everyMs === null) return;
  while (!isOver.aborted) {
    const { passBegan } = daemon;
    if (passBegan === null || now() - passBegan < HUNG_MS) await notifier.tell("WATCHDOG=1");
    await rest(everyMs, isOver);
  }
}

/** Rung by the webhook; heard when the daemon listens next. */
interface Bell {
  readonly ring: () => void;
  readonly forget: () => void;
  /** Settles when it rings, or at once where it has rung. */
  wait(): Promise<"woken">;
}

function openBell(): Bell {
  let hasRung = false;
  let hear: (word: "woken") => void = () => undefined;
  return {
    ring: () => {
      hasRung = true;
      hear("woken");
    },
    forget: () => {
      hasRung = false;
    },
    wait: () =>
      new Promise((settle) => {
        hear = settle;
        if (hasRung) settle("woken");
      }),
  };
}

/** `onWake`: when to look after a wake; null: a wake changes nothing. */
async function waitUntil(
  time: number,
  bell: Bell,
  stop: AbortSignal,
  onWake: (() => number) | null,
): Promise<void> {
  if (stop.aborted) return;
  const over = startDeadline(Math.max(0, time - now()), stop);
  const ended = new Promise<null>((settle) => over.signal.addEventListener("abort", () => settle(null)));
  const what = await Promise.race(onWake === null ? [ended] : [ended, bell.wait()]);
  over.end();
  if (what === "woken" && onWake !== null) await rest(onWake() - now(), stop);
}

async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return;
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
