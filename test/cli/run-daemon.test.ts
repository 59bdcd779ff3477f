// The daemon's loop with a pass that is ours to spoil.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { placeFleetForUser } from "../../src/apply/places.ts";
import type { KeptFleet } from "../../src/cli/watchdog/keep-fleet.ts";
import { runDaemon } from "../../src/cli/watchdog/run-daemon.ts";
import type { Voice } from "../../src/cli/watchdog/tell-daemon.ts";
import { makeFolder } from "../adapters/folder.ts";
import { makeSmallPlan } from "../watchdog/model-plan.ts";

test("a pass that throws is told and counted, and the next one is due as ever", async (t) => {
  const home = makeFolder(t);
  const places = placeFleetForUser("acme", { home, config: null, runtime: `${home}/run` });
  mkdirSync(places.state, { recursive: true });
  const made = makeSmallPlan();
  const plan = { ...made, watchdog: { ...made.watchdog, every: 5, listen: null } };
  const [host] = plan.hosts;
  assert.ok(host !== undefined);
  const at = { host, places, uid: process.getuid?.() ?? 0, userName: "alice" };
  const fleet: KeptFleet = { inForce: () => ({ plan, at }), problem: () => null, refresh: () => false };
  const crashes: unknown[] = [];
  const voice: Voice = {
    begin: () => undefined,
    warn: () => undefined,
    pass: () => assert.fail("none came to its end"),
    crash: (error) => crashes.push(error),
    end: () => undefined,
    ping: async () => undefined,
  };
  let passes = 0;
  const code = await runDaemon(fleet, voice, { archFilter: true, force: false }, async () => {
    passes += 1;
    if (passes === 3) process.kill(process.pid, "SIGTERM");
    throw new Error(`fault ${passes}`);
  });
  assert.equal(code, 0);
  assert.deepEqual(crashes.slice(0, 3).map(String), ["Error: fault 1", "Error: fault 2", "Error: fault 3"]);
  const counts = JSON.parse(readFileSync(`${places.state}/watchdog.counts.json`, "utf8")) as {
    readonly passes: unknown;
  };
  assert.deepEqual(counts.passes, { crashed: crashes.length });
});
