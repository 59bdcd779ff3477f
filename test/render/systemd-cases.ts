// Hosts whose units are kept whole in fixtures/units/, and judged by systemd itself in test/tools. In:
// nothing. Out: cases by the name of their folder.

import type { Placement, Plan, PlannedHost } from "../../src/model/plan.ts";
import {
  makeBusyHost,
  makeBusyPlan,
  makeHost,
  makePlacement,
  makePlan,
  makeProcessPlacement,
} from "./systemd-fleet.ts";

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
const first = <T>(items: readonly T[]): readonly T[] => items.slice(0, 1);
const oneOf = (placement: Placement): Placement => ({ ...placement, slots: first(placement.slots) });
const guestOf = (placement: Placement, setUp: "once" | "each-boot") =>
  makeHost({ kind: "vm", placements: [oneOf(placement)], oneJob: { setUp } });
const once = guestOf(makePlacement(), "once");
const anew = {
  ...guestOf({ ...makeProcessPlacement(), lifetime: "ephemeral" }, "each-boot"),
  facts: { ...plain.facts, systemd: 249 },
};
const old = { ...busy, facts: { ...busy.facts, systemd: 249 } };

export const unitCases: Readonly<Record<string, UnitCase>> = {
  "two-container-slots": { plan: makePlan(plain), host: plain },
  "a-deputy-without-runners": { plan: makePlan(watcher), host: watcher },
  "a-watchdog-that-stays": { plan: daemon, host: plain },
  "a-guest-of-one-job": { plan: makePlan(once), host: once },
  "a-guest-of-one-job-as-a-process": { plan: makePlan(anew), host: anew },
  "slots-on-the-oldest-systemd": { plan: makeBusyPlan(old), host: old },
  "every-unit-there-is": { plan: makeBusyPlan(busy), host: busy },
};
