// Hands for the steps of an apply, made real. In: the work, how slots are looked at. Out: ApplyHands.

import { openFileHands } from "../../adapters/install-files-hands.ts";
import { lookAtSlots, type SlotQuestion } from "../../adapters/systemd-slots.ts";
import type { Terminal } from "../../adapters/terminal.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import type { ApplyHands } from "../../model/apply.ts";
import { openInstaller } from "../mint/open-installer.ts";
import { type LookedHost, openLook } from "../open-look.ts";
import { openRegistrations } from "./deregister.ts";
import type { ApplyWork } from "./open-work.ts";

export function openHands(
  work: ApplyWork,
  at: LookedHost,
  question: SlotQuestion,
  terminal: Terminal,
): ApplyHands {
  const { plan, places, host } = work;
  return {
    ...openFileHands(openLook(at, places).tools, (line) => terminal.err(`  ${cleanForTerminal(line)}\n`)),
    ...openRegistrations(plan, places),
    installRunner: async (version, folder) => {
      if (plan === null || host === null) throw new Error("a removal installs no runner");
      await openInstaller(plan, host, places).installRunner(version, folder);
    },
    look: async (slot) => {
      const seen = await lookAtSlots(question, openLook(at, places), [slot]);
      const state = seen.get(slot);
      if (state === undefined) throw new Error(`${slot} was asked for and not looked at`);
      return state;
    },
  };
}
