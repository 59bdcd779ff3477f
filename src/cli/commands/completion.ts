// `ci-fleet completion <shell>`: the script that a shell sources. In: the shell's name. Out: the script.

import type { Command } from "../command.ts";
import { writeBashCompletion, writeFishCompletion, writeZshCompletion } from "../completion-scripts.ts";
import { FINE } from "../exit-codes.ts";

const WRITERS: Readonly<Record<string, () => string>> = {
  bash: writeBashCompletion,
  zsh: writeZshCompletion,
  fish: writeFishCompletion,
};

export const run: Command = async ({ args, terminal }) => {
  const writer = WRITERS[args[0] ?? ""];
  if (writer === undefined) throw new Error(`no completion for ${args[0]}`);
  terminal.out(writer());
  return FINE;
};
