// The entry of the program. `--version` is answered before anything else is loaded, since scripts and
// health checks ask for it often; every other word goes to run.ts. In: process.argv. Out: stdout and the
// exit code.

import { versionLine } from "./version.ts";

const first = process.argv[2];
if (process.argv.length === 3 && (first === "--version" || first === "-v")) {
  process.stdout.write(`${versionLine()}\n`);
} else {
  import("./run.ts").then(async ({ run }) => {
    process.exitCode = await run(process.argv.slice(2));
  });
}
