// `ci-fleet doctor`: what is wrong with this host, why it matters, and what mends it. It changes nothing.
// In: the fleet, the machine. Out: a page or a document; exit 1 where something would break a slot.

import { stringifySafely } from "../../base/print-json.ts";
import { describeFindings, makeDoctorDocument } from "../../doctor/describe-findings.ts";
import { countVerdicts, examineHost } from "../../doctor/examine-host.ts";
import type { Command } from "../command.ts";
import { gatherFacts } from "../doctor/gather-facts.ts";
import { FINE, FOUND } from "../exit-codes.ts";
import { loadFleet } from "../load-fleet.ts";
import { warnAbout } from "../report-diagnostics.ts";
import { showProgress } from "../show-progress.ts";
import { requireAnyHost } from "../this-host.ts";

export const run: Command = async (call) => {
  const { flags, terminal } = call;
  const loaded = loadFleet(call);
  if (loaded.plan === null) {
    warnAbout(loaded, terminal);
    return FOUND;
  }
  const at = requireAnyHost(call, loaded.plan);
  const facts = await showProgress(
    terminal,
    "examining this host",
    gatherFacts(call, loaded, loaded.plan, at),
  );
  const findings = examineHost(facts);
  const { red, yellow, green, dim } = terminal.outStyle;
  const paints = { error: red, warning: yellow, fine: green, unknown: yellow, note: dim };
  terminal.out(
    flags.has("json")
      ? stringifySafely(makeDoctorDocument(at.host.name, findings))
      : describeFindings(at.host.name, findings, (verdict, text) => paints[verdict](text)),
  );
  return countVerdicts(findings).error > 0 ? FOUND : FINE;
};
