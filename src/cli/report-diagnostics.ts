// Prints what was found. In: diagnostics with their documents, and how to print. Out: text on one of the streams.

import { realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import { findRepository } from "../adapters/find-spec.ts";
import type { Terminal } from "../adapters/terminal.ts";
import { type PlacedDiagnostic, placeDiagnostics } from "../base/place-diagnostics.ts";
import { printText, summarizeDiagnostics } from "../base/print-text.ts";
import type { LoadedFleet } from "./load-fleet.ts";
import { productVersion } from "./version.ts";

export type ReportFormat = "text" | "json" | "sarif" | "github";

export function placeAll({ diagnostics, sources }: LoadedFleet): readonly PlacedDiagnostic[] {
  return placeDiagnostics(diagnostics, sources);
}

/** For GitHub, which knows files by their place in the repository, wherever the command was started. */
export function placeInRepository(loaded: LoadedFleet, folder: string): readonly PlacedDiagnostic[] {
  const root = findRepository(loaded.specFolder);
  if (root === null) return placeAll(loaded);
  const rename = (file: string): string => {
    const inner = relative(root, realpathSync(resolve(folder, file)));
    return inner.startsWith("..") ? file : inner;
  };
  const { diagnostics, sources } = loaded;
  return placeDiagnostics(
    diagnostics,
    sources.map((source) => ({ ...source, file: rename(source.file) })),
  );
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
