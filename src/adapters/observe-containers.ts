// Asks the Docker engine about containers. In: names and labels. Out: what `docker inspect` says of each; an
// engine that does not answer means that nothing is known, which is not the same as none.

import { asObject } from "../base/read-json.ts";
import { type ObservedContainer, type Seen, seen, unseen } from "../model/host-observation.ts";
import type { HostTools, ToolResult } from "../model/ports.ts";

const TIMEOUT_MS = 20_000;
const AT_ONCE = 200;

/** By name: every container labelled as this fleet's, and those that have one of `names`. */
export async function showContainers(
  tools: HostTools,
  fleet: string,
  names: readonly string[],
): Promise<Seen<ReadonlyMap<string, ObservedContainer>>> {
  const listed = await tools.run(
    "docker",
    ["ps", "--all", "--quiet", "--no-trunc", "--filter", `label=dev.ci-fleet.fleet=${fleet}`],
    TIMEOUT_MS,
  );
  const why = explainDocker(listed);
  if (why !== null || listed.kind !== "ran") return unseen(why ?? "docker said nothing");
  const ids = listed.stdout.split("\n").filter((line) => /^[0-9a-f]{12,64}$/.test(line));
  const found = new Map<string, ObservedContainer>();
  const asked = [...ids, ...names];
  for (let at = 0; at < asked.length; at += AT_ONCE) {
    const some = asked.slice(at, at + AT_ONCE);
    const answer = await tools.run("docker", ["inspect", "--type", "container", "--", ...some], TIMEOUT_MS);
    const fault = explainInspect(answer);
    if (fault !== null || answer.kind !== "ran") return unseen(fault ?? "docker said nothing");
    const read = parseInspect(answer.stdout);
    if (read === null) return unseen("docker inspect printed no JSON");
    for (const container of read) found.set(container.name, container);
  }
  return seen(found);
}

/** Exit 1 is usual here: one of the names has no container, or it went away meanwhile. The others are printed. */
function explainInspect(answer: ToolResult): string | null {
  if (answer.kind !== "ran" || answer.exitCode === 0) return explainDocker(answer);
  const said = answer.stderr.split("\n").filter((line) => line.trim() !== "");
  const others = said.filter((line) => !/no such (?:container|object)/i.test(line));
  return said.length > 0 && others.length === 0 ? null : explainDocker(answer);
}

/** null: it answered. */
export function explainDocker(answer: ToolResult): string | null {
  switch (answer.kind) {
    case "missing":
      return "docker is not installed";
    case "timeout":
      return `docker did not answer within ${answer.afterMs / 1000} s`;
    case "failed":
      return `docker: ${answer.cause}`;
    case "ran": {
      if (answer.exitCode === 0) return null;
      const said = answer.stderr.trim().split("\n")[0] ?? "";
      return said === "" ? `docker exited ${answer.exitCode}` : said;
    }
  }
}

/** null: no JSON list. Entries without a name are passed over. */
export function parseInspect(text: string): readonly ObservedContainer[] | null {
  let list: unknown;
  try {
    list = JSON.parse(text.trim() === "" ? "[]" : text);
  } catch {
    return null;
  }
  return Array.isArray(list) ? list.flatMap((entry) => readContainer(entry) ?? []) : null;
}

function readContainer(entry: unknown): ObservedContainer | null {
  const value = asObject(entry) ?? {};
  const state = asObject(value.State) ?? {};
  const config = asObject(value.Config) ?? {};
  const { Id: id, Name: name } = value;
  if (typeof id !== "string" || typeof name !== "string") return null;
  const pid = typeof state.Pid === "number" && state.Pid > 0 ? state.Pid : null;
  return {
    id,
    name: name.replace(/^\//, ""),
    running: state.Running === true,
    status: typeof state.Status === "string" ? state.Status : "unknown",
    exitCode: typeof state.ExitCode === "number" ? state.ExitCode : null,
    pid,
    startedAt: readTime(state.StartedAt),
    image: typeof config.Image === "string" ? config.Image : "",
    labels: Object.fromEntries(
      Object.entries(asObject(config.Labels) ?? {}).flatMap(([key, label]) =>
        typeof label === "string" ? [[key, label]] : [],
      ),
    ),
  };
}

/** `0001-01-01T00:00:00Z` is Go's way to say never. */
function readTime(value: unknown): number | null {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) || time <= 0 ? null : time;
}
