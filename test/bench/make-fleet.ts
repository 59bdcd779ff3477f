// Fleets to measure with. In: the binary, which describes this machine once, and how many hosts. Out: a
// folder with fleet.yaml and that description under as many names.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function makeFleet(binary: string, hosts: number, pools: number): string {
  const folder = mkdtempSync(join(tmpdir(), `ci-fleet-bench-${hosts}-`));
  const init = ["init", "--yes", "--url", "https://github.com/octo-org", "--name", "bench"];
  const options = { cwd: folder, stdio: ["ignore", "ignore", "pipe"] as ["ignore", "ignore", "pipe"] };
  try {
    execFileSync(binary, init, options);
  } catch (cause) {
    rmSync(folder, { recursive: true });
    throw new Error(`${binary} ${init.join(" ")} failed`, { cause });
  }
  const inventory = readFileSync(join(folder, "hosts/bench.yaml"), "utf8");
  const names = Array.from({ length: hosts }, (_, index) => `h${String(index).padStart(4, "0")}`);
  mkdirSync(join(folder, "many/hosts"), { recursive: true });
  for (const name of names) {
    writeFileSync(join(folder, `many/hosts/${name}.yaml`), inventory.replaceAll("bench", name));
  }
  const spec = [
    "version: 1",
    "fleet: bench",
    "github: https://github.com/octo-org",
    "hosts:",
    ...names.map((name) => `  ${name}:`),
    "pools:",
    ...Array.from({ length: pools }, (_, index) => `  p${index}: {run: process, runners: 1}`),
  ];
  writeFileSync(join(folder, "many/fleet.yaml"), `${spec.join("\n")}\n`);
  return join(folder, "many");
}
