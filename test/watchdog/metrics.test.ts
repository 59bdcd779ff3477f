// The metrics of one pass, whole.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { seen } from "../../src/model/host-observation.ts";
import type { Observation } from "../../src/model/watchdog.ts";
import { decide } from "../../src/watchdog/decide.ts";
import { writeMetrics } from "../../src/watchdog/write-metrics.ts";
import { ModelHost } from "./model-host.ts";
import { Hub } from "./model-hub.ts";
import { makeSmallPlan } from "./model-plan.ts";

const GOLDEN = "fixtures/watchdog/metrics.prom";

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
    demand: new Map([["default", seen({ jobs: [], complete: true })]]),
    listed: new Map(),
    versionEnds: new Map([["default", seen("2026-12-01T00:00:00Z")]]),
    unfinished: [],
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
    ...{ plan, host, observation, decided, outcomes: [], durationMs: 1250, exitCode: 77 },
    lastSuccess: Date.parse("2026-11-21T09:59:00Z"),
  });
  if (process.env.UPDATE_GOLDENS === "1") writeFileSync(GOLDEN, text);
  assert.equal(text, readFileSync(GOLDEN, "utf8"));
});
