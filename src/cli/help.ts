// Help, examples first: most people copy one and go. In: the command table. Out: text.

import type { StyleNames } from "../adapters/terminal.ts";
import type { CommandEntry, OptionEntry } from "./command.ts";
import { COMMANDS, GLOBAL_OPTIONS } from "./command-table.ts";

const FIRST_STEPS: CommandEntry["examples"] = [
  ["ci-fleet init", "describe this machine and create fleet.yaml"],
  ["ci-fleet validate", "check everything, with the line of each problem"],
  ["ci-fleet render", "write the configuration of every host into rendered/"],
];

export function describeProgram(style: StyleNames): string {
  const shown = COMMANDS.filter(({ hidden }) => hidden !== true);
  const commands = shown.map(({ name, summary }) => [name, summary] as const);
  return [
    "One fleet.yaml describes your self-hosted GitHub Actions runners.\n",
    section("Examples", layExamples(FIRST_STEPS, style), style),
    section("Commands", layPairs(commands), style),
    section("Flags of every command", layPairs(GLOBAL_OPTIONS.map(showOption)), style),
    "`ci-fleet <command> --help` says more. Exit codes: 0 fine, 1 found something, 2 wrong usage,",
    "3 the world failed, 70 a bug of ci-fleet, 75 another ci-fleet holds the lock, 77 a credential was",
    "refused or is missing.\n",
  ].join("\n");
}

export function describeCommand(command: CommandEntry, style: StyleNames): string {
  const usage = ["ci-fleet", command.name, command.args?.usage, "[flags]"].filter(
    (word) => word !== undefined,
  );
  const args = command.args === undefined ? [] : [describeArgument(command.args)];
  const flags =
    command.options.length === 0 ? [] : [section("Flags", layPairs(command.options.map(showOption)), style)];
  return [
    `${command.summary}.\n`,
    section("Examples", layExamples(command.examples, style), style),
    section("Usage", [`  ${usage.join(" ")}`], style),
    ...args,
    ...flags,
    section("Flags of every command", layPairs(GLOBAL_OPTIONS.map(showOption)), style),
  ].join("\n");
}

function describeArgument({ usage, values, help }: NonNullable<CommandEntry["args"]>): string {
  return values === null ? `${usage}: ${help ?? "any text"}\n` : `${usage} is one of ${values.join(", ")}\n`;
}

function section(title: string, lines: readonly string[], style: StyleNames): string {
  return `${style.bold(title)}\n${lines.join("\n")}\n`;
}

function layExamples(examples: CommandEntry["examples"], style: StyleNames): readonly string[] {
  return examples.flatMap(([command, does]) => [style.dim(`  # ${does}`), `  ${command}`]);
}

function showOption(option: OptionEntry): readonly [string, string] {
  const short = /^-[A-Za-z],/.test(option.flags) ? "" : "    ";
  const values = option.values === undefined ? "" : `: ${option.values.join(", ")}`;
  return [`${short}${option.flags}`, `${option.help}${values}`];
}

function layPairs(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...pairs.map(([left]) => left.length));
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
