// The faults of an inventory as diagnostics, with the severity that the code table gives. In: code, place, message.
// Out: the diagnostics, as many as help.

import type { Diagnostic, DocPath, DocRef } from "../base/diagnostic.ts";
import { HARDWARE_CODES } from "../model/codes-hardware.ts";

/** A file with more faults than this is no inventory at all. */
export const MAX_FINDINGS = 100;

export function makeFinding(code: string, doc: DocRef, path: DocPath, message: string): Diagnostic {
  const entry = HARDWARE_CODES.find((row) => row.code === code);
  if (entry === undefined) throw new Error(`${code} is not in the table of hardware codes`);
  return { severity: entry.severity, code, message, doc, path };
}

export interface Report {
  readonly all: readonly Diagnostic[];
  add(code: string, path: DocPath, message: string, more?: Pick<Diagnostic, "help" | "onKey">): void;
}

/** `before`: what was found already. */
export function openReport(doc: DocRef, before: readonly Diagnostic[]): Report {
  const all = [...before];
  return {
    all,
    add: (code, path, message, more = {}) => {
      if (all.length < MAX_FINDINGS) all.push({ ...makeFinding(code, doc, path, message), ...more });
    },
  };
}
