// `ci-fleet init`: a new fleet sized to this machine, or this machine added to the fleet there is. In: flags, or
// answers of a person at a terminal. Out: fleet.yaml, hosts/<name>.yaml, fleet.schema.json, .gitignore.

import { dirname, join } from "node:path";
import { findSpec, SPEC_NAMES } from "../../adapters/find-spec.ts";
import { readInventory } from "../../hardware/read-inventory.ts";
import type { Command, CommandCall } from "../command.ts";
import { detectMachine } from "../detect-machine.ts";
import { CANCELLED, FINE, FOUND, LOCKED } from "../exit-codes.ts";
import { findSpecPath, showPath } from "../find-fleet.ts";
import { sayChanges, sayFiles, sayNext, showStaged } from "../init/conclude-init.ts";
import { findForeign } from "../init/find-foreign.ts";
import { gatherAnswers } from "../init/gather-answers.ts";
import { planInit } from "../init/plan-init.ts";
import { writeStaged } from "../init/stage-files.ts";
import { inventoryPath } from "../load-fleet.ts";
import { readDocument } from "../read-document.ts";
import { printWarnings } from "../report-diagnostics.ts";
import { withLock } from "../with-lock.ts";

export const run: Command = async (call) => {
  const { flags, terminal, folder } = call;
  const specPath = findOrChooseSpec(call);
  const there = readDocument(specPath, showPath(specPath, folder));
  const foreign = there === null ? [] : findForeign(there, showPath(specPath, folder));
  if (foreign.length > 0) {
    printWarnings(foreign, terminal);
    return FOUND;
  }
  const answers = await gatherAnswers(call, there);
  if (answers === null) return CANCELLED;
  const detection = await detectMachine(null, terminal, {
    identifiers: wantsIdentifiers(call, specPath, answers.host),
  });
  const code = await withLock(dirname(specPath), terminal, async () => {
    const specText = readDocument(specPath, showPath(specPath, folder));
    const request = {
      specPath,
      specText,
      answers,
      detection,
      refresh: flags.has("refresh"),
      force: flags.has("force"),
    };
    const plan = planInit(request);
    const kept = plan.files.filter(({ state, path }) => state === "keep" && !path.endsWith(".gitignore"));
    for (const { path } of kept) {
      const help = "--refresh detects again and shows what changed, --force overwrites";
      terminal.err(`error: ${showPath(path, folder)} is there already: ${help}\n`);
    }
    if (kept.length > 0) return FOUND;
    sayChanges(plan, request, terminal);
    if (flags.has("dry-run")) await showStaged(plan, folder, terminal);
    else {
      writeStaged(plan.files);
      sayFiles(plan, folder, terminal);
      sayNext(plan, request, terminal);
    }
    return FINE;
  });
  return code ?? LOCKED;
};

/** Asked once is asked for good: looking again must not lose what a person wanted in the file. */
function wantsIdentifiers({ flags, folder }: CommandCall, specPath: string, host: string): boolean {
  if (flags.has("identifiers") || !flags.has("refresh")) return flags.has("identifiers");
  const path = inventoryPath(dirname(specPath), host);
  const text = readDocument(path, showPath(path, folder));
  return text !== null && (readInventory(text, host).value?.identifiers ?? null) !== null;
}

/** The spec there is, else one to be made here. The system's own is only taken by name. */
function findOrChooseSpec(call: CommandCall): string {
  if (call.specFile !== null) return call.specFile;
  const search = findSpec(call.folder, null);
  return search.kind === "none" ? join(call.folder, SPEC_NAMES[0] ?? "") : findSpecPath(call);
}
