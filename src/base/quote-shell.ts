// Words for a POSIX shell. In base, because apply, doctor and cli print commands for people to run, and
// render writes scripts. In: any text without NUL. Out: shell source.

import { requireText } from "./unwritable-text.ts";

/** Characters that no shell treats as syntax. `=` is one after a command's name only, `~` at a start. */
const BARE_WORD = /^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:@%+,=-]*$/;

/**
 * One word for sh: inside single quotes nothing is special but the single quote itself (POSIX Shell Command
 * Language 2.2.2). The word is exact for dash, bash and busybox. A word that starts with `-` is still an
 * option to the command that gets it: put `--` or `./` before it where it comes from data.
 */
export function quoteShellWord(text: string): string {
  requireText("a shell word", text);
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command line for people to read or run: words are quoted only where they must be. */
export function formatShellCommand(argv: readonly string[]): string {
  return argv.map((word, at) => (isBareWord(word, at === 0) ? word : quoteShellWord(word))).join(" ");
}

/** The first word must not look like an assignment; a reserved word (`if`) is no program of ours. */
function isBareWord(word: string, isFirst: boolean): boolean {
  return BARE_WORD.test(word) && !(isFirst && word.includes("="));
}
