// Findings as people and as programs read them. In: findings. Out: a page of at most a hundred columns; a document
// with a version, which only grows.

import { foldWords, PAGE_WIDTH } from "../base/page-layout.ts";
import { cleanForTerminal } from "../base/terminal-text.ts";
import type { Verdict } from "./check.ts";
import { countVerdicts, type Finding } from "./examine-host.ts";

type Paint = (verdict: Verdict, text: string) => string;

const WORDS: Readonly<Record<Verdict, string>> = {
  fine: "ok",
  note: "note",
  unknown: "?",
  warning: "warning",
  error: "error",
};
const WORD_WIDTH = 9;

/** By group; of what is well one line each, of the rest why it matters and what mends it. */
export function describeFindings(
  host: string,
  findings: readonly Finding[],
  paint: Paint = (_, text) => text,
): string {
  const lines = [`Host ${cleanForTerminal(host)}`];
  let group = "";
  let explained = "";
  for (const finding of findings) {
    if (finding.group !== group) lines.push("", finding.group);
    group = finding.group;
    lines.push(...layFinding(finding, finding.check !== explained, paint));
    // Said once for the same fault of many slots.
    if (isFault(finding)) explained = finding.check;
  }
  lines.push("", summarize(findings));
  return `${lines.join("\n")}\n`;
}

const isFault = ({ verdict }: Finding): boolean => verdict === "warning" || verdict === "error";

function layFinding(finding: Finding, explain: boolean, paint: Paint): readonly string[] {
  const { verdict, found, why, fix, check } = finding;
  const tag = ` [${check}]`;
  const head = isFault(finding) ? `${found}${tag}` : found;
  const word = WORDS[verdict];
  const lines = hang(`  ${word.padEnd(WORD_WIDTH)}`, head);
  const first = (lines[0] ?? "").replace(word, paint(verdict, word));
  const more = [
    ...(explain && isFault(finding) ? hang(`${" ".repeat(WORD_WIDTH + 2)}why: `, why) : []),
    ...(fix === null ? [] : layFix(fix)),
  ];
  return [first, ...lines.slice(1), ...more];
}

/** Never folded: it is there to be copied. */
function layFix(fix: string): readonly string[] {
  return [`${" ".repeat(WORD_WIDTH + 2)}→ ${cleanForTerminal(fix)}`];
}

function hang(lead: string, text: string): readonly string[] {
  return foldWords(cleanForTerminal(text), PAGE_WIDTH - lead.length).map((line, at) =>
    (at === 0 ? lead + line : " ".repeat(lead.length) + line).trimEnd(),
  );
}

function summarize(findings: readonly Finding[]): string {
  const counts = countVerdicts(findings);
  const of = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const said = [
    ...(counts.error > 0 ? [of(counts.error, "error")] : []),
    ...(counts.warning > 0 ? [of(counts.warning, "warning")] : []),
    ...(counts.unknown > 0 ? [`${counts.unknown} not known`] : []),
  ];
  return said.length === 0 ? "Nothing is wrong." : `${said.join(", ")}.`;
}

export function makeDoctorDocument(host: string, findings: readonly Finding[]) {
  const { error, warning, unknown, note, fine } = countVerdicts(findings);
  return {
    schema: "ci-fleet/doctor/v1",
    host,
    summary: { errors: error, warnings: warning, unknown, notes: note, fine },
    findings: findings.map(({ check, group, verdict, found, why, fix }) => ({
      check,
      group: group.toLowerCase(),
      verdict,
      found,
      why,
      fix,
    })),
  };
}
