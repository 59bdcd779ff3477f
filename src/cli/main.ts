// The entry of the program. `--version` is answered before anything else is loaded, since scripts and
// health checks ask for it often; every other word goes to run.ts. In: process.argv. Out: stdout and the
// exit code.

import { writeSync } from "node:fs";
import { versionLine } from "./version.ts";

const first = process.argv[2];
const isVersion = process.argv.length === 3 && (first === "--version" || first === "-v");
if (!isVersion || !wrote(`${versionLine()}\n`)) {
  import("./run.ts").then(async ({ run }) => {
    process.exitCode = await run(process.argv.slice(2));
  });
}

/** No: a full disk, a reader that went away. run.ts tries once more, and knows what to say of each. */
function wrote(text: string): boolean {
  try {
    writeSync(1, text);
    return true;
  } catch {
    return false;
  }
}
