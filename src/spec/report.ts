// Collects the diagnostics of one spec. Severity comes from the code table, so that a rule cannot
// disagree with the reference page. In: findings. Out: diagnostics, in the order they were made.

import type { Diagnostic, DocPath, RelatedPlace, Span } from "../base/diagnostic.ts";
import { SPEC_DOC } from "../base/diagnostic.ts";
import { SPEC_CODES } from "../model/codes-spec.ts";

export interface Finding {
  readonly message: string;
  readonly help?: string | undefined;
  /** Point at the key. */
  readonly onKey?: boolean;
  readonly span?: Span;
  readonly related?: readonly RelatedPlace[];
  /** Printers hide what stands there. */
  readonly secret?: true;
}

export interface Report {
  readonly diagnostics: readonly Diagnostic[];
  add(code: string, path: DocPath, finding: Finding): void;
  /** False: further errors would be dropped, so their costly words need not be found. */
  hasRoom(): boolean;
}

/** Of each severity: a hostile file cannot fill the memory, and errors are never crowded out by warnings. */
export const MAX_FINDINGS = 1000;

export function startReport(): Report {
  const severities = new Map(SPEC_CODES.map((entry) => [entry.code, entry.severity]));
  const diagnostics: Diagnostic[] = [];
  const counts = { error: 0, warning: 0, info: 0 };
  return {
    diagnostics,
    hasRoom: () => counts.error < MAX_FINDINGS,
    add(code, path, { message, help, onKey, span, related, secret }) {
      const severity = severities.get(code);
      if (severity === undefined) throw new Error(`no such code in the table of the spec room: ${code}`);
      if (counts[severity] >= MAX_FINDINGS) return;
      counts[severity] += 1;
      diagnostics.push({
        severity,
        code,
        message,
        doc: SPEC_DOC,
        path,
        ...(onKey === true ? { onKey } : {}),
        ...(span === undefined ? {} : { span }),
        ...(secret === undefined ? {} : { secret }),
        ...(help === undefined ? {} : { help }),
        ...(related === undefined || related.length === 0 ? {} : { related }),
      });
    },
  };
}

/** A related place in the spec. */
export function relate(message: string, path: DocPath, onKey = false): RelatedPlace {
  return { message, doc: SPEC_DOC, path, ...(onKey ? { onKey } : {}) };
}
