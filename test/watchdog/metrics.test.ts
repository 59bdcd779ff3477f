// The metrics of one pass, whole.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { seen } from "../../src/model/host-observation.ts";
import type { Observation } from "../../src/model/watchdog.ts";
import { EMPTY_TALLY, type Tally } from "../../src/model/watchdog-tally.ts";
import { decide } from "../../src/watchdog/decide.ts";
import { writeMetrics } from "../../src/watchdog/write-metrics.ts";
import { makeUnit } from "../model/observed.ts";
import { ModelHost } from "./model-host.ts";
import { Hub } from "./model-hub.ts";
import { makeSmallPlan } from "./model-plan.ts";

const GOLDEN = "fixtures/watchdog/metrics.prom";

const TALLY: Tally = {
  ...EMPTY_TALLY,
  passes: { 0: 41, 77: 1, crashed: 1 },
  actions: {
    "ci start JobsWaiting done": 7,
    "ci retire IdleBeyondMin done": 5,
    "ci delete Ghost done": 2,
    "ci delete Ghost failed": 1,
  },
  registrations: { ci: 9 },
  jobs: { ci: 3 },
  durations: { ci: { counts: [0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], sum: 500_303.5 } },
  waits: { ci: { counts: [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], sum: 1.5 } },
  requestsCounted: 12,
  requestsFree: 400,
  webhooks: { woken: 3, refused: 1 },
};

test("a pass is told to Prometheus in names that stay", () => {
  const plan = makeSmallPlan();
  const host = plan.hosts[0];
  if (host === undefined) throw new Error("the plan has a host");
  const hub = new Hub({ lag: 0, busyLie: 0, gap: 0, deletesDispatched: true });
  const model = new ModelHost(host, hub, { startMs: 0, endsWhenGone: false, mintDeafUntil: 0 });
  const observation: Observation = {
    host: host.name,
    time: { wall: Date.parse("2026-11-21T10:00:00Z"), monotonic: 5000, boot: "one" },
    clockOffset: -1500,
    slots: [...model.slots.values()].map((one) => model.look(one, false, false)),
    registrations: [],
    troubles: [
      { target: "default", scope: "https://github.com/acme", kind: "refused", why: "Bad credentials" },
    ],
    demand: new Map([["default", seen({ jobs: [], running: [], complete: true })]]),
    listed: new Map(),
    versionEnds: new Map([["default", seen("2026-12-01T00:00:00Z")]]),
    unfinished: [],
    guestUnits: [
      {
        ...{ name: "desk", unit: seen(makeUnit()), hasDisk: seen(true), hasSeed: seen(true) },
        ...{ isSetUp: null, isCurrent: seen(true) },
      },
    ],
    waitsForReboot: false,
    disks: [
      seen({ path: "/var/lib/ci-fleet/acme", freeBytes: 2 ** 35, totalBytes: 2 ** 40, freeInodes: null }),
    ],
    foreign: seen([]),
    requestsLeft: 4321,
    requestsSent: 7,
    requestsCounted: 2,
  };
  const decided = decide({ plan, host, observation, memory: null });
  const text = writeMetrics({
    ...{ plan, host, observation, decided, guests: null, durationMs: 1250, exitCode: 77, specOk: true },
    tally: TALLY,
    cards: [
      {
        id: "GPU-3a23b6d0-1111-2222-3333-444444444444",
        vendor: "nvidia",
        busy: 0.35,
        memoryUsed: 2 ** 30,
        memoryTotal: 24 * 2 ** 30,
      },
      { id: "0000:03:00.0", vendor: "amd", busy: null, memoryUsed: 2 ** 20, memoryTotal: null },
    ],
    lastSuccess: Date.parse("2026-11-21T09:59:00Z"),
  });
  if (process.env.UPDATE_GOLDENS === "1") writeFileSync(GOLDEN, text);
  assert.equal(text, readFileSync(GOLDEN, "utf8"));
});
