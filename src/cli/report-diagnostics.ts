// Prints what was found. In: diagnostics with their documents, and how to print. Out: text on one of the streams.

import type { Terminal } from "../adapters/terminal.ts";
import { type PlacedDiagnostic, placeDiagnostics } from "../base/place-diagnostics.ts";
import { printText, summarizeDiagnostics } from "../base/print-text.ts";
import type { LoadedFleet } from "./load-fleet.ts";
import { productVersion } from "./version.ts";

export type ReportFormat = "text" | "json" | "sarif" | "github";

export function placeAll({ diagnostics, sources }: LoadedFleet): readonly PlacedDiagnostic[] {
  return placeDiagnostics(diagnostics, sources);
}

/** On stderr, for commands whose data is something else. */
export function warnAbout(loaded: LoadedFleet, terminal: Terminal): void {
  printWarnings(placeAll(loaded), terminal);
}

export function printWarnings(diagnostics: readonly PlacedDiagnostic[], terminal: Terminal): void {
  const placed = diagnostics.filter(({ severity }) => severity !== "info");
  if (placed.length === 0) return;
  terminal.err(printText(placed, { color: terminal.errColour }));
  terminal.err(`${summarizeDiagnostics(placed)}\n`);
}

export async function formatDiagnostics(
  placed: readonly PlacedDiagnostic[],
  format: ReportFormat,
  color: boolean,
): Promise<string> {
  switch (format) {
    case "text":
      return printText(placed, { color });
    case "json":
      return (await import("../base/print-json.ts")).printJson(placed);
    case "github":
      return (await import("../base/print-github.ts")).printGithub(placed);
    case "sarif": {
      const { printSarif } = await import("../base/print-sarif.ts");
      const { listCodes } = await import("../model/codes.ts");
      return printSarif(placed, listCodes(), { name: "ci-fleet", version: productVersion });
    }
  }
}
