// `npm run bench`: one table of ratios for start-up, size and a large fleet. In: dist/ci-fleet (or the file in
// CI_FLEET_BINARY), and words that name the parts to run (`start`, `size`, `fleet`; all when none is given).
// Out: the table; nothing here fails for being slow.

import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeFleet } from "./make-fleet.ts";
import {
  type BenchRow,
  compare,
  formatMegabytes,
  formatSeconds,
  type Measured,
  printTable,
  runOnce,
} from "./measure.ts";

const binary = process.env.CI_FLEET_BINARY ?? join(import.meta.dirname, "../../dist/ci-fleet");
const node = process.execPath;
const asked = process.argv.slice(2);
const wants = (part: string) => asked.length === 0 || asked.includes(part);
const against = (measured: Measured, base: number) => measured.wallSeconds / base;

async function benchStart(): Promise<BenchRow[]> {
  const fleet = makeFleet(1, 1);
  try {
    const bare = { argv: [node, "-e", "0"] as const };
    const commands = [
      { name: "ci-fleet --version", target: 1.2, argv: [binary, "--version"] as const },
      { name: "ci-fleet validate, 1 host", target: 1.6, argv: [binary, "validate"] as const, cwd: fleet },
      { name: "ci-fleet render, 1 host", target: 1.7, argv: [binary, "render"] as const, cwd: fleet },
    ];
    const [base, ...rest] = await compare(40, [bare, ...commands]);
    const second = base?.wallSeconds ?? Number.NaN;
    const rows = rest.map((measured, index) => ({
      name: commands[index]?.name ?? "",
      value: formatSeconds(measured.wallSeconds),
      ratio: against(measured, second),
      target: commands[index]?.target ?? null,
    }));
    return [{ name: "node -e 0", value: formatSeconds(second), ratio: 1, target: null }, ...rows];
  } finally {
    rmSync(fleet, { recursive: true, force: true });
  }
}

function benchSize(): BenchRow[] {
  const bytes = statSync(binary).size;
  const packed = Number(
    execFileSync("sh", ["-c", 'xz -T0 -c "$1" | wc -c', "sh", binary], { encoding: "utf8" }),
  );
  return [
    { name: "dist/ci-fleet", value: formatMegabytes(bytes), ratio: bytes / 1e6, target: 112 },
    { name: "dist/ci-fleet.xz", value: formatMegabytes(packed), ratio: packed / 1e6, target: 32 },
  ];
}

async function benchFleet(hosts: number): Promise<BenchRow[]> {
  const fleet = makeFleet(hosts, 4);
  try {
    const rendered = join(fleet, "rendered");
    const copy = join(fleet, "copy");
    const remove = (path: string) => () => rmSync(path, { recursive: true, force: true });
    const rounds = hosts <= 1000 ? 3 : 1;
    const first = { argv: [binary, "render"] as const, cwd: fleet, before: remove(rendered) };
    const copyAll = { argv: ["cp", "-a", rendered, copy] as const, before: remove(copy) };
    const [start, made, copied] = await compare(rounds, [{ argv: [node, "-e", "0"] }, first, copyAll]);
    const again = await runOnce({ argv: [binary, "render"], cwd: fleet });
    const validated = await runOnce({ argv: [binary, "validate"], cwd: fleet });
    if (start === undefined || made === undefined || copied === undefined)
      throw new Error("nothing measured");
    const files = readdirSync(rendered, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
    const base = copied.wallSeconds + start.wallSeconds;
    const cells = [
      {
        name: `cp -a of ${files.length} files`,
        value: formatSeconds(copied.wallSeconds),
        ratio: null,
        target: null,
      },
      {
        name: "first render / (cp -a + start-up)",
        value: formatSeconds(made.wallSeconds),
        ratio: against(made, base),
        target: 4,
      },
      {
        name: "second render / first",
        value: formatSeconds(again.wallSeconds),
        ratio: against(again, made.wallSeconds),
        target: 0.5,
      },
      {
        name: "first render, memory in MB",
        value: formatMegabytes(made.peakBytes),
        ratio: made.peakBytes / 1e6,
        target: 250,
      },
      {
        name: "validate, CPU seconds",
        value: formatSeconds(validated.cpuSeconds),
        ratio: validated.cpuSeconds,
        target: 1,
      },
      {
        name: "first render, CPU per host",
        value: `${((made.cpuSeconds / hosts) * 1000).toFixed(2)} ms`,
        ratio: null,
        target: null,
      },
    ];
    return hosts === 1000 ? cells : cells.map((row) => ({ ...row, target: null }));
  } finally {
    rmSync(fleet, { recursive: true, force: true });
  }
}

if (wants("size")) printTable("size, in MB", benchSize());
if (wants("start")) printTable("start-up, as a multiple of bare Node", await benchStart());
if (wants("fleet")) {
  for (const hosts of [100, 1000, 5000]) printTable(`${hosts} hosts, 4 pools`, await benchFleet(hosts));
}
