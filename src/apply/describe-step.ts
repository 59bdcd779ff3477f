// Steps for people, before they are done and while they are: commands as they could be typed, everything else as
// a comment, so that the whole is a shell script to read. In: steps. Out: lines.

import { formatShellCommand, quoteShellWord } from "../base/quote-shell.ts";
import { cleanForTerminal } from "../base/terminal-text.ts";
import type { Action, Step, WantedFolder } from "../model/apply.ts";
import type { NodeState, SlotState } from "../model/apply-state.ts";
import { ACCOUNT } from "./places.ts";

/** null: nothing that changes the host. */
export function describeAction(action: Action): string | null {
  switch (action.kind) {
    case "run":
      return formatShellCommand(action.argv);
    case "make-folder":
      return formatShellCommand([
        "install",
        "-d",
        ...describeOwner(action.folder),
        ...describeMode(action.folder),
        action.folder.path,
      ]);
    case "write":
      return `# write ${showPath(action.file.path)}${action.isNew ? " (new)" : ""}`;
    case "remove-file":
      return formatShellCommand(["rm", "-f", action.path]);
    case "remove-folder":
      return `${formatShellCommand(["rmdir", action.path])} # if it is empty`;
    case "copy-program":
      return formatShellCommand(["install", "-m", "0755", action.from, action.to]);
    case "sweep":
      return `# remove half-written files in ${action.folders.map(showPath).join(", ")}`;
    case "install-runner":
      return `# install actions/runner ${action.version} in ${showPath(action.folder)}`;
    case "deregister":
      return `# take the registration of ${action.slot} away at GitHub`;
    case "look":
    case "sync":
    case "record":
      return null;
  }
}

/** A path that is no plain word is quoted, as in the commands around it. */
function showPath(path: string): string {
  return /^[A-Za-z0-9_./:@%+,=-]+$/.test(path) ? path : quoteShellWord(path);
}

function describeOwner({ owner }: WantedFolder): readonly string[] {
  if (owner.kind === "us") return [];
  const name = owner.kind === "account" ? ACCOUNT : String(owner.uid);
  return ["-o", name, "-g", name];
}

function describeMode({ mode }: WantedFolder): readonly string[] {
  return ["-m", mode.toString(8).padStart(4, "0")];
}

/** What a script said that it would do. */
export function listRehearsed(action: Action, rehearsals: NodeState["rehearsals"]): readonly string[] {
  if (action.kind !== "run" || action.argv.includes("--remove")) return [];
  const rehearsal = rehearsals.get(action.argv[0] ?? "");
  return rehearsal?.kind === "ran" ? rehearsal.lines : [];
}

/** What a dry run prints. */
export function describeSteps(
  steps: readonly Step[],
  seen: ReadonlyMap<string, SlotState>,
  rehearsals: NodeState["rehearsals"] = new Map(),
): string {
  const lines: string[] = [];
  let waiting: readonly string[] = [];
  for (const { action, slots } of steps) {
    if (action.kind === "look") {
      waiting = action.slots;
      lines.push("", ...action.slots.map((slot) => describeWait(slot, seen.get(slot))));
      continue;
    }
    const line = describeAction(action);
    if (line === null) continue;
    if (waiting.length > 0 && !waiting.some((slot) => slots.includes(slot))) {
      waiting = [];
      lines.push("");
    }
    lines.push(line, ...listRehearsed(action, rehearsals).map((each) => `#   ${cleanForTerminal(each)}`));
  }
  const text = lines
    .join("\n")
    .trim()
    .replace(/\n{3,}/g, "\n\n");
  return text === "" ? "" : `${text}\n`;
}

function describeWait(slot: string, state: SlotState | undefined): string {
  const job = state?.job ?? "idle";
  if (job === "idle") return `# when ${slot} has no job:`;
  const now = job === "busy" ? "it has one now" : "nobody can say now";
  return `# when ${slot} has no job (${now}: ${cleanForTerminal(state?.why ?? "")}):`;
}
