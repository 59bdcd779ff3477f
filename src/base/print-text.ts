// Diagnostics for people, in the shape of butane and actionlint: place, message, code, the line with a
// caret, help. In: placed diagnostics. Out: text that ends in a line feed, or nothing.

import type { Severity } from "./diagnostic.ts";
import type { PlacedDiagnostic } from "./place-diagnostics.ts";
import { cleanForTerminal, measureWidth } from "./terminal-text.ts";

/** Cells of the excerpt; a longer line is cut around the caret. */
const EXCERPT_WIDTH = 100;

type Paint = (style: "error" | "warning" | "info" | "bold" | "dim", text: string) => string;

export function printText(
  diagnostics: readonly PlacedDiagnostic[],
  { color = false }: { readonly color?: boolean } = {},
): string {
  const paint = color ? paintAnsi : paintNothing;
  return diagnostics.map((diagnostic) => printOne(diagnostic, paint)).join("");
}

/** `2 errors and 1 warning`; empty where there is nothing. */
export function summarizeDiagnostics(diagnostics: readonly { readonly severity: Severity }[]): string {
  const words = (["error", "warning", "info"] as const).flatMap((severity) => {
    const count = diagnostics.filter((one) => one.severity === severity).length;
    if (count === 0) return [];
    return `${count} ${severity === "info" ? "note" : severity}${count === 1 ? "" : "s"}`;
  });
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function printOne(diagnostic: PlacedDiagnostic, paint: Paint): string {
  const { severity, code, message, help, related } = diagnostic;
  const head = `${paint("bold", `${placeOf(diagnostic)}:`)} ${paint(severity, `${severity}:`)} ${message} ${paint("dim", `[${code}]`)}\n`;
  const indent = " ".repeat(String(diagnostic.start?.line ?? 0).length);
  const notes = related.map((one) => `${indent} = note: ${one.message} (${placeOf(one)})\n`);
  const shown = (diagnostic.drawing ?? []).map((line) => `${indent} ${paint("dim", "|")} ${line}\n`);
  const advice = help === null ? "" : `${indent} = help: ${help}\n`;
  return head + printExcerpt(diagnostic, indent, paint) + shown.join("") + notes.join("") + advice;
}

function placeOf({ file, start }: Pick<PlacedDiagnostic, "file" | "start">): string {
  const name = cleanForTerminal(file);
  return start === null ? name : `${name}:${start.line}:${start.column}`;
}

function printExcerpt(
  { line, start, end, severity }: PlacedDiagnostic,
  indent: string,
  paint: Paint,
): string {
  if (line === null || start === null || line.trim() === "") return "";
  const from = start.column - 1;
  const to = end === null || end.line > start.line ? line.trimEnd().length : end.column - 1;
  const window = cutWindow(line, from);
  const before = cleanForTerminal(line.slice(window.start, from));
  const marked = cleanForTerminal(line.slice(from, Math.min(to, window.end)));
  const text = cleanForTerminal(line.slice(window.start, window.end)).trimEnd();
  const lead = window.start > 0 ? "…" : "";
  const tail = window.end < line.trimEnd().length ? "…" : "";
  const pad = " ".repeat(measureWidth(lead + before));
  const caret = `^${"~".repeat(Math.max(0, measureWidth(marked) - 1))}`;
  const bar = paint("dim", "|");
  return (
    `${indent} ${bar}\n` +
    `${paint("dim", String(start.line))} ${bar} ${lead}${text}${tail}\n` +
    `${indent} ${bar} ${pad}${paint(severity, caret)}\n`
  );
}

function cutWindow(line: string, at: number): { readonly start: number; readonly end: number } {
  if (line.length <= EXCERPT_WIDTH) return { start: 0, end: line.length };
  const start = Math.max(0, Math.min(at - 40, line.length - EXCERPT_WIDTH));
  return { start, end: Math.min(line.length, start + EXCERPT_WIDTH) };
}

function paintNothing(_style: Parameters<Paint>[0], text: string): string {
  return text;
}

const ANSI = { error: "1;31", warning: "1;33", info: "1;36", bold: "1", dim: "2" } as const;

function paintAnsi(style: Parameters<Paint>[0], text: string): string {
  return `\u001b[${ANSI[style]}m${text}\u001b[0m`;
}
