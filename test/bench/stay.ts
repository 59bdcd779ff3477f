// The daemon for a thousand passes without a pause, run by watchdog-pass.ts. In: the host's name; the fleet is in the
// working folder. Out: one line of JSON: memory after the hundredth pass and after the last.

import { loadFleet } from "../../src/cli/load-fleet.ts";
import { keepFleet, takePlan } from "../../src/cli/watchdog/keep-fleet.ts";
import { runDaemon } from "../../src/cli/watchdog/run-daemon.ts";
import { runPass } from "../../src/cli/watchdog/run-pass.ts";
import { openVoice } from "../../src/cli/watchdog/tell-daemon.ts";

const [host = "", passes = "1000"] = process.argv.slice(2);
const quiet = { out: () => undefined, err: (text: string) => process.stderr.write(text) };
const terminal = { ...quiet, interactive: false, columns: null } as never;
const flags = {
  has: (name: string) => name === "user",
  text: (name: string) => (name === "host" ? host : null),
  texts: () => [],
};
const call = { args: [], flags, folder: process.cwd(), specFile: null, terminal };
const read = takePlan(loadFleet(call));
if (read === null) throw new Error("there is no plan");
const fleet = keepFleet(call, read);
const inForce = () => {
  const { plan, at } = fleet.inForce();
  return { plan: { ...plan, watchdog: { ...plan.watchdog, every: 1, listen: null } }, at };
};

let done = 0;
const samples: Record<string, number>[] = [];
async function sample(): Promise<void> {
  const { gc } = globalThis as { gc?: () => void };
  // What a first collection lets go of outside the heap is counted off a little later.
  for (let each = 0; each < 3; each++) {
    gc?.();
    await new Promise((settle) => setTimeout(settle, 50));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  samples.push({ pass: done, heapUsed, external, rss });
}

await runDaemon(
  { ...fleet, inForce },
  openVoice(terminal, { isJson: false }),
  { archFilter: true, force: false },
  async (...given) => {
    const ran = await runPass(...given);
    done += 1;
    if (done === 100 || done === Number(passes)) await sample();
    if (done === Number(passes)) process.kill(process.pid, "SIGTERM");
    return ran;
  },
);
process.stdout.write(`${JSON.stringify(samples)}\n`);
