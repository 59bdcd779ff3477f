// Every reason that status knows, by a fleet in which it is true.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seen, unseen } from "../../src/model/host-observation.ts";
import type { MintState } from "../../src/model/slot-state.ts";
import { compareSlots } from "../../src/status/compare-slots.ts";
import type { Health } from "../../src/status/explain-slot.ts";
import {
  JOB,
  makeContainer,
  makeObservation,
  makeProcess,
  makeSlot,
  makeUnit,
  NOW,
  STOPPED,
} from "../model/observed.ts";
import { type Given, makeRunner, makeStatus, PLAN } from "./cases.ts";

const busy = seen([makeProcess("listener"), makeProcess("worker")]);
const mint = (state: MintState["state"], failures = 1) =>
  seen({
    state,
    reason: "disk-full",
    message: "/ has 1 MiB free",
    at: NOW,
    nextTryAt: NOW + 90_000,
    failures,
  });
const starting = seen(makeUnit({ active: "activating", sub: "start-pre" }));
const waiting = { ...STOPPED, unit: starting };
const pending = [{ slot: "acme-ci-forge-1", unit: null, action: "restart", why: "it has a job" }] as const;
const target = PLAN.targets[0] as (typeof PLAN.targets)[0];
const personal = {
  ...PLAN,
  targets: [{ ...target, scope: { kind: "repositories" as const, owner: "a", repos: ["x", "y"] } }],
};

/** Slot 1 of forge unless said otherwise. */
/** A host on which passes of the watchdog come by themselves. */
const WATCHED = makeObservation([makeSlot(STOPPED), makeSlot({ slot: "acme-ci-forge-2" })], {
  units: seen(new Map([["acme-watchdog.timer", makeUnit({ name: "acme-watchdog.timer", killMode: null })]])),
});

const TABLE: readonly (readonly [reason: string, Health, Given, text: RegExp, next: string | null])[] = [
  ["Idle", "ok", {}, /waits for a job/, null],
  [
    "HasJob",
    "ok",
    { slot: { processes: busy, job: seen(JOB) } },
    /^acme\/app: build of CI \(run 4711\) for 12m$/,
    null,
  ],
  ["HasJob", "ok", { slot: { processes: busy, job: unseen("denied") } }, /^it has a job$/, null],
  ["ChangeWaitsForJob", "waits", { slot: { processes: busy }, pending }, /then it takes a change over/, null],
  [
    "Draining",
    "waits",
    { slot: { processes: busy, drained: seen(true), job: seen(JOB) } },
    /build of CI/,
    "ci-fleet drain --wait acme-ci-forge-1",
  ],
  [
    "TakenDown",
    "waits",
    { slot: { drained: seen(true), holder: seen("watchdog" as const) } },
    /the watchdog takes it down/,
    "ci-fleet watchdog --dry-run",
  ],
  [
    "Drained",
    "ok",
    { slot: { ...STOPPED, drained: seen(true) } },
    /out of service/,
    "ci-fleet drain --undo acme-ci-forge-1",
  ],
  [
    "PreflightRed",
    "differs",
    { slot: { ...waiting, mint: mint("red") } },
    /disk-full: \/ has 1 MiB free; next try in 1m30s/,
    "ci-fleet doctor",
  ],
  [
    "StartGivenUp",
    "differs",
    { slot: { ...waiting, mint: mint("stopped") } },
    /disk-full/,
    "ci-fleet logs acme-ci-forge-1",
  ],
  [
    "StartPutOff",
    "waits",
    { slot: { ...waiting, mint: mint("waiting") } },
    /next try in 1m30s/,
    "ci-fleet logs acme-ci-forge-1",
  ],
  [
    "StartPutOff",
    "differs",
    { slot: { ...waiting, mint: mint("waiting", 5) } },
    /5 times in a row/,
    "ci-fleet logs acme-ci-forge-1",
  ],
  [
    "StateHidden",
    "unknown",
    { slot: { processes: unseen("hidden") } },
    /cannot be seen: hidden/,
    "sudo ci-fleet status",
  ],
  [
    "UnitFailed",
    "differs",
    {
      slot: {
        ...STOPPED,
        unit: seen(makeUnit({ active: "failed", result: "exit-code" })),
        lastExit: seen({ class: "clock-skew", code: 48, at: NOW, hadJob: false }),
      },
    },
    /exit-code; the runner ended with clock-skew \(48\)/,
    "ci-fleet logs acme-ci-forge-1",
  ],
  ["GhostRegistered", "waits", { slot: STOPPED }, /GitHub has acme-ci-forge-1-abc1234/, null],
  [
    "NotInstalled",
    "differs",
    { slot: { ...STOPPED, unit: seen(null) }, runners: [] },
    /not installed yet/,
    "sudo ci-fleet apply",
  ],
  [
    "NotInstalled",
    "differs",
    { slot: { ...STOPPED, unit: seen(null) }, runners: [], local: { installed: seen(false) } },
    /the fleet is not installed on this host/,
    "sudo ci-fleet apply",
  ],
  ["ChangePending", "waits", { pending }, /its restart was put off: it has a job$/, "sudo ci-fleet apply"],
  [
    "RunsOldGeneration",
    "waits",
    {
      slot: { container: seen(makeContainer({ labels: { "dev.ci-fleet.generation": "old" } })) },
      local: { generations: new Map([["acme-ci-forge-1", "new"]]) },
    },
    /rendered before/,
    "sudo ci-fleet apply",
  ],
  [
    "RegistrationMissing",
    "differs",
    { runners: [] },
    /GitHub does not know it/,
    "ci-fleet logs acme-ci-forge-1",
  ],
  [
    "OfflineAtGitHub",
    "waits",
    { runners: [makeRunner("acme-ci-forge-1-abc1234", { online: false })] },
    /sees it offline/,
    "ci-fleet logs acme-ci-forge-1",
  ],
  [
    "BusyAtGitHubOnly",
    "waits",
    { runners: [makeRunner("acme-ci-forge-1-abc1234", { busy: true })] },
    /no worker runs here/,
    null,
  ],
  [
    "ExtraRegistrations",
    "waits",
    { runners: [makeRunner("acme-ci-forge-1-abc1234"), makeRunner("acme-ci-forge-1-abc1235", { id: 1 })] },
    /2 registrations/,
    null,
  ],
  [
    "WaitsForRepository",
    "ok",
    { slot: STOPPED, runners: [], plan: personal },
    /no repository needs it/,
    null,
  ],
  ["Stopped", "differs", { slot: STOPPED, runners: [] }, /should run/, "ci-fleet start acme-ci-forge-1"],
  [
    "Stopped",
    "waits",
    { slot: STOPPED, runners: [], local: { observation: WATCHED } },
    /the next pass of the watchdog starts it/,
    "ci-fleet start acme-ci-forge-1",
  ],
  [
    "NotInstalled",
    "differs",
    {
      slot: { unit: seen(null), container: unseen("no engine"), processes: unseen("no engine") },
      local: { installed: seen(false) },
    },
    /not installed on this host; its container cannot be seen: no engine/,
    "sudo ci-fleet apply",
  ],
  ["Starting", "waits", { slot: waiting }, /starting/, null],
  [
    "Stopping",
    "waits",
    { slot: { unit: seen(makeUnit({ active: "deactivating" })), processes: seen([]) } },
    /stopping/,
    null,
  ],
];

const SECOND: typeof TABLE = [
  ["WaitsForDemand", "ok", { second: STOPPED, runners: [] }, /started when jobs wait/, null],
];

const ELSEWHERE: typeof TABLE = [
  ["Idle", "ok", {}, /GitHub says that it waits/, null],
  [
    "HasJob",
    "ok",
    { runners: [makeRunner("acme-ci-spark-1-abc1234", { busy: true })] },
    /GitHub says that it has a job/,
    null,
  ],
  [
    "OfflineElsewhere",
    "differs",
    { runners: [makeRunner("acme-ci-spark-1", { online: false })] },
    /look on spark/,
    null,
  ],
  ["NotRegistered", "differs", { runners: [] }, /look on spark/, null],
  ["NotAsked", "unknown", { github: null }, /another host/, null],
  [
    "NotAsked",
    "unknown",
    { github: seen({ runners: [], complete: false, onlyHost: null }) },
    /another host/,
    null,
  ],
  ["NotAsked", "unknown", { github: unseen("no route") }, /another host/, null],
  [
    "NotAsked",
    "unknown",
    { github: seen({ runners: [], complete: true, onlyHost: "forge" }) },
    /another host/,
    null,
  ],
];

for (const [slot, table] of [
  ["acme-ci-forge-1", TABLE],
  ["acme-ci-forge-2", SECOND],
  ["acme-ci-spark-1", ELSEWHERE],
] as const) {
  for (const [index, [reason, health, given, text, next]] of table.entries()) {
    test(`${slot}, ${reason} ${index}: ${text.source.slice(0, 50)}`, () => {
      const row = compareSlots(makeStatus(given)).find((each) => each.slot.name === slot);
      assert.ok(row !== undefined);
      const { explanation } = row;
      assert.deepEqual([explanation.reason, explanation.health, explanation.next], [reason, health, next]);
      assert.match(explanation.text, text);
    });
  }
}

test("a registration is a slot's only by its whole name, and only in the slot's own target", () => {
  const names = ["acme-ci-forge-1x", "acme-ci-forge-12", "acme-ci-forge-1-ABC1234", "acme-ci-forge", "other"];
  const status = makeStatus({ runners: names.map((name, id) => makeRunner(name, { id })) });
  assert.ok(compareSlots(status).every(({ registrations }) => registrations.length === 0));
  const elsewhere = {
    ...makeStatus(),
    github: new Map([
      ["other", seen({ runners: [makeRunner("acme-ci-forge-1")], complete: true, onlyHost: null })],
    ]),
  };
  assert.ok(compareSlots(elsewhere).every(({ github }) => github === "unknown"));
});

test("a slot that is missing in an incomplete list is unknown, not gone", () => {
  const [row] = compareSlots(makeStatus({ github: seen({ runners: [], complete: false, onlyHost: null }) }));
  assert.deepEqual([row?.github, row?.explanation.reason], ["unknown", "Idle"]);
});

test("whatever is seen, every slot has one reason", () => {
  const unit = fc.constantFrom(
    seen(null),
    unseen("no bus"),
    ...["active", "activating", "deactivating", "inactive", "failed", "maintenance"].map((active) =>
      seen(makeUnit({ active })),
    ),
  );
  const container = fc.constantFrom(
    seen(null),
    unseen("x"),
    seen(makeContainer()),
    seen(makeContainer({ running: false })),
  );
  const processes = fc.constantFrom(seen([]), unseen("x"), busy, seen([makeProcess("listener")]));
  const minted = fc.constantFrom(seen(null), unseen("x"), mint("red"), mint("waiting"), mint("ready"));
  const flag = fc.constantFrom(seen(true), seen(false), unseen("x"));
  const runners = fc.constantFrom([], undefined, [
    makeRunner("acme-ci-forge-1", { busy: true, online: false }),
  ]);
  fc.assert(
    fc.property(unit, container, processes, minted, flag, runners, (u, c, p, m, d, r) => {
      const slot = { unit: u, container: c, processes: p, mint: m, drained: d };
      const rows = compareSlots(makeStatus(r === undefined ? { slot } : { slot, runners: r }));
      for (const { explanation } of rows) assert.match(explanation.reason, /^[A-Z][A-Za-z]+$/);
    }),
  );
});
