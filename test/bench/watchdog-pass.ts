// What a pass of the watchdog costs: processor time, memory and requests over many registrations, and whether it grows
// in proportion. In: the binary. Out: rows; the server is a process of its own, and its cost is not counted.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { makeWatched, type Watched } from "./make-watched.ts";
import {
  type BenchRow,
  type Command,
  compare,
  formatMegabytes,
  formatSeconds,
  type Measured,
} from "./measure.ts";

const MANY = 10_000;
const ROUNDS = 3;
/** Each registration's share may grow by a quarter. */
const GROWTH = 1.25;

interface Passes {
  readonly first: Measured;
  readonly second: Measured;
  /** Of one first pass, and of them those that GitHub would count in a second one. */
  readonly requests: number;
  readonly countedAgain: number;
}

export async function benchWatchdog(binary: string): Promise<BenchRow[]> {
  const few = await measurePasses(binary, 100);
  const some = await measurePasses(binary, 1000);
  const many = await measurePasses(binary, MANY);
  const abandonedBytes = await measureAbandoned(binary);
  const staying = await stayLong();
  const share = (passes: Passes, runners: number) =>
    (passes.first.cpuSeconds - few.first.cpuSeconds) / (runners - 100);
  const each = share(many, MANY);
  return [
    {
      name: `${MANY} runners, CPU in seconds`,
      value: formatSeconds(many.first.wallSeconds),
      ratio: many.first.cpuSeconds,
      target: 1.5,
    },
    {
      name: "the same, memory in MB",
      value: formatMegabytes(many.first.peakBytes),
      ratio: many.first.peakBytes / 1e6,
      target: 150,
    },
    {
      // Each is marked, remembered and decided upon: the most that a pass can have to hold.
      name: "the same with 9900 of them offline, a later pass",
      value: formatMegabytes(abandonedBytes),
      ratio: abandonedBytes / 1e6,
      target: 175,
    },
    {
      name: "the same, requests beyond one a page",
      value: `${many.requests}`,
      ratio: many.requests - MANY / 100,
      // When the pinned version ends is asked besides.
      target: 1,
    },
    {
      name: "second pass, CPU / first",
      value: formatSeconds(many.second.wallSeconds),
      ratio: many.second.cpuSeconds / many.first.cpuSeconds,
      target: 1,
    },
    {
      name: "second pass, requests that GitHub counts",
      value: `${many.countedAgain}`,
      ratio: many.countedAgain,
      target: 0,
    },
    {
      name: `CPU of each runner, ${MANY} / 1000`,
      value: `${(each * 1e6).toFixed(0)} µs`,
      ratio: each / share(some, 1000),
      target: GROWTH,
    },
    {
      name: "daemon, heap after 1000 passes / after 100",
      value: formatMegabytes(staying.last),
      ratio: staying.last / staying.early,
      target: 1.1,
    },
  ];
}

async function measurePasses(binary: string, runners: number): Promise<Passes> {
  const watched = await makeWatched(runners);
  try {
    const { forget, wait } = watched;
    const first = commandOf(binary, watched, forget);
    const second = commandOf(binary, watched, wait);
    const [one, two] = await compare(ROUNDS, [first, second]);
    if (!one || !two) throw new Error("nothing was measured");
    await compare(0, [first]);
    const { github } = watched;
    const [sent, counted] = [github.requests.length, github.rateUsed];
    await compare(0, [second]);
    return {
      ...{ first: one, second: two },
      requests: github.requests.length - sent,
      countedAgain: github.rateUsed - counted,
    };
  } finally {
    await watched.close();
  }
}

/** All hosts but this one are gone, and a pass before has seen it. */
async function measureAbandoned(binary: string): Promise<number> {
  const watched = await makeWatched(MANY, { isAbandoned: true });
  try {
    const { forget, wait } = watched;
    await compare(0, [commandOf(binary, watched, forget)]);
    const [later] = await compare(ROUNDS, [commandOf(binary, watched, wait)]);
    return later?.peakBytes ?? Number.NaN;
  } finally {
    await watched.close();
  }
}

function commandOf(binary: string, { folder, host, env }: Watched, before?: () => void): Command {
  return {
    argv: [binary, "watchdog", "--user", "--host", host],
    ...{ cwd: folder, env, codes: [0, 1] },
    ...(before === undefined ? {} : { before }),
  };
}

/** Of what is in use after a collection; the process as a whole is noise of the allocator. */
async function stayLong(): Promise<{ readonly early: number; readonly last: number }> {
  const watched = await makeWatched(200);
  try {
    const script = join(import.meta.dirname, "stay.ts");
    const child = spawn(process.execPath, ["--expose-gc", script, watched.host], {
      cwd: watched.folder,
      env: { ...process.env, ...watched.env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await new Promise((settle) => child.on("close", settle));
    const samples = JSON.parse(said) as readonly { readonly heapUsed: number; readonly external: number }[];
    const [early, last] = samples.map(({ heapUsed, external }) => heapUsed + external);
    return { early: early ?? Number.NaN, last: last ?? Number.NaN };
  } finally {
    await watched.close();
  }
}
