// `ci-fleet render`: the files of every host. In: the spec and its inventories. Out: files, or what they would be.
// What is still as the last render left it is told without loading what reads and renders.

import { dirname } from "node:path";
import { chooseOutput, sayUpToDate } from "../choose-output.ts";
import type { Command } from "../command.ts";
import { FINE } from "../exit-codes.ts";
import { findSpecPath } from "../find-fleet.ts";
import { recallRender } from "../recall-render.ts";
import { printWarnings } from "../report-diagnostics.ts";

export const run: Command = async (call) => {
  const specPath = findSpecPath(call);
  const output = chooseOutput(call, dirname(specPath));
  const recalled = recallRender(call, specPath, output);
  if (recalled === null) return (await import("../render-fleet.ts")).renderFleet(call, output);
  printWarnings(recalled.diagnostics, call.terminal);
  sayUpToDate(call, output, recalled.files);
  return FINE;
};
