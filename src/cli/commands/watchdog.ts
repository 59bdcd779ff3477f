// `ci-fleet watchdog`: one look at everything, and what follows from it. In: flags. Out: a page or a document; exit 1
// where something needs a look, 75 where another pass is at work, 77 where GitHub refused the credential.

import { takeLock } from "../../adapters/lock.ts";
import { stringifySafely } from "../../base/print-json.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import { describePass, makePassDocument } from "../../watchdog/tell-pass.ts";
import type { Command } from "../command.ts";
import { FOUND, LOCKED } from "../exit-codes.ts";
import { loadFleet } from "../load-fleet.ts";
import { warnAbout } from "../report-diagnostics.ts";
import { requireThisHost } from "../this-host.ts";
import { runPass } from "../watchdog/run-pass.ts";

export const run: Command = async (call) => {
  const { flags, terminal } = call;
  const loaded = loadFleet(call);
  if (loaded.plan === null) {
    warnAbout(loaded, terminal);
    return FOUND;
  }
  const at = requireThisHost(call, loaded.plan);
  const warn = (text: string): void => terminal.err(`warning: ${cleanForTerminal(text)}\n`);
  const archFilter = !flags.has("no-arch-filter");
  if (!archFilter) warn("slots may be started for jobs of another architecture, which they cannot run");
  const isDry = flags.has("dry-run");
  // `apply` takes the same lock: what is in force does not change during a pass.
  const lock = isDry ? null : await takeLock(at.places.config, { forMs: 0, onWait: () => undefined });
  if (!isDry && lock === null) {
    terminal.err("another pass of the watchdog, or an apply, is at work; nothing was done\n");
    return LOCKED;
  }
  try {
    const options = { isDry, archFilter, force: flags.has("force"), warn };
    const { pass, exitCode } = await runPass(loaded.plan, at, options);
    if (flags.has("json")) terminal.out(stringifySafely(makePassDocument(pass)));
    else
      for (const line of describePass(pass).trimEnd().split("\n"))
        terminal.out(`${cleanForTerminal(line)}\n`);
    return exitCode;
  } finally {
    await lock?.release();
  }
};
