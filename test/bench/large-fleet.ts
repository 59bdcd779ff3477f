// What a large fleet costs: first and second render, memory, validate, and whether it all grows in proportion.
// In: the binary. Out: rows, against `cp -a` of what was rendered, and against each other.

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeFleet } from "./make-fleet.ts";
import {
  type BenchRow,
  type Command,
  compare,
  formatMegabytes,
  formatSeconds,
  type Measured,
  runOnce,
} from "./measure.ts";

const POOLS = 4;
const ROUNDS = 3;

export async function benchFleet(binary: string, hosts: number): Promise<BenchRow[]> {
  const fleet = makeFleet(hosts, POOLS);
  try {
    const rendered = join(fleet, "rendered");
    const copy = join(fleet, "copy");
    const remove = (path: string) => () => rmSync(path, { recursive: true, force: true });
    const commands: readonly Command[] = [
      { argv: [process.execPath, "-e", "0"] },
      { argv: [binary, "render"], cwd: fleet, before: remove(rendered) },
      { argv: [binary, "render"], cwd: fleet },
      { argv: [binary, "validate"], cwd: fleet },
      { argv: ["cp", "-a", rendered, copy], before: remove(copy) },
    ];
    const [start, first, second, validate, copied] = await compare(ROUNDS, commands);
    if (!start || !first || !second || !validate || !copied) throw new Error("nothing was measured");
    const files = readdirSync(rendered, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
    const base = sum(copied, start);
    return [
      { name: `cp -a of ${files.length} files`, ...against(copied, null), target: null },
      { name: "first render / (cp -a + start-up)", ...against(first, base), target: 4 },
      { name: "second render / first", ...against(second, first), target: 0.5 },
      {
        name: "first render, memory in MB",
        value: formatMegabytes(first.peakBytes),
        ratio: first.peakBytes / 1e6,
        target: 250,
      },
      {
        name: "validate, CPU in seconds",
        value: formatSeconds(validate.wallSeconds),
        ratio: validate.cpuSeconds,
        target: 1,
      },
    ];
  } finally {
    rmSync(fleet, { recursive: true, force: true });
  }
}

function against(measured: Measured, base: Measured | null): Pick<BenchRow, "value" | "ratio" | "cpuRatio"> {
  const value = formatSeconds(measured.wallSeconds);
  if (base === null) return { value, ratio: null, cpuRatio: null };
  return {
    value,
    ratio: measured.wallSeconds / base.wallSeconds,
    cpuRatio: measured.cpuSeconds / base.cpuSeconds,
  };
}

function sum(a: Measured, b: Measured): Measured {
  return {
    wallSeconds: a.wallSeconds + b.wallSeconds,
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    peakBytes: Math.max(a.peakBytes, b.peakBytes),
  };
}

const SIZES = [100, 1000, 5000] as const;
/** Each host's share may grow by a quarter from the smallest fleet to the largest. */
const GROWTH = 1.25;

/** Processor time for each host, without start-up; of the program itself, for a disk is not ours to judge. */
export async function benchGrowth(binary: string): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  let smallest: { readonly validate: number; readonly check: number } | null = null;
  const start = await runOnce({ argv: [binary, "--version"] });
  for (const hosts of SIZES) {
    const fleet = makeFleet(hosts, POOLS);
    try {
      const commands = (["validate", "render"] as const).map((name) => ({
        // Into a folder that is not there: all is read, planned, rendered and compared, and nothing written.
        argv: name === "render" ? ([binary, "render", "--check"] as const) : ([binary, name] as const),
        cwd: fleet,
        codes: [0, 1],
      }));
      const [validated, checked] = await compare(ROUNDS, commands);
      if (!validated || !checked) throw new Error("nothing was measured");
      const share = ({ cpuSeconds }: Measured) => (cpuSeconds - start.cpuSeconds) / hosts;
      const shares = { validate: share(validated), check: share(checked) };
      smallest ??= shares;
      const target = hosts === SIZES[0] ? null : GROWTH;
      rows.push(
        {
          name: `validate, ${hosts} hosts, each`,
          value: formatShare(shares.validate),
          ratio: shares.validate / smallest.validate,
          target,
        },
        {
          name: `render --check, ${hosts} hosts, each`,
          value: formatShare(shares.check),
          ratio: shares.check / smallest.check,
          target,
        },
      );
    } finally {
      rmSync(fleet, { recursive: true, force: true });
    }
  }
  return rows;
}

const formatShare = (seconds: number) => `${(seconds * 1000).toFixed(2)} ms`;
