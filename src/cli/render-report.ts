// What a render found and did, for people and for programs. In: a survey. Out: lines.

import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { StyleNames, Terminal } from "../adapters/terminal.ts";
import { readPlainFile } from "../adapters/write-files-guard.ts";
import { groupOf } from "../adapters/write-files-manifest.ts";
import type { ChangeKind, Refusal, Survey } from "../adapters/write-files-records.ts";
import { stringifySafely } from "../base/print-json.ts";
import { cleanForTerminal } from "../base/terminal-text.ts";
import { showPath } from "./find-fleet.ts";

const WORDS: Readonly<Record<ChangeKind, string>> = {
  create: "new",
  update: "changed",
  mode: "mode",
  remove: "removed",
  stale: "stale",
};
const REFUSED: Readonly<Record<string, string>> = { CF801: "edited", CF802: "foreign" };
/** More lines than this are not read on a terminal; a pipe gets them all. */
const MAX_LINES = 40;
const MAX_REFUSAL_DIFFS = 10;

/** `changed  rendered/hosts/forge/compose.yaml`, one line for each file that is not up to date. */
export function listChanges(survey: Survey, folder: string, terminal: Terminal): string {
  const changed = new Set(
    survey.changes.flatMap(({ path, kind }) => (kind === "stale" ? [] : (groupOf(path) ?? []))),
  );
  const rows = [
    ...survey.changes.map(({ kind, path }) => [WORDS[kind], path] as const),
    ...survey.refusals.flatMap(({ code, severity, path }) =>
      severity === "error" ? [[REFUSED[code] ?? "blocked", path] as const] : [],
    ),
    ...survey.groups.flatMap(({ group }) =>
      changed.has(group) ? [] : [["changed", `${group}/manifest.json`] as const],
    ),
  ].sort(([, a], [, b]) => (a < b ? -1 : 1));
  const shown = terminal.columns === null ? rows : rows.slice(0, MAX_LINES);
  const more = rows.length - shown.length;
  const lines = shown.map(([word, path]) => `${word.padEnd(8)} ${nameFile(survey, path, folder)}\n`);
  return lines.join("") + (more > 0 ? `… and ${more} more\n` : "");
}

export function describeAsJson(survey: Survey, written: boolean, folder: string): string {
  return stringifySafely({
    schema: "ci-fleet/render/v1",
    folder: showPath(survey.root, folder),
    written,
    changes: survey.changes.map(({ kind, path }) => ({ action: kind, path })),
    refusals: survey.refusals.map(({ severity, code, path, message, help }) => ({
      severity,
      code,
      path,
      message,
      help,
    })),
    manifests: survey.groups.map(({ group }) => `${group}/manifest.json`),
    unchanged: survey.unchanged,
  });
}

/** Refusals and warnings in the shape of diagnostics, `withDiff` with what overwriting a file would change. */
export async function warnRefusals(
  survey: Survey,
  folder: string,
  terminal: Terminal,
  withDiff: boolean,
): Promise<void> {
  const { err, errStyle } = terminal;
  let diffs = 0;
  for (const refusal of survey.refusals) {
    err(formatRefusal(refusal, nameFile(survey, refusal.path, folder), errStyle));
    const text = refusal.file === null ? null : readIfFile(join(survey.root, refusal.path));
    if (!withDiff || text === null || refusal.file === null || ++diffs > MAX_REFUSAL_DIFFS) continue;
    const { showDiff } = await import("./show-diff.ts");
    err(showDiff(nameFile(survey, refusal.path, folder), text, refusal.file.content, errStyle));
  }
}

function formatRefusal(refusal: Refusal, path: string, style: StyleNames): string {
  const severity = refusal.severity === "error" ? style.red("error:") : style.yellow("warning:");
  const head = `${style.bold(`${path}:`)} ${severity} ${cleanForTerminal(refusal.message)}`;
  return `${head} ${style.dim(`[${refusal.code}]`)}\n  = help: ${refusal.help}\n`;
}

/** Unified diffs of all that would change, also of what is refused. */
export async function showChanges(survey: Survey, folder: string, terminal: Terminal): Promise<void> {
  const { showDiff } = await import("./show-diff.ts");
  const refused = survey.refusals.flatMap(({ file }) => (file === null ? [] : [{ path: file.path, file }]));
  const changed = survey.changes.filter(({ kind }) => kind !== "stale");
  for (const { path, file } of [...changed, ...refused].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const before = readIfFile(join(survey.root, path));
    terminal.out(showDiff(nameFile(survey, path, folder), before, file?.content ?? null, terminal.outStyle));
  }
}

function readIfFile(full: string): string | null {
  return lstatSync(full, { throwIfNoEntry: false })?.isFile() ? readPlainFile(full) : null;
}

function nameFile(survey: Survey, path: string, folder: string): string {
  return cleanForTerminal(showPath(join(survey.root, path), folder));
}

/** `3 new, 1 changed, 40 as they were`. */
export function summarizeSurvey(survey: Survey): string {
  const counts = (["create", "update", "mode", "remove"] as const).flatMap((kind) => {
    const number = survey.changes.filter((change) => change.kind === kind).length;
    return number === 0 ? [] : [`${number} ${WORDS[kind]}`];
  });
  const refused = survey.refusals.filter(({ severity }) => severity === "error").length;
  const refusals = refused === 0 ? [] : [`${refused} refused`];
  return [...counts, ...refusals, `${survey.unchanged} as they were`].join(", ");
}

export function countStale(survey: Survey): number {
  return survey.changes.filter(({ kind }) => kind === "stale").length;
}
