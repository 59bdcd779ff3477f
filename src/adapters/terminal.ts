// The two streams we talk through, and what may be asked of whoever reads them. In: the process. Out: a
// terminal. A reader that went away (`| head`) is no error of ours; a full disk behind `>` is.

import { fstatSync } from "node:fs";
import { styleText } from "node:util";
import { writeWhole } from "./write-whole.ts";

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
  const { env } = process;
  const out = openStream(1, onBrokenOutput);
  const err = openStream(2, onBrokenOutput);
  const outColour = wantsColour(env, out.terminal !== null);
  const errColour = wantsColour(env, err.terminal !== null);
  return {
    out: out.write,
    err: err.write,
    outStyle: createStyle(outColour),
    errStyle: createStyle(errColour),
    outColour,
    errColour,
    // Asked only when needed: Node loads a dozen modules for a stdin that is not a terminal.
    get interactive() {
      const areTerminals = out.terminal !== null && err.terminal !== null && process.stdin.isTTY;
      return areTerminals && !env.CI && env.TERM !== "dumb";
    },
    columns: out.terminal?.columns ?? null,
  };
}

interface Stream {
  /** null: a file, a pipe, a socket, nothing. */
  readonly terminal: NodeJS.WriteStream | null;
  readonly write: (text: string) => void;
}

/**
 * Node's own streams only for a terminal: where no person waits they take longer to load than a small `validate`
 * takes to run, and what they have not passed on yet is lost with the process.
 */
function openStream(descriptor: 1 | 2, onBroken: (cause: Error) => void): Stream {
  const judge = (cause: NodeJS.ErrnoException): void => {
    if (cause.code !== "EPIPE") onBroken(cause);
  };
  const stream = mayBeTerminal(descriptor) ? (descriptor === 1 ? process.stdout : process.stderr) : null;
  if (stream?.isTTY) {
    stream.on("error", judge);
    return { terminal: stream, write: (text) => void stream.write(text) };
  }
  let isBroken = false;
  const write = (text: string): void => {
    const cause = isBroken || text === "" ? null : writeWhole(descriptor, text);
    if (cause === null) return;
    isBroken = true;
    judge(cause);
    // Whoever follows something listens there for a reader that went away.
    const stream = descriptor === 1 ? process.stdout : process.stderr;
    if (stream.listenerCount("error") > 0) stream.emit("error", cause);
  };
  return { terminal: null, write };
}

/** The devices of major number 1 are /dev/null and its like (Linux, admin-guide/devices.txt). */
function mayBeTerminal(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    return stats.isCharacterDevice() && ((stats.rdev >> 8) & 0xfff) !== 1;
  } catch {
    return false;
  }
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
