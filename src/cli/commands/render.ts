// `ci-fleet render`: the files of every host. In: the spec and its inventories. Out: files, or what they would be.

import { dirname } from "node:path";
import { commitSurvey } from "../../adapters/write-files-commit.ts";
import type { Survey } from "../../adapters/write-files-records.ts";
import { surveyFolder } from "../../adapters/write-files-survey.ts";
import type { Command, CommandCall } from "../command.ts";
import { FINE, FOUND, LOCKED } from "../exit-codes.ts";
import { findSpecPath, loadFleet, showPath } from "../load-fleet.ts";
import { chooseOutput, prepareRequest } from "../prepare-render.ts";
import { recallRender, rememberRender } from "../recall-render.ts";
import { concludeCheck, concludeWrite, sayUpToDate } from "../render-conclusion.ts";
import { describeAsJson, listChanges, showChanges, warnRefusals } from "../render-report.ts";
import { placeAll, printWarnings } from "../report-diagnostics.ts";
import { withLock } from "../with-lock.ts";

export const run: Command = async (call) => {
  const { flags, terminal } = call;
  const specPath = findSpecPath(call);
  const output = chooseOutput(call, dirname(specPath));
  const recalled = recallRender(call, specPath, output);
  if (recalled !== null) {
    printWarnings(recalled.diagnostics, terminal);
    sayUpToDate(call, output, recalled.files);
    return FINE;
  }
  const loaded = loadFleet(call);
  const placed = placeAll(loaded);
  printWarnings(placed, terminal);
  if (loaded.plan === null) {
    terminal.err("nothing is rendered while there are errors\n");
    return FOUND;
  }
  const request = prepareRequest(call, loaded.plan, output.root);
  if (flags.has("check") || flags.has("diff") || flags.has("dry-run")) {
    const survey = surveyFolder(request);
    if (flags.has("json")) terminal.out(describeAsJson(survey, false, call.folder));
    else if (flags.has("diff")) await showChanges(survey, call.folder, terminal);
    else terminal.out(listChanges(survey, call.folder, terminal));
    return concludeCheck(call, survey, output, loaded);
  }
  const code = await withLock(output.root, terminal, async () => {
    const survey = await write(call, request, output, loaded);
    if (survey !== null) rememberRender(call, loaded, survey, output, placed);
    return survey === null ? FOUND : FINE;
  });
  return code ?? LOCKED;
};

/** null: refused, and nothing was written. */
async function write(
  call: CommandCall,
  request: ReturnType<typeof prepareRequest>,
  output: ReturnType<typeof chooseOutput>,
  loaded: ReturnType<typeof loadFleet>,
): Promise<Survey | null> {
  const { flags, terminal, folder } = call;
  const survey = surveyFolder(request);
  await warnRefusals(survey, folder, terminal, true);
  const refused = survey.refusals.some(({ severity }) => severity === "error");
  if (!refused) commitSurvey(survey);
  if (flags.has("json")) terminal.out(describeAsJson(survey, !refused, folder));
  else if (!refused) terminal.out(listChanges(survey, folder, terminal));
  if (refused) {
    terminal.err(`nothing was written to ${showPath(output.root, folder)}\n`);
    return null;
  }
  concludeWrite(call, survey, output, loaded);
  return survey;
}
