// Completion for the three shells, from the command table. Static text: completing must not start a program.
// In: the table. Out: a script.

import type { CommandEntry, OptionEntry } from "./command.ts";
import { COMMANDS, GLOBAL_OPTIONS } from "./command-table.ts";

/** What may follow a flag. */
type Taken = "nothing" | "file" | "folder" | "text" | readonly string[];

interface FlagWords {
  readonly long: string;
  readonly short: string | null;
  readonly help: string;
  readonly takes: Taken;
}

function readFlag(option: OptionEntry): FlagWords {
  const long = /--[a-z-]+/.exec(option.flags)?.[0] ?? "";
  const short = /^-[A-Za-z](?=,)/.exec(option.flags)?.[0] ?? null;
  const value = /<(.+)>/.exec(option.flags)?.[1] ?? null;
  const takes: Taken =
    option.values ??
    (value === null ? "nothing" : value === "folder" ? "folder" : value === "path" ? "file" : "text");
  return { long, short, help: option.help, takes };
}

const flagsOf = (command: CommandEntry): readonly FlagWords[] =>
  [...command.options, ...GLOBAL_OPTIONS].map(readFlag);
const spell = ({ long, short }: FlagWords): readonly string[] => (short === null ? [long] : [short, long]);

export function writeBashCompletion(): string {
  const cases = COMMANDS.map((command) => {
    const words = [...flagsOf(command).flatMap(spell), ...(command.args?.values ?? [])];
    return `    ${command.name}) words="${words.join(" ")}" ;;`;
  });
  const values = new Map<string, string>();
  for (const flag of [...COMMANDS.flatMap(flagsOf)]) {
    const action = bashAction(flag.takes);
    if (action !== null) values.set(spell(flag).join("|"), action);
  }
  return `# bash completion for ci-fleet
_ci_fleet() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= words= i
  COMPREPLY=()
  case $previous in
${[...values].map(([flags, action]) => `    ${flags}) ${action}; return ;;`).join("\n")}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${COMMANDS.map(({ name }) => name).join("|")}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $command in
${cases.join("\n")}
    *) words="${[...COMMANDS.map(({ name }) => name), ...GLOBAL_OPTIONS.map(readFlag).flatMap(spell)].join(" ")}" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _ci_fleet ci-fleet
`;
}

function bashAction(takes: Taken): string | null {
  if (takes === "nothing") return null;
  if (takes === "file") return 'mapfile -t COMPREPLY < <(compgen -f -- "$current")';
  if (takes === "folder") return 'mapfile -t COMPREPLY < <(compgen -d -- "$current")';
  if (takes === "text") return ":";
  return `mapfile -t COMPREPLY < <(compgen -W "${takes.join(" ")}" -- "$current")`;
}

export function writeZshCompletion(): string {
  const cases = COMMANDS.map((command) => {
    const values = command.args?.values ?? null;
    const action = values === null ? "" : `(${values.join(" ")})`;
    const args = command.args === undefined ? [] : [`':${zshText(command.args.usage)}:${action}'`];
    const lines = [...flagsOf(command).map(zshFlag), ...args];
    return `    ${command.name})\n      _arguments \\\n        ${lines.join(" \\\n        ")} ;;`;
  });
  return `#compdef ci-fleet
_ci_fleet() {
  local -a commands
  commands=(
${COMMANDS.map(({ name, summary }) => `    '${name}:${zshText(summary)}'`).join("\n")}
  )
  local context state line
  typeset -A opt_args
  _arguments -C \\
    ${GLOBAL_OPTIONS.map(readFlag).map(zshFlag).join(" \\\n    ")} \\
    '1: :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest) case $line[1] in
${cases.join("\n")}
    esac ;;
  esac
}
if [ "$funcstack[1]" = _ci_fleet ]; then _ci_fleet "$@"; else compdef _ci_fleet ci-fleet; fi
`;
}

function zshFlag(flag: FlagWords): string {
  const { takes } = flag;
  const what =
    takes === "nothing"
      ? ""
      : takes === "file"
        ? ":file:_files"
        : takes === "folder"
          ? ":folder:_files -/"
          : takes === "text"
            ? ":text:"
            : `:value:(${takes.join(" ")})`;
  const names = spell(flag);
  const body = `[${zshText(flag.help)}]${what}`;
  if (names.length === 1) return `'${names[0]}${body}'`;
  return `'(${names.join(" ")})'{${names.join(",")}}'${body}'`;
}

/** Inside single quotes and inside `[…]` of _arguments. */
function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&").replaceAll("'", "'\\''");
}

export function writeFishCompletion(): string {
  const names = COMMANDS.map(({ name }) => name).join(" ");
  const none = `not __fish_seen_subcommand_from ${names}`;
  const lines = [
    "complete -c ci-fleet -f",
    ...COMMANDS.map(
      ({ name, summary }) => `complete -c ci-fleet -n '${none}' -a ${name} -d '${fishText(summary)}'`,
    ),
    ...GLOBAL_OPTIONS.map(readFlag).map((flag) => `complete -c ci-fleet ${fishFlag(flag)}`),
    ...COMMANDS.flatMap((command) => [
      ...command.options
        .map(readFlag)
        .map(
          (flag) => `complete -c ci-fleet -n '__fish_seen_subcommand_from ${command.name}' ${fishFlag(flag)}`,
        ),
      ...(command.args?.values == null
        ? []
        : [
            `complete -c ci-fleet -n '__fish_seen_subcommand_from ${command.name}' -a '${command.args.values.join(" ")}'`,
          ]),
    ]),
  ];
  return `# fish completion for ci-fleet\n${lines.join("\n")}\n`;
}

function fishFlag({ long, short, help, takes }: FlagWords): string {
  const names = `${short === null ? "" : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  const what =
    takes === "nothing"
      ? ""
      : takes === "file"
        ? " -r -F"
        : takes === "folder"
          ? " -x -a '(__fish_complete_directories)'"
          : takes === "text"
            ? " -x"
            : ` -x -a '${takes.join(" ")}'`;
  return `${names}${what} -d '${fishText(help)}'`;
}

function fishText(text: string): string {
  return text.replace(/[\\']/g, "\\$&");
}
