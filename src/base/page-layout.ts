// Lines of at most a hundred columns: a heading, fields with a hanging indent, small tables. Text from
// machines is cleaned before it reaches a terminal. In: words. Out: lines.

import { cleanForTerminal, measureWidth } from "./terminal-text.ts";

export const PAGE_WIDTH = 100;
const LABEL_WIDTH = 10;
const INDENT = "  ";

/** `Host forge: …`, folded under itself. */
export function layHeading(text: string): readonly string[] {
  return foldWords(cleanForTerminal(text), PAGE_WIDTH - INDENT.length).map((line, at) =>
    at === 0 ? line : INDENT + line,
  );
}

/** `  labels    self-hosted linux x64 …`, folded at spaces under the first word. */
export function layField(label: string, text: string): readonly string[] {
  return layHanging(INDENT + label.padEnd(LABEL_WIDTH), text);
}

/** The text, cleaned and folded under its own first word; `lead` stands before that. */
export function layHanging(lead: string, text: string): readonly string[] {
  const hang = " ".repeat(lead.length);
  return foldWords(cleanForTerminal(text), PAGE_WIDTH - lead.length).map(
    (line, at) => (at === 0 ? lead : hang) + line,
  );
}

/** Columns as wide as their widest cell, the last one folded. */
export function layTable(rows: readonly (readonly string[])[]): readonly string[] {
  const clean = rows.map((row) => row.map(cleanForTerminal));
  const widths = (clean[0] ?? []).map((_, column) =>
    Math.max(...clean.map((row) => measureWidth(row[column] ?? ""))),
  );
  return clean.flatMap((row) => {
    const lead =
      INDENT +
      row
        .slice(0, -1)
        .map((cell, column) => padCell(cell, widths[column] ?? 0))
        .join("");
    const room = PAGE_WIDTH - measureWidth(lead);
    const hang = " ".repeat(measureWidth(lead));
    return foldWords(row.at(-1) ?? "", room).map((line, at) => ((at === 0 ? lead : hang) + line).trimEnd());
  });
}

function padCell(cell: string, width: number): string {
  return cell + " ".repeat(width - measureWidth(cell) + 2);
}

/** Lines of at most `room` cells; a word that is longer than a line is cut. */
export function foldWords(text: string, room: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((part) => cutWord(part, room))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (measureWidth(longer) <= room) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function cutWord(word: string, room: number): readonly string[] {
  if (measureWidth(word) <= room) return [word];
  const pieces: string[] = [];
  let piece = "";
  for (const character of word) {
    if (measureWidth(piece + character) > room) {
      pieces.push(piece);
      piece = "";
    }
    piece += character;
  }
  return [...pieces, piece];
}
