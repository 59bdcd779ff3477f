// Starts and stops slots, and writes the markers that keep them from coming back. In: slots of this host and
// how they are supervised. Out: it is done, or a WorldError with the command and what it said.

import { mkdirSync, rmSync } from "node:fs";
import { formatShellCommand } from "../base/quote-shell.ts";
import { describeCause, errnoOf, WorldError } from "../base/world-error.ts";
import type { InstallPlaces } from "../model/apply.ts";
import type { PlannedHost } from "../model/plan.ts";
import type { HostTools } from "../model/ports.ts";
import { SETBACKS_FILE } from "../model/slot-setbacks.ts";
import { replaceFile } from "./replace-file.ts";

export interface SlotControl {
  readonly tools: HostTools;
  readonly host: PlannedHost;
  readonly places: InstallPlaces;
}

/** A slot and the unit that runs it. */
export interface ControlledSlot {
  readonly slot: string;
  readonly unit: string;
}

/** The units' own TimeoutStopSec is 120 s. */
const STOP_MS = 180_000;
const START_MS = 60_000;
const DRAIN_TEXT = "by hand: ci-fleet drain\n";

/** Returns when systemd has taken the order: a start may wait for hours for its registration. */
export async function startSlots(control: SlotControl, slots: readonly ControlledSlot[]): Promise<void> {
  if (slots.length === 0) return;
  if (control.host.supervision === "compose") {
    await runTool(control, "docker", ["start", "--", ...slots.map(({ slot }) => slot)], START_MS);
  } else {
    await runTool(
      control,
      "systemctl",
      ["start", "--no-block", "--", ...slots.map(({ unit }) => unit)],
      START_MS,
    );
  }
}

/** Slots that wait for their next try make it now. They register, so none has a job. */
export async function retrySlots(control: SlotControl, slots: readonly ControlledSlot[]): Promise<void> {
  if (slots.length === 0) return;
  for (const { slot } of slots) {
    const path = `${control.places.state}/${slot}/${SETBACKS_FILE}`;
    try {
      rmSync(path, { force: true });
    } catch (cause) {
      throw new WorldError(`remove ${path}`, cause, helpFor(cause));
    }
  }
  const units = slots.map(({ unit }) => unit);
  await runTool(control, "systemctl", ["restart", "--no-block", "--", ...units], START_MS);
}

/** Returns when they are stopped; a job that runs is cancelled by its runner, which has 90 s for that. */
export async function stopSlots(control: SlotControl, slots: readonly ControlledSlot[]): Promise<void> {
  if (slots.length === 0) return;
  if (control.host.supervision === "compose") {
    await runTool(control, "docker", ["stop", "--", ...slots.map(({ slot }) => slot)], STOP_MS);
  } else {
    await runTool(control, "systemctl", ["stop", "--", ...slots.map(({ unit }) => unit)], STOP_MS);
  }
}

/** ExecCondition= of the units asks for this file at every start, restarts among them. */
export function markDrained({ places }: SlotControl, slot: string): void {
  const folder = `${places.state}/drained`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw new WorldError(`make the folder ${folder}`, cause, helpFor(cause));
  }
  try {
    replaceFile(folder, slot, DRAIN_TEXT, 0o644);
  } catch (error) {
    const cause = error instanceof WorldError ? error.cause : error;
    throw new WorldError(`drain ${slot}: write ${folder}/${slot}`, cause, helpFor(cause));
  }
}

/** Absent already is as good. */
export function unmarkDrained({ places }: SlotControl, slot: string): void {
  const path = `${places.state}/drained/${slot}`;
  try {
    rmSync(path, { force: true });
  } catch (cause) {
    throw new WorldError(`remove ${path}`, cause, helpFor(cause));
  }
}

export function helpFor(cause: unknown): string | null {
  const code = errnoOf(cause);
  return code === "EACCES" || code === "EPERM" || code === "EROFS" ? HELP_ROOT : null;
}

const HELP_ROOT = "run it as root (sudo), or with --user where the fleet is installed below your home";

async function runTool(
  { tools, places }: SlotControl,
  command: "docker" | "systemctl",
  args: readonly string[],
  timeoutMs: number,
): Promise<void> {
  const argv = command === "systemctl" && places.flavour === "user" ? ["--user", ...args] : args;
  const line = formatShellCommand([command, ...argv]);
  const answer = await tools.run(command, argv, timeoutMs);
  if (answer.kind === "ran" && answer.exitCode === 0) return;
  const cause =
    answer.kind === "missing"
      ? "it is not installed"
      : answer.kind === "timeout"
        ? `no end after ${answer.afterMs / 1000} s`
        : answer.kind === "failed"
          ? answer.cause
          : answer.stderr.trim() || `exit code ${answer.exitCode}`;
  const denied = /permission denied|access denied|authentication (?:is )?required/i.test(cause);
  throw new WorldError(`run ${line}`, describeCause(cause), denied ? HELP_ROOT : null);
}
