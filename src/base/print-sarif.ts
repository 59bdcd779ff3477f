// Diagnostics as SARIF 2.1.0 (OASIS), for code scanning. In: placed diagnostics, the rows of the codes they
// bear, who made them. Out: JSON with a line feed.

import type { Severity } from "./diagnostic.ts";
import type { Place, PlacedDiagnostic } from "./place-diagnostics.ts";
import { stringifySafely } from "./print-json.ts";

/** What a rule says of itself; the code table's rows have this shape. */
export interface RuleText {
  readonly code: string;
  readonly name: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly why: string;
  readonly fix: string;
}

const LEVELS = { error: "error", warning: "warning", info: "note" } as const;

export function printSarif(
  diagnostics: readonly PlacedDiagnostic[],
  rules: readonly RuleText[],
  tool: { readonly name: string; readonly version: string },
): string {
  const used = new Set(diagnostics.map(({ code }) => code));
  const listed = rules.filter(({ code }) => used.has(code));
  const indices = new Map(listed.map(({ code }, i) => [code, i]));
  return stringifySafely({
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: tool.name, version: tool.version, rules: listed.map(describeRule) } },
        columnKind: "utf16CodeUnits",
        results: diagnostics.map((diagnostic) => describeResult(diagnostic, indices)),
      },
    ],
  });
}

function describeRule({ code, name, severity, summary, why, fix }: RuleText): object {
  return {
    id: code,
    name: name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: summary },
    fullDescription: { text: why },
    help: { text: fix },
    defaultConfiguration: { level: LEVELS[severity] },
  };
}

function describeResult(diagnostic: PlacedDiagnostic, indices: ReadonlyMap<string, number>): object {
  const { code, severity, message, help, related, drawing = [] } = diagnostic;
  const ruleIndex = indices.get(code);
  return {
    ruleId: code,
    ...(ruleIndex === undefined ? {} : { ruleIndex }),
    level: LEVELS[severity],
    message: { text: [message, ...drawing, ...(help === null ? [] : [help])].join("\n") },
    locations: [{ physicalLocation: describePlace(diagnostic) }],
    relatedLocations: related.map((one, id) => ({
      id,
      physicalLocation: describePlace(one),
      message: { text: one.message },
    })),
  };
}

/** Code scanning shows no alert without a line (GitHub docs, SARIF support, `region.startLine`): the first stands in. */
function describePlace({ file, start, end }: Place): object {
  const from = start === null ? { startLine: 1 } : { startLine: start.line, startColumn: start.column };
  const to = start === null || end === null ? {} : { endLine: end.line, endColumn: end.column };
  return {
    artifactLocation: { uri: file.toWellFormed().split("/").map(encodeURIComponent).join("/") },
    region: { ...from, ...to },
  };
}
