// `ci-fleet detect`: what this machine has. In: --root, --identifiers, --json, --yaml. Out: a page, a document, or the file
// that init would write.

import { resolve } from "node:path";
import { stringifySafely } from "../../base/print-json.ts";
import { describeHost, makeDetectDocument } from "../../hardware/describe-host.ts";
import { writeInventory } from "../../hardware/write-inventory.ts";
import type { Command } from "../command.ts";
import { detectMachine, nameThisHost } from "../detect-machine.ts";
import { FINE } from "../exit-codes.ts";
import { UsageError } from "../usage-error.ts";

export const run: Command = async ({ flags, folder, terminal }) => {
  if (flags.has("json") && flags.has("yaml")) throw new UsageError("--json and --yaml exclude each other");
  const asked = flags.text("root");
  const root = asked === null ? null : resolve(folder, asked);
  const detection = await detectMachine(root, terminal, { identifiers: flags.has("identifiers") });
  if (flags.has("json")) terminal.out(stringifySafely(makeDetectDocument(detection)));
  else if (flags.has("yaml")) {
    const name = flags.text("name") ?? nameThisHost(root);
    terminal.out(writeInventory(detection.inventory, name, detection.sources));
  } else terminal.out(describeHost(detection));
  return FINE;
};
