// The two streams we talk through, and what may be asked of whoever reads them. In: the process. Out: a
// terminal. A reader that went away (`| head`) is no error of ours; a full disk behind `>` is.

import { styleText } from "node:util";

export interface StyleNames {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export interface Terminal {
  /** Data, and nothing else. */
  out(text: string): void;
  /** Everything that is not data. */
  err(text: string): void;
  readonly outStyle: StyleNames;
  readonly errStyle: StyleNames;
  readonly outColour: boolean;
  readonly errColour: boolean;
  /** May a question be asked? Both ends must be a terminal, and one that can move its cursor. */
  readonly interactive: boolean;
  /** Columns of stdout where it is a terminal. */
  readonly columns: number | null;
}

export function openTerminal(onBrokenOutput: (cause: Error) => void): Terminal {
  const { stdout, stderr, env } = process;
  for (const stream of [stdout, stderr]) {
    stream.on("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EPIPE") onBrokenOutput(cause);
    });
  }
  const outColour = wantsColour(env, stdout.isTTY === true);
  const errColour = wantsColour(env, stderr.isTTY === true);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    outStyle: createStyle(outColour),
    errStyle: createStyle(errColour),
    outColour,
    errColour,
    // Asked only when needed: Node loads a dozen modules for a stdin that is not a terminal.
    get interactive() {
      const areTerminals = stdout.isTTY === true && stderr.isTTY === true && process.stdin.isTTY === true;
      return areTerminals && !env.CI && env.TERM !== "dumb";
    },
    columns: stdout.isTTY === true ? stdout.columns : null,
  };
}

/** https://no-color.org and https://bixense.com/clicolors: what the person says wins over what we see. */
export function wantsColour(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  if (env.NO_COLOR) return false;
  const forced = env.FORCE_COLOR ?? env.CLICOLOR_FORCE;
  if (forced !== undefined && forced !== "") return forced !== "0";
  return isTerminal && env.TERM !== "dumb";
}

function createStyle(colour: boolean): StyleNames {
  const paint =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string =>
      colour ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: paint("bold"),
    dim: paint("dim"),
    red: paint("red"),
    green: paint("green"),
    yellow: paint("yellow"),
    cyan: paint("cyan"),
  };
}
