// How long the program takes to do next to nothing. In: the binary. Out: rows, against bare Node.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeFleet } from "./make-fleet.ts";
import { type BenchRow, compare, formatSeconds } from "./measure.ts";

const ROUNDS = 40;

export async function benchStart(binary: string): Promise<BenchRow[]> {
  const fleet = makeFleet(1, 1);
  const removeRendered = () => rmSync(join(fleet, "rendered"), { recursive: true, force: true });
  try {
    const commands = [
      { name: "node -e 0", target: null, argv: [process.execPath, "-e", "0"] as const },
      { name: "ci-fleet --version", target: 1.2, argv: [binary, "--version"] as const },
      { name: "ci-fleet validate, 1 host", target: 1.6, argv: [binary, "validate"] as const, cwd: fleet },
      { name: "ci-fleet render, 1 host", target: 1.7, argv: [binary, "render"] as const, cwd: fleet },
    ];
    const first = {
      name: "the same, first time",
      target: null,
      argv: [binary, "render"] as const,
      cwd: fleet,
      before: removeRendered,
    };
    const all = [...commands, first];
    const measured = await compare(ROUNDS, all);
    const [base] = measured;
    if (base === undefined) throw new Error("nothing was measured");
    return measured.map(({ wallSeconds, cpuSeconds }, index) => ({
      name: all[index]?.name ?? "",
      value: formatSeconds(wallSeconds),
      ratio: wallSeconds / base.wallSeconds,
      cpuRatio: cpuSeconds / base.cpuSeconds,
      target: all[index]?.target ?? null,
    }));
  } finally {
    rmSync(fleet, { recursive: true, force: true });
  }
}
