// `ci-fleet mint`: what a slot's unit runs before its runner. In: the slot. Out: a secret in a private file, or no
// registration and the reason.

import { takeLock } from "../../adapters/lock.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import { tellFaults } from "../../mint/judge-preflight.ts";
import { type Prepared, prepareSlot } from "../../mint/prepare-slot.ts";
import { MAX_SLOT_NAME } from "../../model/names.ts";
import type { Command, CommandCall } from "../command.ts";
import { FINE, FOUND, LOCKED, REFUSED, WORLD } from "../exit-codes.ts";
import { openStart } from "../mint/open-start.ts";
import { readLines, serveBroker } from "../mint/serve-broker.ts";
import { showStart } from "../mint/show-start.ts";
import { UsageError } from "../usage-error.ts";

/** Another `mint` of the same slot is over by then, or asleep until its next try. */
const LOCK_MS = 30_000;

export const run: Command = async (call) => {
  if (call.flags.has("stdio")) return serveBroker(call, readLines(process.stdin));
  const slot = requireSlot(call);
  if (call.flags.has("dry-run")) return showStart(call, slot);
  const { terminal } = call;
  const ports = openStart(call, slot);
  const once = call.flags.has("once");
  const lock = await takeLock(`/run/ci-fleet/mint/${slot}`, {
    forMs: LOCK_MS,
    onWait: () => ports.say("another `ci-fleet mint` is at work for it; waiting …"),
  });
  // Anyone may hold a lock of that name: for a unit it is a courtesy, never a reason not to start.
  if (lock === null && once) return LOCKED;
  try {
    const prepared = await prepareSlot(ports, { once });
    terminal.err(`${slot}: ${cleanForTerminal(describe(prepared))}\n`);
    return chooseCode(prepared);
  } finally {
    await lock?.release();
  }
};

function requireSlot({ flags }: CommandCall): string {
  const slot = flags.text("prepare");
  if (slot === null)
    throw new UsageError("which slot?", "ci-fleet mint --prepare <slot>; `ci-fleet plan` lists them");
  // It becomes part of paths.
  if (/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(slot) && slot.length <= MAX_SLOT_NAME) return slot;
  throw new UsageError(`${JSON.stringify(slot)} is no slot's name`, "`ci-fleet plan` lists them");
}

function describe(prepared: Prepared): string {
  if (prepared.kind === "failed") return tellFaults([prepared.fault]);
  if (prepared.kind === "held") return `it does not start: ${prepared.why}`;
  const words = {
    registered: "registered",
    "kept-registration": "it keeps its registration",
    adopted: "its runner still runs",
  } as const;
  return words[prepared.how];
}

function chooseCode(prepared: Prepared): number {
  if (prepared.kind === "ready") return FINE;
  if (prepared.kind === "held") return FOUND;
  if (prepared.isCredential) return REFUSED;
  return prepared.isHost ? FOUND : WORLD;
}
