// `npm run bench`: one table of ratios for start-up, size and a large fleet. In: dist/ci-fleet (or the file in
// CI_FLEET_BINARY), and words that name the parts to run (`size`, `start`, `fleet`, `growth`, `watchdog`, `ansible`; all when
// none is given). Out: the table; nothing here fails for being slow.

import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { benchFleet, benchGrowth } from "./large-fleet.ts";
import { type BenchRow, formatMegabytes, printTable } from "./measure.ts";
import { benchStart } from "./start-up.ts";
import { benchWatchdog } from "./watchdog-pass.ts";
import { benchAnsible } from "./with-ansible.ts";

const binary = process.env.CI_FLEET_BINARY ?? join(import.meta.dirname, "../../dist/ci-fleet");

function benchSize(): BenchRow[] {
  const bytes = statSync(binary).size;
  const packed = Number(
    execFileSync("sh", ["-c", 'xz -T0 -c "$1" | wc -c', "sh", binary], { encoding: "utf8" }),
  );
  return [
    { name: "the binary in MB", value: formatMegabytes(bytes), ratio: bytes / 1e6, target: 112 },
    { name: "its xz in MB", value: formatMegabytes(packed), ratio: packed / 1e6, target: 32 },
  ];
}

const parts: Readonly<Record<string, readonly [string, () => BenchRow[] | Promise<BenchRow[]>]>> = {
  size: ["size", benchSize],
  start: ["start-up, against bare Node", () => benchStart(binary)],
  fleet: ["1000 hosts, 4 pools", () => benchFleet(binary, 1000)],
  growth: ["processor time of each host, against its time in the smallest fleet", () => benchGrowth(binary)],
  watchdog: ["one pass of the watchdog", () => benchWatchdog(binary)],
  ansible: ["for scale", () => benchAnsible(binary)],
};

const asked = process.argv.slice(2);
const unknown = asked.find((word) => !Object.hasOwn(parts, word));
if (unknown !== undefined) throw new Error(`${unknown} is none of ${Object.keys(parts).join(", ")}`);
const sections: (readonly [string, readonly BenchRow[]])[] = [];
for (const [word, [title, bench]] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(word)) continue;
  console.error(`measuring ${word} …`);
  const rows = await bench();
  if (rows.length > 0) sections.push([title, rows]);
}
printTable(sections);
