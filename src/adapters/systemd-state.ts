// Units as systemd knows them at one moment. In: tools, unit names. Out: a state for each, and whether the manager
// answers at all. One call for all units: `systemctl show` prints a block for each, in the order of its words.

import type { Flavour } from "../model/apply.ts";
import type { Ground, UnitState } from "../model/apply-state.ts";
import type { HostFiles, HostTools } from "../model/ports.ts";

const PATIENCE_MS = 15_000;
/** Words of one call; each name has at most 255 characters. */
const MANY = 200;
const PROPERTIES = "ActiveState,UnitFileState,FragmentPath,InvocationID";

export async function readUnits(
  tools: HostTools,
  flavour: Flavour,
  names: readonly string[],
): Promise<ReadonlyMap<string, UnitState>> {
  const seen = new Map<string, UnitState>();
  for (let from = 0; from < names.length; from += MANY) {
    const some = names.slice(from, from + MANY);
    const words = ["show", `--property=${PROPERTIES}`, "--", ...some];
    const answer = await tools.run("systemctl", [...managerWords(flavour), ...words], PATIENCE_MS);
    const text = answer.kind === "ran" && answer.exitCode === 0 ? answer.stdout : null;
    const blocks = text === null ? [] : text.trim().split(/\n\n+/);
    for (const [at, name] of some.entries()) {
      // A block too few, and which is whose is unknown.
      seen.set(name, blocks.length === some.length ? readUnit(blocks[at] ?? "") : UNKNOWN);
    }
  }
  return seen;
}

export function managerWords(flavour: Flavour): readonly string[] {
  return flavour === "user" ? ["--user"] : [];
}

const UNKNOWN: UnitState = {
  active: "unknown",
  enabled: false,
  fragment: null,
  invocation: null,
};

const STATES = new Set<string>(["active", "activating", "deactivating", "inactive", "failed"]);
/** States that are others for us: a unit that reloads is active, one under maintenance does not run. */
const OTHER_STATES: Readonly<Record<string, UnitState["active"]>> = {
  reloading: "active",
  refreshing: "active",
  maintenance: "inactive",
};

export function readUnit(block: string): UnitState {
  const values = new Map(
    block.split("\n").map((line): [string, string] => {
      const equals = line.indexOf("=");
      return [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
  const active = values.get("ActiveState") ?? "";
  const text = (name: string) => values.get(name) || null;
  return {
    active: STATES.has(active) ? (active as UnitState["active"]) : (OTHER_STATES[active] ?? "unknown"),
    enabled: values.get("UnitFileState") === "enabled",
    fragment: text("FragmentPath"),
    invocation: text("InvocationID"),
  };
}

/** sd_booted(3): the folder is there only while systemd runs the machine. */
export async function askManager(
  tools: HostTools,
  files: HostFiles,
  flavour: Flavour,
): Promise<Ground["manager"]> {
  if (!files.stat("/run/systemd/system").ok) return "absent";
  const words = [...managerWords(flavour), "show", "--property=Version"];
  const answer = await tools.run("systemctl", words, PATIENCE_MS);
  if (answer.kind === "ran" && answer.exitCode === 0) return "running";
  if (answer.kind === "ran")
    return { problem: lastLine(answer.stderr) || `systemctl ended with ${answer.exitCode}` };
  if (answer.kind === "missing") return { problem: "there is no systemctl" };
  return { problem: answer.kind === "timeout" ? "no answer in 15 s" : answer.cause };
}

export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}

/** null: nobody can say. `--user` units of someone who does not linger end with the last session. */
export function readLinger(files: HostFiles, userName: string): boolean | null {
  const folder = files.stat("/var/lib/systemd");
  if (!folder.ok) return null;
  return files.stat(`/var/lib/systemd/linger/${userName}`).ok;
}
