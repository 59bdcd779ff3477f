// `ci-fleet logs <slot>`: what one slot's runner said, and what registered it. In: the slot, -f, -n. Out: lines,
// without the escape sequences that a job may have put into its name.

import { followTool } from "../../adapters/follow-tool.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import { WorldError } from "../../base/world-error.ts";
import type { Command, Flags } from "../command.ts";
import { FINE, FOUND } from "../exit-codes.ts";
import { chooseEnvironment } from "../open-look.ts";
import { nameLogCommand } from "../slots/name-log-command.ts";
import { openSlots } from "../slots/open-slots.ts";
import { UsageError } from "../usage-error.ts";

export const run: Command = async (call) => {
  const { flags, terminal } = call;
  const lines = readLines(flags);
  const opened = openSlots(call);
  if (opened === null) return FOUND;
  const { chosen, at, plan } = opened;
  const [slot, another] = chosen;
  if (slot === undefined || another !== undefined) {
    const names = chosen.map((each) => each.slot).join(", ");
    throw new UsageError(
      `${call.args[0]} has ${chosen.length} slots, and logs shows one`,
      `name one of ${names}`,
    );
  }
  const [command, ...args] = nameLogCommand(plan, at, slot, { lines, follow: flags.has("follow") });
  let shown = 0;
  const env = chooseEnvironment(at.host, at.places);
  const end = await followTool({ command, args, env, bothStreams: command === "docker" }, (line) => {
    shown += 1;
    terminal.out(`${cleanForTerminal(stripEscapes(line))}\n`);
  });
  if (end.kind === "interrupted") return FINE;
  const line = [command, ...args].join(" ");
  if (end.kind === "missing") throw new WorldError(`run ${line}`, "it is not installed");
  if (end.kind === "failed") throw new WorldError(`run ${line}`, end.cause);
  if (end.exitCode !== 0)
    throw new WorldError(`run ${line}`, end.stderr.trim() || `exit code ${end.exitCode}`);
  if (shown === 0) terminal.err(explainNothing(slot.slot, at.uid));
  return FINE;
};

function readLines(flags: Flags): number {
  const text = flags.text("lines") ?? "100";
  if (!/^[0-9]{1,6}$/.test(text)) throw new UsageError(`--lines ${JSON.stringify(text)} is no number`);
  return Number(text);
}

/** Colours of the runner's own output: gone, instead of shown as what they are made of. */
function stripEscapes(line: string): string {
  return line
    .replace(/\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g, "")
    .replace(/\r$/, "");
}

function explainNothing(slot: string, uid: number): string {
  const may = uid === 0 ? "" : "; only root and members of systemd-journal see all of it";
  return `there is nothing in the log of ${slot}${may}\n`;
}
