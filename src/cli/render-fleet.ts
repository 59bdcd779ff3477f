// The whole way of a render. In: the spec and its inventories. Out: files, or what they would be; the exit code.

import type { Terminal } from "../adapters/terminal.ts";
import { commitSurvey } from "../adapters/write-files-commit.ts";
import type { Survey, WriteRequest } from "../adapters/write-files-records.ts";
import { surveyFolder } from "../adapters/write-files-survey.ts";
import type { Output } from "./choose-output.ts";
import type { CommandCall } from "./command.ts";
import { FINE, FOUND, LOCKED } from "./exit-codes.ts";
import { showPath } from "./find-fleet.ts";
import { listCopies } from "./list-copies.ts";
import { type LoadedFleet, loadFleet } from "./load-fleet.ts";
import { prepareRequest } from "./prepare-render.ts";
import { rememberRender } from "./remember-render.ts";
import { concludeCheck, concludeWrite } from "./render-conclusion.ts";
import { describeAsJson, listChanges, showChanges, warnRefusals } from "./render-report.ts";
import { placeAll, printWarnings } from "./report-diagnostics.ts";
import { withLock } from "./with-lock.ts";

export async function renderFleet(call: CommandCall, output: Output): Promise<number> {
  const { flags, terminal } = call;
  const loaded = loadFleet(call, flags.texts("accept-risk"));
  const placed = placeAll(loaded);
  printWarnings(placed, terminal);
  if (loaded.plan === null) {
    terminal.err("nothing is rendered while there are errors\n");
    return FOUND;
  }
  const request = prepareRequest(call, loaded.plan, listCopies(loaded), output.root);
  if (flags.has("check") || flags.has("diff") || flags.has("dry-run")) {
    const survey = surveyFolder(request);
    if (flags.has("json")) terminal.out(describeAsJson(survey, false, call.folder));
    else if (flags.has("diff")) await showChanges(survey, call.folder, terminal);
    else terminal.out(listChanges(survey, call.folder, terminal));
    return concludeCheck(call, survey, output, loaded);
  }
  const code = await lockToWrite(request, terminal, async (survey) => {
    if (!(await write(call, survey, output, loaded))) return FOUND;
    rememberRender(call, loaded, survey, output, placed);
    return FINE;
  });
  return code ?? LOCKED;
}

/** Where nothing is to be written nobody has to wait; what another writes meanwhile is a change, and is seen. */
function lockToWrite<T>(
  request: WriteRequest,
  terminal: Terminal,
  work: (survey: Survey) => Promise<T>,
): Promise<T | null> {
  const survey = surveyFolder(request);
  const { changes, groups, refusals, journal } = survey;
  if (changes.length + groups.length + refusals.length === 0 && journal === null) return work(survey);
  return withLock(request.root, terminal, () => work(surveyFolder(request)));
}

/** false: refused, and nothing was written. */
async function write(
  call: CommandCall,
  survey: Survey,
  output: Output,
  loaded: LoadedFleet,
): Promise<boolean> {
  const { flags, terminal, folder } = call;
  await warnRefusals(survey, folder, terminal, true);
  const refused = survey.refusals.some(({ severity }) => severity === "error");
  if (!refused) commitSurvey(survey);
  if (flags.has("json")) terminal.out(describeAsJson(survey, !refused, folder));
  else if (!refused) terminal.out(listChanges(survey, folder, terminal));
  if (refused) {
    terminal.err(`nothing was written to ${showPath(output.root, folder)}\n`);
    return false;
  }
  concludeWrite(call, survey, output, loaded);
  return true;
}
