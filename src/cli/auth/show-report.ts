// What `auth check` found, for people. In: a report. Out: lines, and the exit code it comes to.

import type { AuthFinding, AuthReport } from "../../adapters/credentials-check.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import { FINE, FOUND, REFUSED, WORLD } from "../exit-codes.ts";

const MARKS: Readonly<Record<AuthFinding["state"], string>> = {
  ok: "ok     ",
  missing: "missing",
  unknown: "unknown",
};

export function showReport(report: AuthReport, now: number): string {
  const who = report.who === null ? "" : `, as ${report.who}`;
  const lines = [`${report.target}: ${report.description}${who}`];
  if (report.endsAt !== null) {
    const days = Math.floor((report.endsAt - now) / 86_400_000);
    lines.push(`  it ends on ${new Date(report.endsAt).toISOString().slice(0, 10)}, in ${days} days`);
  }
  const offset = report.clockOffset;
  if (offset !== null && Math.abs(offset) > 60_000) {
    lines.push(`  this machine's clock is ${Math.round(Math.abs(offset) / 1000)} s off GitHub's`);
  }
  for (const { what, state, permission, detail } of report.findings) {
    const wanted = state === "ok" || permission === null ? "" : ` (${permission})`;
    lines.push(`  ${MARKS[state]}  ${what}${wanted}${state === "ok" ? "" : `: ${detail}`}`);
  }
  return lines.map((line) => `${cleanForTerminal(line)}\n`).join("");
}

export function judgeReport({ findings, refused }: AuthReport): number {
  if (refused) return REFUSED;
  const missing = findings.filter(({ state }) => state === "missing");
  if (missing.some(({ permission }) => permission !== null)) return REFUSED;
  if (missing.length > 0) return FOUND;
  // Not one answer: nobody was reached.
  const isSilent = findings.length > 0 && findings.every(({ state }) => state === "unknown");
  return isSilent ? WORLD : FINE;
}

/** One sentence for `rotate`; null: it does all that is needed, or nobody can say that it does not. */
export function findObjection(report: AuthReport): string | null {
  const code = judgeReport(report);
  if (code === FINE) return null;
  const [first] = report.findings.filter(({ state }) => state !== "ok");
  const permission = first?.permission == null ? "" : ` (${first.permission})`;
  return first === undefined ? "GitHub refuses it" : `${first.what}${permission}: ${first.detail}`;
}
