// Hosts whose units are kept whole in fixtures/units/, and judged by systemd itself in test/tools. In:
// nothing. Out: cases by the name of their folder.

import type { Plan, PlannedHost } from "../../src/model/plan.ts";
import { makeBusyHost, makeBusyPlan, makeHost, makePlan } from "./systemd-fleet.ts";

export interface UnitCase {
  readonly plan: Plan;
  readonly host: PlannedHost;
}

const plain = makeHost();
const watcher = makeHost({ placements: [], credentials: [] });
const busy = makeBusyHost();
const daemon = makePlan(plain, {
  watchdog: {
    ...makePlan(plain).watchdog,
    mode: "daemon",
    every: 5000,
    listen: { address: "127.0.0.1", port: 9639 },
    webhookSecret: "/etc/ci-fleet/webhook-secret",
  },
});
const old = { ...busy, facts: { ...busy.facts, systemd: 249 } };

export const unitCases: Readonly<Record<string, UnitCase>> = {
  "two-container-slots": { plan: makePlan(plain), host: plain },
  "a-deputy-without-runners": { plan: makePlan(watcher), host: watcher },
  "a-watchdog-that-stays": { plan: daemon, host: plain },
  "slots-on-the-oldest-systemd": { plan: makeBusyPlan(old), host: old },
  "every-unit-there-is": { plan: makeBusyPlan(busy), host: busy },
};
