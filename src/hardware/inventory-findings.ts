// One fault of an inventory as a diagnostic, with the severity that the code table gives. In: code, place, message.
// Out: the diagnostic.

import type { Diagnostic, DocPath, DocRef } from "../base/diagnostic.ts";
import { HARDWARE_CODES } from "../model/codes-hardware.ts";

export function makeFinding(code: string, doc: DocRef, path: DocPath, message: string): Diagnostic {
  const entry = HARDWARE_CODES.find((row) => row.code === code);
  if (entry === undefined) throw new Error(`${code} is not in the table of hardware codes`);
  return { severity: entry.severity, code, message, doc, path };
}
