// Times as ratios: commands run in turns, so that what else the machine does falls on all alike, and the
// median speaks. In: commands. Out: seconds of wall and CPU, the largest memory, and a table.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Untimed, before each run. */
  readonly before?: () => void;
}

export interface Measured {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** The largest seen of one process, by reading /proc every few milliseconds. */
  readonly peakBytes: number;
}

export interface BenchRow {
  readonly name: string;
  /** The value as a person reads it: `27.1 ms`, `108.9 MB`. */
  readonly value: string;
  /** What the value is set against, and what came out; null for a base or a row that could not run. */
  readonly ratio: number | null;
  readonly target: number | null;
  readonly note?: string;
}

/** bash tells user and system time of what it waited for; Node does not tell them of a child. */
const timed = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>"$TIMED_STDERR"';

export async function runOnce(command: Command): Promise<Measured> {
  command.before?.();
  const child = spawn("bash", ["-c", timed, "bash", ...command.argv], {
    cwd: command.cwd ?? process.cwd(),
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, TIMED_STDERR: "/dev/null" },
  });
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  let peakBytes = 0;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOfChildren(child.pid ?? 0));
  }, 5);
  const code = await new Promise<number | null>((done) => child.on("close", done));
  clearInterval(watch);
  const [wallSeconds = 0, user = 0, system = 0] = text.trim().split(/\s+/).map(Number);
  if (code !== 0) throw new Error(`${command.argv.join(" ")} ended with ${code}`);
  return { wallSeconds, cpuSeconds: user + system, peakBytes };
}

function peakOfChildren(parent: number): number {
  try {
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ");
    const peaks = children.map(
      (pid) => /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1],
    );
    return Math.max(0, ...peaks.map((kilobytes) => Number(kilobytes ?? 0) * 1024));
  } catch {
    return 0; // It ended between two looks.
  }
}

/** Runs every command `rounds` times, in turns after one untimed round. Out: medians, in the order given. */
export async function compare(rounds: number, commands: readonly Command[]): Promise<Measured[]> {
  const all: Measured[][] = commands.map(() => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, command] of commands.entries()) {
      const measured = await runOnce(command);
      if (round >= 0) all[index]?.push(measured);
    }
  }
  return all.map((runs) => ({
    wallSeconds: median(runs.map((run) => run.wallSeconds)),
    cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
    peakBytes: Math.max(...runs.map((run) => run.peakBytes)),
  }));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}

export function printTable(title: string, rows: readonly BenchRow[]): void {
  console.log(`\n${title}`);
  const width = Math.max(...rows.map((row) => row.name.length));
  for (const row of rows) {
    const ratio = row.ratio === null ? "" : row.ratio.toFixed(2);
    const target = row.target === null ? "" : `at most ${row.target}`;
    const verdict =
      row.ratio === null || row.target === null ? "" : row.ratio <= row.target ? "ok" : "MISSED";
    const cells = [
      row.name.padEnd(width),
      row.value.padStart(11),
      ratio.padStart(7),
      target.padEnd(13),
      verdict,
    ];
    console.log(`  ${[...cells, row.note ?? ""].join("  ").trimEnd()}`);
  }
}

export const formatSeconds = (seconds: number) =>
  seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(2)} s`;
export const formatMegabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
