// From the command line to an exit code: parse, load the one command that is meant, call it, and say what
// went wrong in the three ways that things go wrong. In: the arguments without program names. Out: the code.

import { resolve } from "node:path";
import { openTerminal, type Terminal } from "../adapters/terminal.ts";
import { CredentialError } from "../base/credential-error.ts";
import { cleanForTerminal } from "../base/terminal-text.ts";
import { errnoOf, WorldError } from "../base/world-error.ts";
import type { CommandCall, Flags } from "./command.ts";
import { BUG, FINE, REFUSED, USAGE, WORLD } from "./exit-codes.ts";
import { expectFolder } from "./expect-folder.ts";
import { describeCommand, describeProgram } from "./help.ts";
import { parseArgs } from "./parse-args.ts";
import { UsageError } from "./usage-error.ts";
import { productCommit, productVersion, versionLine } from "./version.ts";

export async function run(args: readonly string[]): Promise<number> {
  let outputBroke = false;
  const terminal = openTerminal((cause) => {
    outputBroke = true;
    process.exitCode = sayWorldError(terminal, new WorldError("write to standard output", cause));
  });
  process.on("uncaughtException", (error) => {
    process.exitCode = sayError(terminal, error, args);
  });
  const code = await runGuarded(args, terminal);
  return outputBroke ? WORLD : code;
}

async function runGuarded(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    return sayError(terminal, error, args);
  }
}

function sayError(terminal: Terminal, error: unknown, args: readonly string[]): number {
  if (error instanceof UsageError) return sayUsageError(terminal, error);
  if (error instanceof WorldError) return sayWorldError(terminal, error);
  const refusal = readRefusal(error);
  return refusal === null ? sayBug(terminal, error, args) : sayWorldError(terminal, refusal);
}

/** What the kernel refused where nobody expected it to: still the world's fault, if less well told. */
function readRefusal(error: unknown): WorldError | null {
  const { syscall, path } = error as { syscall?: unknown; path?: unknown };
  if (errnoOf(error) === null || typeof syscall !== "string") return null;
  return new WorldError(typeof path === "string" ? `${syscall} ${path}` : syscall, error);
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const parsed = parseArgs(args);
  if (parsed.kind === "version") terminal.out(`${versionLine()}\n`);
  else if (parsed.kind === "help") {
    const { asked } = parsed;
    const { outStyle, errStyle } = terminal;
    if (!asked) terminal.err(describeProgram(errStyle));
    else terminal.out(parsed.command ? describeCommand(parsed.command, outStyle) : describeProgram(outStyle));
    return asked ? FINE : USAGE;
  } else {
    const { run: command } = await parsed.command.load();
    return command(openCall(parsed.args, parsed.flags, terminal));
  }
  return FINE;
}

function openCall(args: readonly string[], flags: Flags, terminal: Terminal): CommandCall {
  const folder = resolveFolder(flags.text("directory") ?? ".");
  expectFolder(folder, "work in");
  const file = flags.text("file");
  return { args, flags, folder, specFile: file === null ? null : resolve(folder, file), terminal };
}

function resolveFolder(path: string): string {
  try {
    return resolve(path);
  } catch (cause) {
    throw new WorldError("work in the current folder", cause, "it was removed: change into another one");
  }
}

function sayUsageError({ err, errStyle }: Terminal, error: UsageError): number {
  err(`${errStyle.red("error:")} ${cleanForTerminal(error.message)}\n`);
  if (error.help !== null) err(`${cleanForTerminal(error.help)}\n`);
  return USAGE;
}

function sayWorldError({ err, errStyle }: Terminal, error: WorldError): number {
  err(`${errStyle.red("error:")} ${cleanForTerminal(error.message)}\n`);
  if (error.help !== null) err(`${cleanForTerminal(error.help)}\n`);
  return error instanceof CredentialError ? REFUSED : WORLD;
}

/** Short for the person, with the stack for the report. Arguments hold no secrets: none is ever taken there. */
function sayBug({ err, errStyle }: Terminal, error: unknown, args: readonly string[]): number {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  err(`${errStyle.red("bug:")} this is a fault of ci-fleet, not yours. Nothing more was written.\n`);
  err("Please report it with the lines below, and with the spec if you may share it.\n\n");
  err(
    `  ci-fleet ${productVersion} commit ${productCommit}, Node ${process.versions.node}, ${process.platform}-${process.arch}\n`,
  );
  err(`  ${cleanForTerminal(`ci-fleet ${args.join(" ")}`)}\n`);
  for (const line of text.split("\n")) err(`  ${cleanForTerminal(line)}\n`);
  return BUG;
}
