// `npm start`: the built binary describes this very machine and renders a fleet of one, in a new folder.
// In: dist/ci-fleet. Out: what it found and wrote, on stdout; exit code 1 when any step fails.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

const binary = join(import.meta.dirname, "../dist/ci-fleet");
const folder = mkdtempSync(join(tmpdir(), "ci-fleet-demo-"));

function run(...args: readonly string[]): void {
  console.log(`\n$ ci-fleet ${args.join(" ")}`);
  const result = spawnSync(binary, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  if (result.error !== undefined) throw new Error(`cannot run ${binary}`, { cause: result.error });
  if (result.status !== 0) {
    console.error(
      `ci-fleet ${args[0]} ended with ${result.status ?? result.signal}; its files are in ${folder}`,
    );
    process.exit(1);
  }
}

run("--version");
run("detect");
run("init", "--yes", "--url", "https://github.com/octo-org");
run("render");

for (const wanted of ["fleet.yaml", "hosts", "rendered"]) {
  if (existsSync(join(folder, wanted))) continue;
  console.error(`${wanted} was not written in ${folder}`);
  process.exit(1);
}
console.log(`\nwritten in ${folder}:`);
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((found) => found.isFile())
  .map((found) => join(found.parentPath, found.name))
  .sort()) {
  console.log(`${String(statSync(entry).size).padStart(8)}  ${relative(folder, entry)}`);
}
