// A program at a terminal, for tests of what only a person at one sees: prompts, completion. util-linux's `script`
// makes the pseudo-terminal. In: a command, what to type and when. Out: what stood on the screen, the exit code.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";

export interface TerminalOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
}

/** Types `text` once `after` has come up since the last keys. */
export interface Keys {
  readonly after: RegExp;
  readonly text: string;
}

export interface Seen {
  /** As the shell gives it: 128 and the signal's number where one ended it. */
  readonly code: number | null;
  /** Everything that was written, without what moves the cursor or paints. */
  readonly screen: string;
}

export const ENTER = "\r";
export const TAB = "\t";
export const CTRL_C = "\u0003";
export const CTRL_U = "\u0015";

/** Long enough for a busy machine; what comes too late fails with the screen. */
const PATIENCE = 60_000;

/** `command` is for a shell. */
export async function runAtTerminal(
  command: string,
  keys: readonly Keys[],
  { cwd, env, columns = 100 }: TerminalOptions,
): Promise<Seen> {
  const wide = columns === 0 ? command : `stty cols ${columns} rows 40; ${command}`;
  const child = spawn("script", ["--quiet", "--return", "--command", wide, "/dev/null"], {
    cwd,
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let raw = "";
  let seenUpTo = 0;
  const waiting = [...keys];
  const type = (): void => {
    const [next] = waiting;
    if (next === undefined) return;
    const screen = stripVTControlCharacters(raw);
    if (!next.after.test(screen.slice(seenUpTo))) return;
    seenUpTo = screen.length;
    waiting.shift();
    child.stdin.write(next.text);
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    raw += text;
    type();
  });
  child.stdin.on("error", () => {});
  const clock = setTimeout(() => child.kill(), PATIENCE);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(clock);
  const screen = stripVTControlCharacters(raw).replaceAll("\r\n", "\n");
  if (waiting.length > 0) {
    throw new Error(`the terminal never showed ${waiting[0]?.after}; it shows:\n${screen}`);
  }
  return { code, screen };
}
