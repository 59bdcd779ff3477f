// Lines of a plain-text page: label column, wrapped text, never wider than the page. In: labels and texts.
// Out: lines.

import { foldWords, PAGE_WIDTH } from "../base/page-layout.ts";

const LABEL_WIDTH = 14;

export interface Row {
  /** Empty: continues the row above. */
  readonly label: string;
  readonly text: string;
}

export function row(label: string, ...parts: readonly (string | null)[]): readonly Row[] {
  const text = parts.filter((part) => part !== null && part !== "").join(", ");
  return text === "" ? [] : [{ label, text }];
}

/** A heading and its rows, indented; nothing where there are no rows. */
export function section(title: string, rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return [];
  return [title, ...rows.flatMap((line) => wrapRow(line)), ""];
}

/** A heading and items with a dash; an arrow below an item says what to do. */
export function bulletSection(
  title: string,
  items: readonly { readonly text: string; readonly remedy: string | null }[],
): readonly string[] {
  if (items.length === 0) return [];
  const lines = items.flatMap(({ text, remedy }) => [
    ...hang("  - ", text),
    ...(remedy === null ? [] : hang("    → ", remedy)),
  ]);
  return [title, ...lines, ""];
}

function hang(first: string, text: string): readonly string[] {
  const indent = " ".repeat(first.length);
  return foldWords(text, PAGE_WIDTH - first.length).map((line, i) => `${i === 0 ? first : indent}${line}`);
}

function wrapRow({ label, text }: Row): readonly string[] {
  const tag = `  ${label}`.padEnd(LABEL_WIDTH + 2);
  // A label wider than its column gets a line of its own text column all the same.
  const first = tag.endsWith(" ") ? tag : `${tag} `;
  const indent = " ".repeat(LABEL_WIDTH + 2);
  const lines = foldWords(text, PAGE_WIDTH - Math.max(indent.length, first.length));
  return lines.map((line, i) => `${i === 0 ? first : indent}${line}`);
}
