// `ci-fleet validate`: every problem of spec, inventories and plan. In: --strict, -o. Out: diagnostics on
// stdout, a summary on stderr; exit 1 where there are errors (or, with --strict, warnings).

import { summarizeDiagnostics } from "../../base/print-text.ts";
import type { Plan } from "../../model/plan.ts";
import type { Command } from "../command.ts";
import { FINE, FOUND } from "../exit-codes.ts";
import { loadFleet } from "../load-fleet.ts";
import { formatDiagnostics, placeAll, placeInRepository, type ReportFormat } from "../report-diagnostics.ts";
import { UsageError } from "../usage-error.ts";

export const run: Command = async (call) => {
  const { flags, terminal } = call;
  const asked = flags.text("output");
  if (flags.has("json") && asked !== null && asked !== "json") {
    throw new UsageError(`--json and -o ${asked} exclude each other`);
  }
  const format = (flags.has("json") ? "json" : (asked ?? "text")) as ReportFormat;
  const loaded = loadFleet(call, flags.texts("accept-risk"));
  const isForGitHub = format === "sarif" || format === "github";
  const placed = isForGitHub ? placeInRepository(loaded, call.folder) : placeAll(loaded);
  terminal.out(await formatDiagnostics(placed, format, terminal.outColour));
  const bad = placed.filter(
    ({ severity }) => severity === "error" || (flags.has("strict") && severity === "warning"),
  );
  if (format === "text") {
    const found = placed.length === 0 ? [] : [summarizeDiagnostics(placed)];
    const verdict = bad.length > 0 ? "not valid" : "valid";
    const size = loaded.plan === null ? [] : [describeSize(loaded.plan)];
    terminal.err(`${loaded.shown} is ${verdict}: ${[...found, ...size].join("; ")}\n`);
  }
  return bad.length > 0 ? FOUND : FINE;
};

function describeSize({ hosts, pools }: Plan): string {
  const slots = pools.reduce((sum, pool) => sum + pool.slots, 0);
  const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
  return [count(hosts.length, "host"), count(pools.length, "pool"), count(slots, "slot")].join(", ");
}
