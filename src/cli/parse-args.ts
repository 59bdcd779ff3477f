// From argv to a command and its flags. cac does the parsing; what it would let pass is refused here:
// unknown flags with a guess, values outside a list, a flag said twice.
// In: arguments. Out: a call, a request for help, or UsageError.

import { cac } from "cac";
import { suggest } from "../base/did-you-mean.ts";
import type { CommandEntry, Flags, OptionEntry } from "./command.ts";
import { COMMANDS, GLOBAL_OPTIONS } from "./command-table.ts";
import { UsageError } from "./usage-error.ts";

export type ParsedArgs =
  /** Not asked for: nothing was said that could be done. */
  | { readonly kind: "help"; readonly command: CommandEntry | null; readonly asked: boolean }
  | { readonly kind: "version" }
  | {
      readonly kind: "call";
      readonly command: CommandEntry;
      readonly args: readonly string[];
      readonly flags: Flags;
    };

/**
 * cac's parser (mri) makes numbers of values that look like one: a host named 007 would be 7. A mark in
 * front of such values keeps them text; it is taken off again when they are read.
 */
const MARK = "\0";

export function parseArgs(argv: readonly string[]): ParsedArgs {
  if (argv.some((argument) => argument.includes(MARK)))
    throw new UsageError("an argument holds a NUL character");
  const rest = argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
  const parsed = parse(rest);
  const { command, options, args } = parsed;
  const wantsHelp = options.help === true;
  if (command === null) {
    const word = args[0];
    if (word !== undefined) throw refuseCommand(word);
    if (options.version === true) return { kind: "version" };
    refuseUnknownFlags(options, [...GLOBAL_OPTIONS, { flags: "-v, --version", help: "" }], "ci-fleet");
    return { kind: "help", command: null, asked: wantsHelp };
  }
  const known = [...command.options, ...GLOBAL_OPTIONS];
  refuseUnknownFlags(options, known, `ci-fleet ${command.name}`);
  if (wantsHelp) return { kind: "help", command, asked: true };
  refuseValuesOfSwitches(rest, known);
  for (const option of known) checkValues(option, options[camelCase(nameOf(option))]);
  checkArgs(command, args);
  return { kind: "call", command, args, flags: readFlags(options, known) };
}

interface RawArgs {
  readonly command: CommandEntry | null;
  readonly options: Readonly<Record<string, unknown>>;
  readonly args: readonly string[];
}

function parse(argv: readonly string[]): RawArgs {
  const cli = cac("ci-fleet");
  for (const option of GLOBAL_OPTIONS) cli.option(option.flags, option.help);
  cli.option("-v, --version", "");
  // Where the first word is a command, the others need not be known: each costs as much as reading a small spec.
  const named = COMMANDS.find(({ name }) => name === argv[0]);
  for (const entry of named === undefined ? COMMANDS : [named]) {
    const command = cli.command([entry.name, entry.args?.usage ?? ""].join(" ").trim(), entry.summary);
    for (const option of entry.options) command.option(option.flags, option.help);
  }
  const marked = argv.map(markNumber);
  const { args, options } = cli.parse(["", "", ...marked], { run: false });
  const command = COMMANDS.find(({ name }) => name === cli.matchedCommandName) ?? null;
  const settled = settleNegations(options, command?.options ?? []);
  const behind = Array.isArray(options["--"]) ? options["--"] : [];
  return { command, options: settled, args: [...args, ...behind].map((argument) => unmark(argument)) };
}

/** cac reads `--no-arch-filter` as `archFilter: false`, and sets it to true where nothing is said. */
function settleNegations(
  options: Readonly<Record<string, unknown>>,
  known: readonly OptionEntry[],
): Readonly<Record<string, unknown>> {
  const settled = { ...options };
  for (const name of known.map(nameOf).filter((each) => each.startsWith("no-"))) {
    const key = camelCase(name.slice("no-".length));
    if (settled[key] === false) settled[camelCase(name)] = true;
    if (typeof settled[key] === "boolean") delete settled[key];
  }
  return settled;
}

/** `7`, `1e3`, `` and ` ` are numbers to mri. */
function markNumber(argument: string): string {
  if (!argument.startsWith("-")) return looksNumeric(argument) ? `${MARK}${argument}` : argument;
  const equals = argument.indexOf("=");
  if (equals === -1 || !looksNumeric(argument.slice(equals + 1))) return argument;
  return `${argument.slice(0, equals + 1)}${MARK}${argument.slice(equals + 1)}`;
}

function looksNumeric(text: string): boolean {
  return Number.isFinite(Number(text));
}

function unmark(value: unknown): string {
  return String(value).replace(MARK, "");
}

/** `-f, --file <path>` → `file`. */
export function nameOf(option: OptionEntry): string {
  return /--([a-z-]+)/.exec(option.flags)?.[1] ?? "";
}

const camelCase = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
const kebabCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function refuseCommand(word: string): UsageError {
  const near = suggest(word, [...COMMANDS.map(({ name }) => name), "help"]);
  const guess = near === null ? "" : `; did you mean ${JSON.stringify(near)}?`;
  return new UsageError(
    `unknown command ${JSON.stringify(word)}${guess}`,
    "`ci-fleet --help` lists the commands",
  );
}

function refuseUnknownFlags(
  options: Readonly<Record<string, unknown>>,
  known: readonly OptionEntry[],
  usage: string,
): void {
  const names = new Set(
    known.flatMap(({ flags }) => [...flags.matchAll(/--?([A-Za-z-]+)/g)].map((m) => m[1] ?? "")),
  );
  for (const key of Object.keys(options)) {
    if (key === "--") continue;
    const name = key.length === 1 ? key : kebabCase(key);
    if (names.has(name)) continue;
    const near = suggest(name, names);
    const guess = near === null ? "" : `; did you mean ${near.length === 1 ? "-" : "--"}${near}?`;
    const shown = JSON.stringify(`${name.length === 1 ? "-" : "--"}${name}`);
    throw new UsageError(`unknown flag ${shown}${guess}`, `\`${usage} --help\` lists the flags`);
  }
}

/** `--check=maybe`: cac would take the value for an argument. */
function refuseValuesOfSwitches(argv: readonly string[], known: readonly OptionEntry[]): void {
  for (const argument of argv) {
    const name = /^--([a-z-]+)=/.exec(argument)?.[1];
    const option = known.find((one) => nameOf(one) === name);
    if (option !== undefined && !takesValue(option)) throw new UsageError(`--${name} takes no value`);
  }
}

const takesValue = (option: OptionEntry): boolean => /[<[]/.test(option.flags);

function checkValues(option: OptionEntry, value: unknown): void {
  if (value === undefined) return;
  const name = nameOf(option);
  const values = Array.isArray(value) ? value : [value];
  if (values.length > 1 && option.many !== true && typeof values[0] !== "boolean") {
    throw new UsageError(`--${name} is given twice`);
  }
  for (const one of values) {
    if (!takesValue(option) && typeof one !== "boolean") throw new UsageError(`--${name} takes no value`);
    if (one === false) throw new UsageError(`unknown flag "--no-${name}"`);
    if (option.flags.includes("<") && (one === true || unmark(one) === "")) {
      throw new UsageError(`--${name} needs a value: ${option.flags}`);
    }
    if (option.values !== undefined && !option.values.includes(unmark(one))) {
      const near = suggest(unmark(one), option.values);
      const guess = near === null ? "" : `; did you mean ${near}?`;
      const shown = JSON.stringify(unmark(one));
      throw new UsageError(`--${name} is one of ${option.values.join(", ")}, not ${shown}${guess}`);
    }
  }
}

function checkArgs(command: CommandEntry, args: readonly string[]): void {
  const { args: wanted, name } = command;
  const extra = args[wanted === undefined ? 0 : 1];
  if (extra !== undefined) throw new UsageError(`${name} takes no argument ${JSON.stringify(extra)}`);
  if (wanted === undefined) return;
  const [given] = args;
  if (given === undefined) {
    if (wanted.usage.startsWith("[")) return;
    throw new UsageError(`${name} needs ${wanted.usage}: ${wanted.values?.join(", ") ?? wanted.help ?? ""}`);
  }
  if (wanted.values === null) {
    if (given === "") throw new UsageError(`${wanted.usage} is empty`);
    return;
  }
  if (wanted.values.includes(given)) return;
  const near = suggest(given, wanted.values);
  const guess = near === null ? "" : `; did you mean ${near}?`;
  throw new UsageError(
    `${wanted.usage} is one of ${wanted.values.join(", ")}, not ${JSON.stringify(given)}${guess}`,
  );
}

function readFlags(options: Readonly<Record<string, unknown>>, known: readonly OptionEntry[]): Flags {
  const read = (name: string): unknown => {
    if (!known.some((option) => nameOf(option) === name)) throw new Error(`no flag --${name} in the table`);
    return options[camelCase(name)];
  };
  const texts = (name: string): readonly string[] => {
    const value = read(name);
    const all = value === undefined ? [] : Array.isArray(value) ? value : [value];
    return all.filter((one) => one !== true).map(unmark);
  };
  return {
    has: (name) => read(name) !== undefined,
    text: (name) => texts(name)[0] ?? null,
    texts,
  };
}
