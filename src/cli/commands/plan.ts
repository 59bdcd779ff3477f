// `ci-fleet plan`: what exists after resolution. In: --json. Out: a page or a document on stdout, diagnostics
// on stderr; exit 1 where errors leave no plan.

import { writeJson } from "../../base/write-json.ts";
import { describePlan } from "../../plan/describe-plan.ts";
import { describePlanAsData } from "../../plan/plan-document.ts";
import type { Command } from "../command.ts";
import { FINE, FOUND } from "../exit-codes.ts";
import { loadFleet } from "../load-fleet.ts";
import { warnAbout } from "../report-diagnostics.ts";

export const run: Command = async (call) => {
  const { flags, terminal } = call;
  const loaded = loadFleet(call, flags.texts("accept-risk"));
  warnAbout(loaded, terminal);
  if (loaded.plan === null) return FOUND;
  terminal.out(flags.has("json") ? writeJson(describePlanAsData(loaded.plan)) : describePlan(loaded.plan));
  return FINE;
};
