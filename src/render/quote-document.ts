// Text inside other documents: comments and Markdown. In: any text. Out: text that stays text there.

import { requireText } from "../base/unwritable-text.ts";

/**
 * The rest of a `#` comment: one line, for a line break would end the comment, and the next line be a
 * setting. A trailing backslash is refused: systemd and modprobe join lines in it. Nothing else is special.
 */
export function writeComment(text: string): string {
  requireText(
    "a comment",
    text,
    /[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufeff\p{Noncharacter_Code_Point}]|\\$/u,
  );
  return text;
}

/**
 * Inline Markdown (CommonMark 0.31, and GitHub's tables, strikethrough, math and autolinks): a backslash before
 * what may mean something within a line, and before what may at its start. A full stop or a hyphen elsewhere
 * stays as it is, so that the source can be read too.
 */
export function quoteMarkdown(text: string): string {
  requireText("Markdown", text, /[\0-\x1f\x7f]/);
  return text
    .replace(/[\\`*_[\]<>&|~$!{}#@]/g, "\\$&")
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/(?<=www)\./gi, "\\.")
    .replace(/^([-+=])/, "\\$1")
    .replace(/^(\d{1,9})([.)])/, "$1\\$2");
}

/**
 * The same as a code span in a cell of a table, in which GitHub makes no links: outside of code nothing stops it from
 * taking `a@b.c` for an address. Cells are parted before code is looked for, so `|` needs its backslash here too.
 */
export function quoteMarkdownCode(text: string): string {
  requireText("Markdown", text, /[\0-\x1f\x7f]/);
  const runs = text.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map(({ length }) => length)) + 1);
  // One space at each end goes away, unless there is nothing else.
  const isPadded = /^`|`$/.test(text) || /^ .*[^ ].* $/.test(text);
  const space = isPadded ? " " : "";
  return `${fence}${space}${text.replaceAll("|", "\\|")}${space}${fence}`;
}
