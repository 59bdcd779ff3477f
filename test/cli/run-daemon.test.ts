// The daemon's loop with a pass that is ours to spoil.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import { placeFleetForUser } from "../../src/apply/places.ts";
import { WorldError } from "../../src/base/world-error.ts";
import type { KeptFleet } from "../../src/cli/watchdog/keep-fleet.ts";
import { openSources } from "../../src/cli/watchdog/open-sources.ts";
import { runDaemon } from "../../src/cli/watchdog/run-daemon.ts";
import type { PassTools, RunPass, runPass } from "../../src/cli/watchdog/run-pass.ts";
import type { Voice } from "../../src/cli/watchdog/tell-daemon.ts";
import { unseen } from "../../src/model/host-observation.ts";
import type { Plan } from "../../src/model/plan.ts";
import { emptyMemory } from "../../src/model/watchdog-memory.ts";
import { makeFolder } from "../adapters/folder.ts";
import { makeSmallPlan } from "../watchdog/model-plan.ts";

interface Stage {
  readonly fleet: KeptFleet;
  readonly voice: Voice;
  readonly crashes: unknown[];
  readonly warnings: string[];
  readonly pings: number[];
  readonly passCounts: () => unknown;
}

/** `change`: what is not as in the small plan. */
function setStage(t: TestContext, change: (plan: Plan, home: string) => Partial<Plan> = () => ({})): Stage {
  const home = makeFolder(t);
  const places = placeFleetForUser("acme", { home, config: null, runtime: `${home}/run` });
  mkdirSync(places.state, { recursive: true });
  const made = makeSmallPlan();
  const changed = { ...made, ...change(made, home) };
  const plan = { ...changed, watchdog: { ...made.watchdog, every: 5, listen: null } };
  const [host] = plan.hosts;
  assert.ok(host !== undefined);
  const at = { host, places, uid: process.getuid?.() ?? 0, userName: "alice" };
  const [crashes, warnings, pings]: [unknown[], string[], number[]] = [[], [], []];
  const voice: Voice = {
    begin: () => undefined,
    warn: (text) => warnings.push(text),
    pass: () => undefined,
    crash: (error) => crashes.push(error),
    end: () => undefined,
    ping: async (_url, code) => void pings.push(code),
  };
  let passes = 0;
  const refresh = (): boolean => {
    passes += 1;
    // Whatever a test was waiting for: it does not come, and the test is to end.
    if (passes === MOST_PASSES) process.kill(process.pid, "SIGTERM");
    return false;
  };
  return {
    fleet: { inForce: () => ({ plan, at }), problem: () => null, refresh },
    ...{ voice, crashes, warnings, pings },
    passCounts: () => {
      const text = readFileSync(`${places.state}/watchdog.counts.json`, "utf8");
      return (JSON.parse(text) as { readonly passes: unknown }).passes;
    },
  };
}

const MOST_PASSES = 100;
const OPTIONS = { archFilter: true, force: false };

test("a pass that throws is told and counted, and the next one is due as ever", async (t) => {
  const { fleet, voice, crashes, passCounts } = setStage(t);
  let passes = 0;
  const code = await runDaemon(fleet, voice, OPTIONS, async () => {
    passes += 1;
    if (passes === 3) process.kill(process.pid, "SIGTERM");
    throw new Error(`fault ${passes}`);
  });
  assert.equal(code, 0);
  assert.deepEqual(crashes.slice(0, 3).map(String), ["Error: fault 1", "Error: fault 2", "Error: fault 3"]);
  assert.deepEqual(passCounts(), { crashed: crashes.length });
});

test("what the world does to a pass is told as such, and not as a fault of ours", async (t) => {
  const { fleet, voice, crashes, warnings, pings, passCounts } = setStage(t);
  const code = await runDaemon(fleet, voice, OPTIONS, async () => {
    process.kill(process.pid, "SIGTERM");
    throw new WorldError("take the lock", "a part of the path is not a folder");
  });
  assert.deepEqual([code, crashes], [0, []]);
  assert.deepEqual(new Set(pings), new Set([3]));
  assert.equal(
    warnings[0],
    "this pass is left out: cannot take the lock: a part of the path is not a folder",
  );
  assert.deepEqual(passCounts(), { crashed: pings.length });
});

const TIME = { wall: 0, monotonic: 0, boot: null };
const EMPTY_PASS: RunPass["pass"] = {
  observation: {
    ...{ host: "forge", time: TIME, clockOffset: null, slots: [], guestUnits: [], waitsForReboot: false },
    ...{ registrations: [], troubles: [], demand: new Map(), listed: new Map(), versionEnds: new Map() },
    ...{ disks: [], foreign: unseen("it is not looked at"), unfinished: [] },
    ...{ requestsLeft: null, requestsSent: 0, requestsCounted: 0 },
  },
  ...{ decided: { decisions: [], notices: [], memory: emptyMemory(TIME) }, outcomes: [] },
  ...{ isDry: false, guests: null },
};

async function listenAndSayNothing(t: TestContext): Promise<string> {
  const open = new Set<{ destroy: () => void }>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
  });
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

test("what did not answer in time is given up when its pass is over, and the next one asks anew", async (t) => {
  const apiUrl = await listenAndSayNothing(t);
  const { fleet, voice, crashes } = setStage(t, ({ targets }, home) => {
    writeFileSync(`${home}/token`, "ghp_aTokenThatNobodyEverLooksAt00000001\n", { mode: 0o600 });
    const auth = { kind: "token", file: `${home}/token` } as const;
    return { targets: targets.map((target) => ({ ...target, apiUrl, auth })) };
  });
  const seen: PassTools[] = [];
  const asked: Promise<unknown>[] = [];
  const work: typeof runPass = async (_plan, _at, tools): Promise<RunPass> => {
    seen.push(tools);
    asked.push(...tools.github.scopes.map(({ api }) => api.getRunner(1)));
    if (seen.length === 2) process.kill(process.pid, "SIGTERM");
    return { pass: EMPTY_PASS, exitCode: 0, metrics: null, allowance: null, isLate: true };
  };
  assert.equal(await runDaemon(fleet, voice, OPTIONS, work), 0);
  assert.deepEqual(crashes, []);
  assert.ok(seen.length >= 2 && asked.length >= 2);
  assert.equal(new Set(seen).size, seen.length);
  for (const answer of await Promise.all(asked)) {
    const { kind, cause } = answer as { readonly kind: string; readonly cause: string };
    assert.deepEqual([kind, cause], ["unknown", "given up: the time for all of this is over"]);
  }
});

test("what is late is told to have been, and what is not is not", async (t) => {
  const { fleet } = setStage(t);
  const { plan, at } = fleet.inForce();
  let late = 0;
  const nobody = { scopes: [], closed: [], demand: new Map() };
  const { within } = openSources(plan, at, nobody, null, () => {
    late += 1;
  });
  assert.equal(await within(Promise.resolve("word"), 60_000), "word");
  assert.equal(late, 0);
  assert.equal(await within(new Promise(() => undefined), 1), "late");
  assert.equal(late, 1);
});
