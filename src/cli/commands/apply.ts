// `ci-fleet apply`: puts a host's files in force, or takes them down again. In: the spec, this machine. Out: the
// steps (--dry-run), or what came of them.

import { dirname } from "node:path";
import { openWork } from "../apply/open-work.ts";
import { runApply, showSteps } from "../apply/run-apply.ts";
import type { Command } from "../command.ts";
import { FOUND, LOCKED } from "../exit-codes.ts";
import { UsageError } from "../usage-error.ts";
import { withLock } from "../with-lock.ts";

export const run: Command = async (call) => {
  const { flags, terminal } = call;
  if (flags.has("remove") && flags.has("from-spec")) {
    throw new UsageError("--remove and --from-spec exclude each other");
  }
  const work = openWork(call);
  if (work === null) return FOUND;
  if (flags.has("dry-run")) return showSteps(call, work);
  // One at a time on a machine: fleets share an account, a program, runners.
  const code = await withLock(dirname(work.places.config), terminal, () => runApply(call, work));
  return code ?? LOCKED;
};
