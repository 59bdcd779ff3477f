// Fleets to measure with. In: how many hosts and pools. Out: a folder with fleet.yaml and the inventory of one
// fixture, on each host with its own name, product and memory, so that no two are the same text.

import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const inventoryFile = join(import.meta.dirname, "../../fixtures/hosts/ampere-server/expected/inventory.yaml");

export function makeFleet(hosts: number, pools: number): string {
  const folder = mkdtempSync(join(tmpdir(), `ci-fleet-bench-${hosts}-`));
  const inventory = readFileSync(inventoryFile, "utf8");
  const names = Array.from({ length: hosts }, (_, index) => `h${String(index).padStart(4, "0")}`);
  mkdirSync(join(folder, "hosts"));
  for (const [index, name] of names.entries()) {
    const text = inventory
      .replaceAll("ampere-server", name)
      .replace(/^( {2}product: ).*$/m, `$1"Rack ${index >> 5} unit ${index & 31}"`)
      .replace(/^( {2}totalMiB: )(\d+)$/m, (_, key: string, size: string) => `${key}${Number(size) - index}`);
    writeFileSync(join(folder, `hosts/${name}.yaml`), text);
  }
  const spec = [
    "version: 1",
    "fleet: bench",
    "github: https://github.com/octo-org",
    "hosts:",
    ...names.map((name) => `  ${name}:`),
    "pools:",
    ...Array.from(
      { length: pools },
      (_, index) => `  p${index}: {runners: 1, limits: {cpus: 2, memory: 4GiB}}`,
    ),
    // Thousands of watchdogs with one credential: only seldom looks fit into what GitHub allows it.
    "watchdog: {every: 1d, budget: {githubRequestsPerHour: 15000}}",
  ];
  writeFileSync(join(folder, "fleet.yaml"), `${spec.join("\n")}\n`);
  return folder;
}
