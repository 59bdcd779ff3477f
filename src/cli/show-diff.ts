// What would change in one file, as a unified diff. In: both texts, null where there is no file. Out: text that
// is safe on a terminal.

import { createTwoFilesPatch } from "diff";
import type { StyleNames } from "../adapters/terminal.ts";
import { cleanForTerminal } from "../base/terminal-text.ts";

/** Beyond this many changed lines a diff is no longer read, and finding it costs seconds. */
const MAX_EDITS = 4000;

export function showDiff(
  path: string,
  before: string | null,
  after: string | null,
  style: StyleNames,
): string {
  const names = [
    before === null ? "/dev/null" : `a/${path}`,
    after === null ? "/dev/null" : `b/${path}`,
  ] as const;
  const options = { context: 3, maxEditLength: MAX_EDITS };
  const patch = createTwoFilesPatch(...names, before ?? "", after ?? "", undefined, undefined, options);
  if (patch === undefined)
    return `${style.bold(cleanForTerminal(path))}: more than ${MAX_EDITS} lines differ\n`;
  return patch
    .split("\n")
    .filter((line) => !/^=+$/.test(line))
    .map((line) => paintLine(cleanForTerminal(line), style))
    .join("\n");
}

function paintLine(line: string, style: StyleNames): string {
  if (line.startsWith("---") || line.startsWith("+++")) return style.bold(line);
  if (line.startsWith("@@")) return style.cyan(line);
  if (line.startsWith("-")) return style.red(line);
  if (line.startsWith("+")) return style.green(line);
  return line;
}
