// Diagnostics as annotations in a GitHub Actions log (docs, workflow commands). Escaping is that of
// actions/toolkit packages/core/src/command.ts: `%`, CR and LF everywhere, `:` and `,` in properties too.
// In: placed diagnostics. Out: one command on each line.

import type { PlacedDiagnostic } from "./place-diagnostics.ts";

const COMMANDS = { error: "error", warning: "warning", info: "notice" } as const;

export function printGithub(diagnostics: readonly PlacedDiagnostic[]): string {
  return diagnostics.map(printOne).join("");
}

function printOne({
  severity,
  code,
  message,
  help,
  file,
  start,
  end,
  related,
  drawing = [],
}: PlacedDiagnostic): string {
  const properties: [string, string | number][] = [["file", file]];
  if (start !== null) {
    properties.push(["line", start.line]);
    // GitHub refuses columns of a range over several lines.
    if (end !== null && end.line === start.line) {
      properties.push(["col", start.column], ["endColumn", Math.max(end.column, start.column)]);
    } else if (end !== null) properties.push(["endLine", end.line]);
  }
  properties.push(["title", code]);
  const list = properties.map(([name, value]) => `${name}=${escapeProperty(String(value))}`).join(",");
  const notes = related.map((one) => `note: ${one.message} (${one.file}:${one.start?.line ?? 1})`);
  const lines = [message, ...drawing, ...notes, ...(help === null ? [] : [`help: ${help}`])];
  return `::${COMMANDS[severity]} ${list}::${escapeData(lines.join("\n"))}\n`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
