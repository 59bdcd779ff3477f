// The last words of a render. In: the survey. Out: a line on stderr, the schema kept, the exit code of a check.

import type { Survey } from "../adapters/write-files-records.ts";
import { type Output, sayUpToDate } from "./choose-output.ts";
import type { CommandCall } from "./command.ts";
import { FINE, FOUND } from "./exit-codes.ts";
import { showPath } from "./find-fleet.ts";
import { inspectSchema, SCHEMA_NAME, writeSchema } from "./keep-schema.ts";
import type { LoadedFleet } from "./load-fleet.ts";
import { countStale, summarizeSurvey, warnRefusals } from "./render-report.ts";

export async function concludeCheck(
  call: CommandCall,
  survey: Survey,
  output: Output,
  loaded: LoadedFleet,
): Promise<number> {
  const { flags, terminal, folder } = call;
  const refused = survey.refusals.some(({ severity }) => severity === "error");
  const schema = output.isDefault ? inspectSchema(loaded.specFolder) : "current";
  const schemaDrifts = schema === "absent" || schema === "outdated";
  const pending = survey.changes.length + survey.groups.length + survey.refusals.length;
  if (schemaDrifts && !flags.has("json") && !flags.has("diff")) {
    terminal.out(
      `${schema === "absent" ? "new     " : "changed "} ${showPath(`${loaded.specFolder}/${SCHEMA_NAME}`, folder)}\n`,
    );
  }
  await warnRefusals(survey, folder, terminal, !flags.has("diff"));
  const where = showPath(output.root, folder);
  const drifts = pending > 0 || schemaDrifts;
  if (!drifts) sayUpToDate(call, output, survey.unchanged);
  else terminal.err(`${where} is out of date: ${summarizeSurvey(survey)}; nothing was written\n`);
  sayStale(call, survey);
  if (flags.has("check")) return drifts ? FOUND : FINE;
  return refused ? FOUND : FINE;
}

export function concludeWrite(call: CommandCall, survey: Survey, output: Output, loaded: LoadedFleet): void {
  const { terminal, folder } = call;
  const state = output.isDefault ? inspectSchema(loaded.specFolder) : "current";
  if (state === "absent" || state === "outdated") writeSchema(loaded.specFolder);
  if (state === "foreign") {
    terminal.err(`warning: ${SCHEMA_NAME} was not written by ci-fleet and is left as it is\n`);
  }
  const where = showPath(output.root, folder);
  const done = survey.changes.some(({ kind }) => kind !== "stale") || survey.groups.length > 0;
  if (done) terminal.err(`rendered into ${where}: ${summarizeSurvey(survey)}\n`);
  else sayUpToDate(call, output, survey.unchanged);
  sayStale(call, survey);
}

function sayStale({ terminal }: CommandCall, survey: Survey): void {
  const stale = countStale(survey);
  if (stale === 0) return;
  const files = stale === 1 ? "1 file is" : `${stale} files are`;
  terminal.err(`${files} no longer rendered; \`ci-fleet render --prune\` removes what ci-fleet wrote\n`);
}
