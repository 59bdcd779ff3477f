// `ci-fleet version`: which program this is. In: --json. Out: one line, or a document.

import type { Command } from "../command.ts";
import { FINE } from "../exit-codes.ts";
import { productCommit, productVersion, versionLine } from "../version.ts";

export const run: Command = async ({ flags, terminal }) => {
  if (!flags.has("json")) {
    terminal.out(`${versionLine()}\n`);
    return FINE;
  }
  const document = {
    schema: "ci-fleet/version/v1",
    version: productVersion,
    commit: productCommit,
    node: process.versions.node,
    platform: process.platform,
    arch: process.arch,
  };
  terminal.out(`${JSON.stringify(document, null, 2)}\n`);
  return FINE;
};
