// Times as ratios: commands run in turns, so that what else the machine does falls on all alike, and the
// median speaks. In: commands. Out: seconds of wall and CPU, the largest memory, and a table.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Beside the environment here. */
  readonly env?: Readonly<Record<string, string>>;
  /** Untimed, before each run. */
  readonly before?: () => void;
  /** Exit codes that are as expected; 0 alone where none are named. */
  readonly codes?: readonly number[];
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
  /** What is set against the goal; null for a base, or a row that is there for scale. */
  readonly ratio: number | null;
  /** The same by processor time, which what else the machine does disturbs less; null where there is no such thing. */
  readonly cpuRatio?: number | null;
  readonly target: number | null;
}

/** bash tells user and system time of what it waited for; Node does not tell them of a child. */
const timed = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>"$TIMED_STDERR"';

export async function runOnce(command: Command): Promise<Measured> {
  command.before?.();
  const child = spawn("bash", ["-c", timed, "bash", ...command.argv], {
    cwd: command.cwd ?? process.cwd(),
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...command.env, TIMED_STDERR: "/dev/null" },
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
  if (code === null || !(command.codes ?? [0]).includes(code))
    throw new Error(`${command.argv.join(" ")} ended with ${code}`);
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

/** Rows under their headings; a goal is met or missed by `ratio`. */
export function printTable(sections: readonly (readonly [string, readonly BenchRow[]])[]): void {
  const rows = sections.flatMap(([, own]) => own);
  const width = Math.max(...rows.map(({ name }) => name.length));
  const number = (value: number | null | undefined) =>
    value === null || value === undefined ? "" : value.toFixed(2);
  const print = (cells: readonly string[]) => {
    const [name = "", value = "", ratio = "", cpu = "", goal = "", verdict = ""] = cells;
    const columns = [name.padEnd(width), value.padStart(10), ratio.padStart(7), cpu.padStart(7)];
    console.log(`  ${[...columns, goal.padEnd(11), verdict].join("  ")}`.trimEnd());
  };
  for (const [title, own] of sections) {
    console.log(`\n${title}`);
    print(["", "", "ratio", "by CPU", "goal", ""]);
    for (const { name, value, ratio, cpuRatio, target } of own) {
      const verdict = ratio === null || target === null ? "" : ratio <= target ? "met" : "MISSED";
      const goal = target === null ? "" : `at most ${target}`;
      print([name, value, number(ratio), number(cpuRatio), goal, verdict]);
    }
  }
  const judged = rows.filter(({ ratio, target }) => ratio !== null && target !== null);
  const met = judged.filter(({ ratio, target }) => (ratio ?? 0) <= (target ?? 0));
  console.log(`\n${met.length} of ${judged.length} goals met`);
}

export const formatSeconds = (seconds: number) =>
  seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(2)} s`;
export const formatMegabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
