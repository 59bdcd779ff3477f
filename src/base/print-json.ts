// Diagnostics for programs. The document has a version and only grows. In: placed diagnostics. Out: JSON
// with a line feed; characters that a terminal would obey are escaped, so that the data stays exact.

import type { PlacedDiagnostic } from "./place-diagnostics.ts";

export function printJson(diagnostics: readonly PlacedDiagnostic[]): string {
  const count = (severity: string): number => diagnostics.filter((one) => one.severity === severity).length;
  return stringifySafely({
    schema: "ci-fleet/diagnostics/v1",
    summary: { errors: count("error"), warnings: count("warning"), infos: count("info") },
    diagnostics: diagnostics.map(
      ({ severity, code, message, help, doc, path, related, drawing, ...place }) => ({
        severity,
        code,
        message,
        ...flattenPlace(place),
        document: doc.kind === "spec" ? "spec" : "inventory",
        host: doc.kind === "spec" ? null : doc.host,
        path,
        help,
        ...(drawing === undefined ? {} : { drawing }),
        related: related.map((one) => ({ message: one.message, ...flattenPlace(one) })),
      }),
    ),
  });
}

/** JSON whose every character is one that a terminal shows. */
export function stringifySafely(value: unknown): string {
  return escapeUnseen(JSON.stringify(value, null, 2));
}

/** The same on one line, for documents that follow one another. */
export function stringifyLine(value: unknown): string {
  return escapeUnseen(JSON.stringify(value));
}

function escapeUnseen(text: string): string {
  const json = text.replace(
    /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${json}\n`;
}

function flattenPlace({ file, start, end }: Pick<PlacedDiagnostic, "file" | "start" | "end">): object {
  return {
    file,
    line: start?.line ?? null,
    column: start?.column ?? null,
    endLine: end?.line ?? null,
    endColumn: end?.column ?? null,
  };
}
