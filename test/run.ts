// Runs one kind of test with Node's own runner. In: the kind as first argument (`unit` when none is given:
// everything below test/ except tools, lab and bench; `binary`: those of the commands, on dist/ci-fleet in place of
// the sources), then words that the file's path has to contain.
// Out: the runner's report and exit code.

import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { shareBundle } from "./cli/run-cli.ts";
import { gatherRooms } from "./gather-rooms.ts";

const apart = ["tools", "lab", "bench"];
const given = process.argv.slice(2);
const kind = given[0] !== undefined && [...apart, "binary"].includes(given[0]) ? given.shift() : "unit";
const folders = kind === "binary" ? ["cli", "docs"] : [kind];

const files = globSync("test/**/*.test.ts")
  .filter((file) =>
    kind === "unit"
      ? !apart.some((folder) => file.startsWith(`test/${folder}/`))
      : folders.some((folder) => file.startsWith(`test/${folder}/`)),
  )
  .filter((file) => given.every((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  console.error(`no ${kind} test has "${given.join('" and "')}" in its path`);
  process.exit(1);
}
// Hosts and engines are shared by the lab, so its files run one after the other. Elsewhere there are more than
// cores, since many wait for a time limit, a signal or a process of their own.
const concurrency = kind === "lab" ? 1 : availableParallelism() + 2;
// Each file is a process of its own, and most load the same modules: their types are taken out once. When all are
// asked for, whole rooms share a process.
const isWhole = kind === "unit" && given.length === 0;
const cache = "node_modules/.cache/ci-fleet/compiled";
// Many times what the slowest takes on a busy machine: for what would never end.
const minutes = kind === "lab" || kind === "bench" ? { test: 15, file: 40 } : { test: 8, file: 20 };
const run = spawnSync(
  process.execPath,
  [
    ...["--test", "--test-reporter=./test/reporter.ts", `--test-concurrency=${concurrency}`],
    ...[`--test-timeout=${minutes.test * 60_000}`, "--import=./test/end-in-time.ts"],
    ...(isWhole ? gatherRooms(files) : files),
  ],
  {
    stdio: "inherit",
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      NODE_COMPILE_CACHE: cache,
      CI_FLEET_TEST_MINUTES: String(minutes.file),
      ...(kind === "unit" ? shareBundle() : {}),
      ...(kind === "binary" ? { CI_FLEET_TEST_BINARY: resolve("dist/ci-fleet") } : {}),
    },
  },
);
process.exit(run.status ?? 1);
