// What a slot's runner said lately, since its process started. In: the slot, its unit and container, tools. Out: a
// summary of the lines; unknown with why where nobody tells.

import type { InstallPlaces } from "../model/apply.ts";
import { type Seen, type SlotObservation, seen, unseen } from "../model/host-observation.ts";
import type { HostTools, ToolResult } from "../model/ports.ts";
import { type LogSummary, summarizeLog } from "../model/runner-log.ts";

const TIMEOUT_MS = 10_000;
/** Job output is not in it: what the listener says in days. */
const MOST_LINES = "400";

export async function readSlotLog(
  { slot, unit, container }: SlotObservation,
  places: InstallPlaces,
  tools: HostTools,
): Promise<Seen<LogSummary>> {
  if (!container.known) return unseen(container.why);
  if (container.value !== null) {
    // A container is made for each start, so all that it said is of this one.
    return summarize(await tools.run("docker", ["logs", "--tail", MOST_LINES, slot], TIMEOUT_MS), "docker");
  }
  if (!unit.known || unit.value === null) return unseen("it has no unit");
  const since = unit.value.since === null ? [] : [`--since=@${Math.floor(unit.value.since / 1000)}`];
  const which = places.flavour === "user" ? "--user-unit" : "--unit";
  const args = [
    "--quiet",
    "--no-pager",
    "--output=cat",
    `--lines=${MOST_LINES}`,
    ...since,
    which,
    unit.value.name,
  ];
  return summarize(await tools.run("journalctl", args, TIMEOUT_MS), "journalctl");
}

function summarize(answer: ToolResult, tool: string): Seen<LogSummary> {
  if (answer.kind === "ran" && answer.exitCode === 0) {
    return seen(summarizeLog(`${answer.stdout}\n${answer.stderr}`.split("\n")));
  }
  const why =
    answer.kind === "ran"
      ? (answer.stderr.trim().split("\n")[0] ?? `exit code ${answer.exitCode}`)
      : answer.kind === "failed"
        ? answer.cause
        : answer.kind === "missing"
          ? "it is not installed"
          : `no answer within ${answer.afterMs / 1000} s`;
  return unseen(`${tool}: ${why}`);
}
