// `ci-fleet stop <slot|pool|host>`: stops slots of this host now. A running job is cancelled: that is asked first,
// or said with --yes. In: a word, --yes. Out: what was stopped; exit 1 where a job was in the way.

import { stopSlots } from "../../adapters/control-slots.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import { isUp, mayStop } from "../../model/slot-life.ts";
import { askYesOrNo } from "../ask-yes-or-no.ts";
import type { Command, CommandCall } from "../command.ts";
import { CANCELLED, FINE, FOUND } from "../exit-codes.ts";
import { showProgress } from "../show-progress.ts";
import { describeBusy, type OpenedSlots, openSlots, type SeenSlot } from "../slots/open-slots.ts";

export const run: Command = async (call) => {
  const { flags, terminal } = call;
  const opened = openSlots(call);
  if (opened === null) return FOUND;
  const up = (await opened.look(opened.chosen)).filter(({ life }) => isUp(life.life));
  const atRisk = up.filter(({ life }) => !mayStop(life.life) && life.life !== "stopping");
  for (const slot of atRisk) terminal.err(`${cleanForTerminal(describeBusy(slot))}\n`);
  if (atRisk.length > 0 && !flags.has("yes")) {
    const word = call.args[0] ?? "";
    if (!terminal.interactive) {
      terminal.err(
        `nothing was stopped: --yes cancels the jobs, \`ci-fleet drain --wait ${word}\` lets them end\n`,
      );
      return FOUND;
    }
    if (!(await askYesOrNo("Cancel what runs there?"))) return CANCELLED;
  }
  if (up.length > 0) terminal.err("stopping; a running job is cancelled within two minutes\n");
  await showProgress(terminal, "waiting for the runners to end", stopSlots(opened.control, up));
  const stopped = new Set(up.map(({ slot }) => slot));
  for (const { slot } of opened.chosen) {
    terminal.out(`${stopped.has(slot) ? "stopped " : "was down"} ${slot}\n`);
  }
  tellHowLong(opened, up, call);
  return FINE;
};

/** A slot that should always run is dead to the watchdog when it is down and not drained. */
function tellHowLong({ at }: OpenedSlots, up: readonly SeenSlot[], { args, terminal }: CommandCall): void {
  const back = up.filter(({ planned }) => planned.always).length;
  if (back === 0 || at.host.supervision !== "systemd") return;
  const which = back === up.length ? "" : ` ${back} of them,`;
  terminal.err(
    `the next pass of the watchdog starts${which} what should always run; \`ci-fleet drain ${args[0] ?? ""}\` keeps it down\n`,
  );
}
