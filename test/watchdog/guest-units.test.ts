// What a pass tells of guests that a machine runs by itself, and of a reboot: by notices, a line, a document, metrics.
// Nothing is ever done to them.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeenGuestUnit } from "../../src/model/guest-units.ts";
import { type ObservedUnit, seen, unseen } from "../../src/model/host-observation.ts";
import type { Observation } from "../../src/model/watchdog.ts";
import { emptyMemory } from "../../src/model/watchdog-memory.ts";
import { decide } from "../../src/watchdog/decide.ts";
import { observe } from "../../src/watchdog/observe.ts";
import { describePass, hasSeenAll, listAuditLines, makePassDocument } from "../../src/watchdog/tell-pass.ts";
import { makeUnit, NOW } from "../model/observed.ts";
import { FLEETS, loadFleet } from "../plan/load-fleet.ts";

const { plan } = loadFleet(`${FLEETS}/a-workstation-that-runs-guests`);
const host = plan?.hosts.find(({ name }) => name === "forge");

const makeGuest = (
  name: string,
  unit: Partial<ObservedUnit> = {},
  change: Partial<SeenGuestUnit> = {},
): SeenGuestUnit => ({
  ...{ name, unit: seen(makeUnit({ name: `home-vm@${name}.service`, ...unit })) },
  ...{ hasDisk: seen(true), hasSeed: seen(true), isCurrent: seen(true) },
  isSetUp: name === "gpu-vm" ? null : seen(true),
  ...change,
});

function passOver(guestUnits: readonly SeenGuestUnit[], waitsForReboot = false) {
  assert.ok(plan !== null && host !== undefined);
  const observation: Observation = {
    ...{ host: "forge", time: { wall: NOW, monotonic: 5000, boot: "one" }, clockOffset: 0, slots: [] },
    ...{ registrations: [], troubles: [], demand: new Map(), listed: new Map(), versionEnds: new Map() },
    ...{ disks: [], unfinished: [], foreign: seen([]), guestUnits, waitsForReboot },
    ...{ requestsLeft: null, requestsSent: 0, requestsCounted: 0 },
  };
  const slotless = { ...host, placements: [] };
  const decided = decide({ plan, host: slotless, observation, memory: emptyMemory(observation.time) });
  return { observation, decided, outcomes: [], isDry: false, guests: null };
}

const DEAD = { active: "inactive", sub: "dead", mainPid: null };
const AGAIN = { active: "activating", sub: "auto-restart", mainPid: null };
const HOURS_AGO = NOW - 3 * 3_600_000;

const CASES: readonly (readonly [sentence: string, guest: SeenGuestUnit, notice: string | null])[] = [
  ["that runs", makeGuest("gpu-vm"), null],
  ["that runs for the first time", makeGuest("job-1", {}, { isSetUp: seen(false) }), null],
  ["that is made ready", makeGuest("gpu-vm", { active: "activating", sub: "start-pre" }), null],
  ["that powered off after its job", makeGuest("job-1", { ...AGAIN, result: "success" }), null],
  [
    "that cannot start",
    makeGuest("job-1", { ...AGAIN, result: "exit-code" }),
    "GuestFails: guest job-1 does not start, or ended badly (exit-code); `journalctl --unit home-vm@job-1.service`",
  ],
  [
    "that a person stopped",
    makeGuest("gpu-vm", DEAD),
    "GuestStopped: guest gpu-vm is stopped, and nobody starts it before this machine does; `systemctl start home-vm@gpu-vm.service`",
  ],
  [
    "that is not installed",
    makeGuest("gpu-vm", {}, { unit: seen(null), isCurrent: seen(null) }),
    "GuestAbsent: guest gpu-vm is not installed on this machine; `ci-fleet apply`",
  ],
  [
    "that nobody could look at",
    makeGuest("gpu-vm", {}, { unit: unseen("no systemd"), isCurrent: unseen("no systemd") }),
    "GuestUnknown: guest gpu-vm is not known: no systemd",
  ],
  [
    "that waits for its credential",
    makeGuest("job-1", { since: HOURS_AGO }, { isSetUp: seen(false) }),
    "GuestNotSetUp: guest job-1 sets itself up for hours: it may lack its credential; look into it",
  ],
  [
    "whose files were removed",
    makeGuest("gpu-vm", {}, { hasDisk: seen(false) }),
    "GuestFilesLost: guest gpu-vm runs, and its disk or its seed is gone: what it writes ends with it",
  ],
  [
    "that runs with old settings",
    makeGuest("gpu-vm", {}, { isCurrent: seen(false) }),
    "GuestOutdated: guest gpu-vm runs with settings from before an `apply`: in force at its next start",
  ],
  ["that will have new settings after its job", makeGuest("job-1", {}, { isCurrent: seen(false) }), null],
];

for (const [sentence, guest, notice] of CASES) {
  test(`a guest ${sentence}: ${notice === null ? "nothing to tell" : notice.split(":", 1)[0]}`, () => {
    const pass = passOver([guest]);
    const told = pass.decided.notices.map(({ fact, text }) => `${fact}: ${text}`);
    assert.deepEqual(told, notice === null ? [] : [notice]);
    assert.deepEqual(pass.decided.decisions, [], "nothing is done");
    assert.equal(hasSeenAll(pass), guest.unit.known);
    assert.equal(listAuditLines(pass).length, told.length);
  });
}

test("a pass over guests alone is told in a line, and as a document", () => {
  const pass = passOver([makeGuest("gpu-vm"), makeGuest("job-1", AGAIN), makeGuest("job-2")]);
  assert.deepEqual(describePass(pass), ["3 guests of this machine: 2 running, 1 waiting"]);
  assert.deepEqual(makePassDocument(pass).guestUnits, [
    { guest: "gpu-vm", state: "running", why: null },
    { guest: "job-1", state: "waiting", why: null },
    { guest: "job-2", state: "running", why: null },
  ]);
  assert.ok(!("guestUnits" in makePassDocument(passOver([]))));
});

test("a reboot that is waited for is told, whatever runs here", () => {
  assert.deepEqual(
    passOver([], true).decided.notices.map(({ fact }) => fact),
    ["RebootDue"],
  );
});

test("where the host did not answer in time its guests are not known", async () => {
  assert.ok(plan !== null && host !== undefined);
  const { guestUnits } = await observe(
    { plan, host, memory: null, silence: "not asked" },
    {
      ...{ scopes: [], closed: [], demand: new Map(), look: () => new Promise(() => undefined) },
      time: () => ({ wall: NOW, monotonic: 0, boot: null }),
      within: async () => "late",
    },
  );
  assert.deepEqual(
    guestUnits.map(({ name, unit }) => [name, unit]),
    ["gpu-vm", "job-1", "job-2"].map((name) => [name, unseen("no answer within 45 s")]),
  );
});
