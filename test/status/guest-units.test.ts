// What status prints on a machine that runs guests by itself: each in each state, and a reboot that is waited for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeGuestUnit, type SeenGuestUnit } from "../../src/model/guest-units.ts";
import { type ObservedUnit, seen, unseen } from "../../src/model/host-observation.ts";
import { compareSlots } from "../../src/status/compare-slots.ts";
import { hasOddGuestUnit } from "../../src/status/describe-guest-units.ts";
import { describeStatus, makeStatusDocument } from "../../src/status/describe-status.ts";
import { makeUnit } from "../model/observed.ts";
import { FLEETS, loadFleet } from "../plan/load-fleet.ts";
import { compareWithFile } from "../spec/compare-file.ts";
import { makeStatus } from "./cases.ts";

const makeGuest = (
  name: string,
  unit: Partial<ObservedUnit>,
  change: Partial<SeenGuestUnit> = {},
): SeenGuestUnit => ({
  ...{ name, unit: seen(makeUnit({ name: `home-vm@${name}.service`, ...unit })) },
  ...{ hasDisk: seen(true), hasSeed: seen(true), isSetUp: null, isCurrent: seen(true) },
  ...change,
});

function lookAt(guests: readonly SeenGuestUnit[], waitsForReboot = false) {
  const { plan } = loadFleet(`${FLEETS}/a-workstation-that-runs-guests`);
  assert.ok(plan !== null);
  const machine = { host: "forge", waitsForReboot, guests };
  return makeStatus({ local: null, github: null, plan, machine });
}

const BAD = { active: "activating", sub: "auto-restart", result: "exit-code", mainPid: null };
const DEAD = { active: "inactive", sub: "dead", mainPid: null };

test("from a machine that runs guests: page and document", () => {
  const guests = [
    makeGuest("gpu-vm", {}, { isCurrent: seen(false) }),
    makeGuest("job-1", {}, { isSetUp: seen(false) }),
    makeGuest("job-2", BAD, { isSetUp: seen(true), isCurrent: seen(null) }),
  ];
  const facts = lookAt(guests, true);
  const rows = compareSlots(facts);
  compareWithFile("fixtures/status/from-a-machine-that-runs-guests.txt", describeStatus(facts, rows));
  compareWithFile(
    "fixtures/status/from-a-machine-that-runs-guests.json",
    `${JSON.stringify(makeStatusDocument(facts, rows), null, 2)}\n`,
  );
  assert.equal(hasOddGuestUnit(facts.machine), true);
});

const CASES: readonly (readonly [SeenGuestUnit, RegExp, boolean])[] = [
  [makeGuest("gpu-vm", {}), /● gpu-vm {2}running {2}persistent {2}0000:01:00\.0\n(?! {6})/, false],
  [
    makeGuest("gpu-vm", DEAD, { hasDisk: seen(false) }),
    /◌ gpu-vm {2}stopped .*\n {6}`systemctl start home-vm@gpu-vm\.service` starts it\n {6}no disk yet/,
    false,
  ],
  [makeGuest("gpu-vm", { active: "activating", sub: "start-pre" }), /◌ gpu-vm {2}starting/, false],
  [makeGuest("gpu-vm", { ...BAD, result: "success" }), /◌ gpu-vm {2}waiting .*\n(?! {6})/, false],
  [makeGuest("gpu-vm", { active: "deactivating", sub: "stop" }), /◌ gpu-vm {2}stopping/, false],
  [
    makeGuest("gpu-vm", { active: "failed", result: "timeout" }),
    /✗ gpu-vm {2}failed .*\n.*\(timeout\)/,
    true,
  ],
  [makeGuest("gpu-vm", {}, { unit: seen(null) }), /✗ gpu-vm {2}not installed .*\n.*`ci-fleet apply`/, true],
  [makeGuest("gpu-vm", {}, { unit: unseen("no systemd") }), /\? gpu-vm {2}not known .*\n.*no systemd/, false],
  [makeGuest("gpu-vm", { active: "maintenance" }), /\? gpu-vm {2}not known/, false],
  [makeGuest("gpu-vm", {}, { hasSeed: seen(false) }), /✗ gpu-vm {2}running .*\n.*its seed is gone/, true],
  [makeGuest("gpu-vm", {}, { hasSeed: unseen("EACCES") }), /● gpu-vm {2}running/, false],
  [
    makeGuest("job-1", DEAD, { isSetUp: seen(false) }),
    /◌ job-1 {2}stopped {2}ephemeral {2}–\n.*\n {6}not set up yet/,
    false,
  ],
];

for (const [guest, page, isOdd] of CASES) {
  test(`a guest that is ${judgeGuestUnit(guest)} is told so: ${page.source.slice(0, 40)}`, () => {
    const facts = lookAt([guest]);
    assert.match(describeStatus(facts, compareSlots(facts)), page);
    assert.equal(hasOddGuestUnit(facts.machine), isOdd);
  });
}

test("a reboot that is waited for is told where there are no guests, and a machine is not told without", () => {
  const host = "shelf";
  const told = { ...lookAt([]), machine: { host, waitsForReboot: true, guests: [] } };
  assert.match(
    describeStatus(told, compareSlots(told)),
    /^Host shelf \(this machine\)\n {2}reboot: what changed for cards waits for it$/m,
  );
  const quiet = { ...told, machine: { host, waitsForReboot: false, guests: [] } };
  assert.doesNotMatch(describeStatus(quiet, compareSlots(quiet)), /shelf \(this|reboot/);
});
