// `ci-fleet drain <slot|pool|host>`: out of service without ending a job; --undo brings it back.
// In: a word, --undo, --wait, --timeout. Out: what became of each slot; exit 1 where one still runs after waiting.

import { setTimeout as sleep } from "node:timers/promises";
import { markDrained, startSlots, stopSlots, unmarkDrained } from "../../adapters/control-slots.ts";
import type { Terminal } from "../../adapters/terminal.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import { parseDuration } from "../../base/units.ts";
import type { Command, Flags } from "../command.ts";
import { FINE, FOUND } from "../exit-codes.ts";
import { type DrainPorts, drainSlots, waitForDrained } from "../slots/drain-slots.ts";
import { describeBusy, type OpenedSlots, openSlots, type SeenSlot } from "../slots/open-slots.ts";
import { UsageError } from "../usage-error.ts";

export const run: Command = async (call) => {
  const { flags, terminal } = call;
  const timeout = readTimeout(flags);
  const opened = openSlots(call);
  if (opened === null) return FOUND;
  if (flags.has("undo")) return undo(opened, terminal);
  const { control, chosen } = opened;
  const ports: DrainPorts = {
    look: opened.look,
    mark: (slot) => markDrained(control, slot),
    stop: (slots) => stopSlots(control, slots),
    sleep: (milliseconds) => sleep(milliseconds),
    monotonic: () => performance.now(),
  };
  const { down, left } = await drainSlots(chosen, ports);
  for (const slot of down) terminal.out(`drained   ${slot}\n`);
  tellLeft(left, terminal);
  if (left.length === 0) return FINE;
  if (!flags.has("wait")) {
    terminal.err(
      opened.at.host.supervision === "systemd"
        ? "they stop after their job (the watchdog sees to it); --wait waits for that here\n"
        : "after their job they stop only where `ci-fleet watchdog` runs (without systemd: from cron); --wait does it here\n",
    );
    return FINE;
  }
  terminal.err("waiting; the drain stays in force if you interrupt this\n");
  const rest = await waitForDrained(left, timeout, ports, (slot) => terminal.out(`drained   ${slot}\n`));
  if (rest.length > 0) terminal.err(`still at work: ${rest.map(({ slot }) => slot).join(", ")}\n`);
  return rest.length > 0 ? FOUND : FINE;
};

function readTimeout(flags: Flags): number | null {
  const text = flags.text("timeout");
  if (text === null) return null;
  if (!flags.has("wait")) throw new UsageError("--timeout needs --wait");
  const milliseconds = parseDuration(text);
  if (milliseconds === null)
    throw new UsageError(`--timeout ${JSON.stringify(text)} is no duration like 90s or 2h`);
  return milliseconds;
}

function tellLeft(left: readonly SeenSlot[], terminal: Terminal): void {
  for (const slot of left) terminal.out(`draining  ${cleanForTerminal(describeBusy(slot))}\n`);
}

async function undo({ chosen, control, look }: OpenedSlots, terminal: Terminal): Promise<number> {
  for (const { slot } of chosen) unmarkDrained(control, slot);
  const seen = await look(chosen);
  const down = seen.filter(
    ({ life, planned }) => planned.always && (life.life === "stopped" || life.life === "failed"),
  );
  await startSlots(control, down);
  const started = new Set(down.map(({ slot }) => slot));
  for (const { slot } of chosen) terminal.out(`${started.has(slot) ? "started  " : "undrained"} ${slot}\n`);
  return FINE;
}
