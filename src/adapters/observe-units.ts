// Asks systemd about units. In: names or patterns. Out: what `systemctl show` says of each; never throws, for a
// host without systemd is an answer too.

import { type ObservedUnit, type Seen, seen, unseen } from "../model/host-observation.ts";
import type { HostTools, ToolResult } from "../model/ports.ts";

export interface UnitPorts {
  readonly tools: HostTools;
  /** Ask the manager of the user who runs this. */
  readonly user: boolean;
  /** Milliseconds since the epoch, and on CLOCK_MONOTONIC, taken together. */
  readonly now: number;
  readonly monotonic: number;
}

const TIMEOUT_MS = 15_000;
/** Names in one question: far below the kernel's limit of an argument list. */
const AT_ONCE = 200;

const PROPERTIES = [
  ...["Id", "LoadState", "ActiveState", "SubState", "Result", "UnitFileState", "NeedDaemonReload", "MainPID"],
  ...[
    "StateChangeTimestampMonotonic",
    "NRestarts",
    "ExecMainStatus",
    "FragmentPath",
    "DropInPaths",
    "KillMode",
  ],
];

/** Every name has an entry: systemd answers for units that do not exist, too (`LoadState=not-found`). */
export async function showUnits(
  ports: UnitPorts,
  names: readonly string[],
): Promise<Seen<ReadonlyMap<string, ObservedUnit>>> {
  const found = new Map<string, ObservedUnit>();
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE);
    const args = [...managerOf(ports), "show", `--property=${PROPERTIES.join(",")}`, "--", ...some];
    const answer = await ports.tools.run("systemctl", args, TIMEOUT_MS);
    const why = explainFailure(answer);
    if (why !== null || answer.kind !== "ran") return unseen(why ?? "systemctl said nothing");
    for (const [index, unit] of parseShow(answer.stdout, ports).entries()) {
      // An alias answers with its own name; what was asked for is what we know it by.
      found.set(some[index] ?? unit.name, unit);
    }
  }
  return seen(found);
}

/** Names of loaded units, and of unit files, that match shell patterns. */
export async function listUnitNames(
  ports: UnitPorts,
  patterns: readonly string[],
): Promise<Seen<readonly string[]>> {
  const names = new Set<string>();
  for (const verb of [["list-units", "--all"], ["list-unit-files"]]) {
    const args = [...managerOf(ports), ...verb, "--plain", "--no-legend", "--full", "--", ...patterns];
    const answer = await ports.tools.run("systemctl", args, TIMEOUT_MS);
    // list-unit-files exits 1 where nothing matches.
    const nothing = answer.kind === "ran" && answer.stdout.trim() === "" && answer.stderr.trim() === "";
    const why = nothing ? null : explainFailure(answer);
    if (why !== null || answer.kind !== "ran") return unseen(why ?? "systemctl said nothing");
    for (const line of answer.stdout.split("\n")) {
      const name = line.trim().split(/\s+/)[0] ?? "";
      if (name !== "" && !name.endsWith("@.service")) names.add(name);
    }
  }
  return seen([...names].sort());
}

export function managerOf({ user }: Pick<UnitPorts, "user">): readonly string[] {
  return user ? ["--user", "--no-pager"] : ["--no-pager"];
}

/** null: it answered. */
export function explainFailure(answer: ToolResult): string | null {
  switch (answer.kind) {
    case "missing":
      return "systemctl is not installed";
    case "timeout":
      return `systemctl did not answer within ${answer.afterMs / 1000} s`;
    case "failed":
      return `systemctl: ${answer.cause}`;
    case "ran": {
      if (answer.exitCode === 0) return null;
      const said = answer.stderr.trim().split("\n")[0] ?? "";
      if (/not been booted with systemd/.test(said)) return "systemd does not run here";
      return said === "" ? `systemctl exited ${answer.exitCode}` : said;
    }
  }
}

/** Blocks of `Key=value` lines, one for each unit, parted by an empty line. */
export function parseShow(text: string, time: Pick<UnitPorts, "now" | "monotonic">): readonly ObservedUnit[] {
  return text
    .split(/\n\n+/)
    .filter((block) => block.trim() !== "")
    .map((block) => readUnit(block, time));
}

function readUnit(block: string, { now, monotonic }: Pick<UnitPorts, "now" | "monotonic">): ObservedUnit {
  const values = new Map<string, string>();
  for (const line of block.split("\n")) {
    const cut = line.indexOf("=");
    if (cut > 0) values.set(line.slice(0, cut), line.slice(cut + 1));
  }
  const word = (key: string): string => values.get(key) ?? "";
  const orNull = (key: string): string | null => values.get(key) || null;
  const changed = readCount(values.get("StateChangeTimestampMonotonic"));
  const pid = readCount(values.get("MainPID"));
  return {
    name: word("Id"),
    load: word("LoadState"),
    active: word("ActiveState"),
    sub: word("SubState"),
    result: word("Result"),
    enabled: orNull("UnitFileState"),
    needReload: word("NeedDaemonReload") === "yes",
    mainPid: pid === null || pid === 0 ? null : pid,
    // Microseconds since the machine started; 0: never.
    since: changed === null || changed === 0 ? null : Math.round(now - (monotonic - changed / 1000)),
    restarts: readCount(values.get("NRestarts")),
    exitStatus: readCount(values.get("ExecMainStatus")),
    fragment: orNull("FragmentPath"),
    dropIns: word("DropInPaths")
      .split(" ")
      .filter((path) => path !== ""),
    killMode: orNull("KillMode"),
  };
}

function readCount(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : null;
}
