// What a command is: a row in the table, and a function that wires flags to rooms. In: nothing. Out: types.

import type { Terminal } from "../adapters/terminal.ts";

export interface OptionEntry {
  /** As cac reads it: `-f, --file <path>`. */
  readonly flags: string;
  readonly help: string;
  /** The only values there are. */
  readonly values?: readonly string[];
  /** Said more than once. */
  readonly many?: true;
}

export interface CommandEntry {
  readonly name: string;
  /** Called by units and by other machines: not in the list of commands, though `--help` of it says all. */
  readonly hidden?: true;
  /** A positional argument as cac reads it: `<shell>`, `[slot]` where it may be left out. */
  readonly args?: {
    readonly usage: string;
    /** The only values there are; null: any text, which `help` describes. */
    readonly values: readonly string[] | null;
    readonly help?: string;
  };
  readonly summary: string;
  readonly examples: readonly (readonly [command: string, does: string])[];
  readonly options: readonly OptionEntry[];
  readonly load: () => Promise<{ readonly run: Command }>;
}

export type Command = (call: CommandCall) => Promise<number>;

/** One call of a command, with the flags that all have already put to use. */
export interface CommandCall {
  readonly args: readonly string[];
  readonly flags: Flags;
  /** Where relative paths begin: the working directory, or `-C`. */
  readonly folder: string;
  /** `-f`, absolute; null: search. */
  readonly specFile: string | null;
  readonly terminal: Terminal;
}

/** Reads flags by their long name. Asking for the wrong kind is a bug of the command. */
export interface Flags {
  has(name: string): boolean;
  text(name: string): string | null;
  texts(name: string): readonly string[];
}
