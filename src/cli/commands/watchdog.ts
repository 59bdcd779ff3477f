// `ci-fleet watchdog`: one look at everything and what follows from it, or with --daemon one after the other. In:
// flags. Out: a page or a document; exit 1 where something needs a look, 75 where another is at work, 77 where GitHub
// refused the credential.

import { takeFileLock } from "../../adapters/file-lock.ts";
import { ping } from "../../adapters/ping.ts";
import { staySmall } from "../../adapters/stay-small.ts";
import { requireMemory } from "../../adapters/watchdog-files.ts";
import { stringifySafely } from "../../base/print-json.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import type { Plan } from "../../model/plan.ts";
import { describePass, makePassDocument } from "../../watchdog/tell-pass.ts";
import { nameFleetLock } from "../apply/fleet-lock.ts";
import type { Command, CommandCall } from "../command.ts";
import { FINE, FOUND, LOCKED } from "../exit-codes.ts";
import { loadFleet } from "../load-fleet.ts";
import { warnAbout } from "../report-diagnostics.ts";
import { requireWatchedHost, type ThisHost } from "../this-host.ts";
import { UsageError } from "../usage-error.ts";
import { keepFleet, type ReadFleet, takePlan } from "../watchdog/keep-fleet.ts";
import { openPassTools, runPass, tryNote } from "../watchdog/run-pass.ts";

export const run: Command = async (call) => {
  const { flags } = call;
  const isDry = flags.has("dry-run");
  const isDaemon = flags.has("daemon");
  if (isDry && isDaemon)
    throw new UsageError("--daemon and --dry-run exclude each other: one pass shows all");
  staySmall();
  const read = readFleet(call);
  if (read === null) return FOUND;
  const { plan } = read;
  const at = requireWatchedHost(call, plan);
  if (flags.has("no-arch-filter"))
    warn(call, "slots may be started for jobs of another architecture, which they cannot run");
  if (isDry) return passOnce(call, plan, at);
  requireMemory(at.places);
  // A daemon holds it between its passes too.
  const one = await takeFileLock(`${at.places.state}/.watchdog.lock`, { forMs: 0, onWait: () => undefined });
  if (one === null) return sayLocked(call, "another watchdog is at work on this host");
  try {
    return await (isDaemon ? stay(call, read) : passLocked(call, plan, at));
  } finally {
    await one.release();
  }
};

function warn({ terminal }: CommandCall, text: string): void {
  terminal.err(`warning: ${cleanForTerminal(text)}\n`);
}

function sayLocked({ terminal }: CommandCall, who: string): number {
  terminal.err(`${who}; nothing was done; --dry-run shows what a pass would do\n`);
  return LOCKED;
}

/** What else was read of a large fleet is not held through a pass. */
function readFleet(call: CommandCall): ReadFleet | null {
  const loaded = loadFleet(call);
  const read = takePlan(loaded);
  if (read === null) warnAbout(loaded, call.terminal);
  return read;
}

async function stay(call: CommandCall, read: ReadFleet): Promise<number> {
  // Only a daemon pays for a server.
  const { runDaemon } = await import("../watchdog/run-daemon.ts");
  const { openVoice } = await import("../watchdog/tell-daemon.ts");
  const { flags, terminal } = call;
  const voice = openVoice(terminal, { isJson: flags.has("json") });
  const options = { archFilter: !flags.has("no-arch-filter"), force: flags.has("force") };
  return runDaemon(keepFleet(call, read), voice, options);
}

/** `apply` takes the same lock: what is in force does not change during a pass. */
async function passLocked(call: CommandCall, plan: Plan, at: ThisHost): Promise<number> {
  const lock = await takeFileLock(nameFleetLock(at.places.state), { forMs: 0, onWait: () => undefined });
  if (lock === null) return sayLocked(call, "an apply is at work");
  try {
    return await passOnce(call, plan, at);
  } finally {
    await lock.release();
  }
}

async function passOnce(call: CommandCall, plan: Plan, at: ThisHost): Promise<number> {
  const { flags, terminal } = call;
  const isDry = flags.has("dry-run");
  const say = (text: string): void => warn(call, text);
  const tools = await openPassTools(plan, at);
  const ran = await runPass(plan, at, tools, {
    ...{ isDry, archFilter: !flags.has("no-arch-filter"), force: flags.has("force") },
    ...{ warn: say, stop: null, webhooks: {}, specOk: true },
  }).finally(tools.giveUp);
  if (ran === null) throw new Error("nobody could stop this pass");
  const { pass, exitCode } = ran;
  if (!isDry) {
    tryNote(() => tools.answers.keep(), say);
    const { ping: url } = plan.watchdog;
    const why = url === null ? null : await ping(url, exitCode === FINE);
    if (why !== null) say(`the ping did not arrive: ${why}`);
  }
  if (flags.has("json")) terminal.out(stringifySafely(makePassDocument(pass)));
  else for (const line of describePass(pass)) terminal.out(`${cleanForTerminal(line)}\n`);
  return exitCode;
}
