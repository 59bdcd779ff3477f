// A table of slots or guests: a mark for its health before each row, and what there is to say below it. In: a head, rows.
// Out: lines of a page.

import { cleanForTerminal, measureWidth } from "../base/terminal-text.ts";
import type { Health } from "./explain-slot.ts";

export const MARKS: Readonly<Record<Health, string>> = { ok: "●", waits: "◌", differs: "✗", unknown: "?" };

/** What stands before whole lines that belong to a row. */
export const BELOW_ROW = "      ";

export interface MarkedRow {
  /** Painted already: colours have no width. */
  readonly mark: string;
  readonly cells: readonly string[];
  /** Whole lines. */
  readonly below: readonly string[];
}

/** Nothing, where there is no row. */
export function layMarkedRows(head: readonly string[], rows: readonly MarkedRow[]): readonly string[] {
  if (rows.length === 0) return [];
  const clean = rows.map(({ cells }) => cells.map(cleanForTerminal));
  const widths = head.map((title, at) =>
    Math.max(title.length, ...clean.map((cells) => measureWidth(cells[at] ?? ""))),
  );
  const lay = (cells: readonly string[]) =>
    cells.map((cell, at) => cell.padEnd((widths[at] ?? 0) + 2)).join("");
  return [
    `    ${lay(head)}`.trimEnd(),
    ...rows.flatMap(({ mark, below }, at) => [`  ${mark} ${lay(clean[at] ?? [])}`.trimEnd(), ...below]),
  ];
}
