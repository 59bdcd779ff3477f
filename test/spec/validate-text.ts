// What `validate` would say about a text, with a fixed day and a fixed ci-fleet, for tests.

import { type PlacedDiagnostic, placeDiagnostics } from "../../src/base/place-diagnostics.ts";
import { printText, summarizeDiagnostics } from "../../src/base/print-text.ts";
import { parseSpec, type SpecTree } from "../../src/spec/parse-spec.ts";

export const TODAY = Date.parse("2026-11-21T12:00:00Z");

export function readSpec(text: string): SpecTree {
  return parseSpec(text, { now: TODAY, productVersion: "1.0.0" });
}

export function placeAll(text: string, file = "fleet.yaml"): readonly PlacedDiagnostic[] {
  const { diagnostics, locate } = readSpec(text);
  return placeDiagnostics(diagnostics, [{ doc: { kind: "spec" }, file, text, locate }]);
}

export function validateText(text: string): string {
  const placed = placeAll(text);
  return `${printText(placed)}${summarizeDiagnostics(placed)}\n`;
}
