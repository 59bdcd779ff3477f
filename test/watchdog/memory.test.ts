// The watchdog's memory as a file: what was written is read, and anything else costs time and nothing more.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Memory } from "../../src/model/watchdog.ts";
import { emptyMemory, readMemory, writeMemory } from "../../src/model/watchdog-memory.ts";
import { carryMemory } from "../../src/watchdog/carry-memory.ts";
import { chooseWindows } from "../../src/watchdog/windows.ts";
import { makeSmallPlan } from "./model-plan.ts";

const TIME = { wall: 1_000_000, monotonic: 500_000, boot: "one" };
const FULL: Memory = {
  ...emptyMemory(TIME),
  marks: { "acme-ci-forge-1 HungListener": { reason: "HungListener", of: "7", since: 400_000, passes: 3 } },
  retiring: {
    "acme-ci-forge-2": {
      phase: "grace",
      reason: "IdleBeyondMin",
      registration: {
        target: "default",
        scope: "https://github.com/acme",
        id: 9,
        name: "acme-ci-forge-2-aaaaaaa",
      },
      since: 450_000,
      next: "stay-down",
    },
  },
  started: { "acme-ci-forge-3": { at: 480_000, times: 2 } },
  jobs: { "4711": 490_000 },
  listed: { "https://github.com/acme": 250 },
  allowance: 12.5,
  lastFine: 900_000,
};

test("what was written is read", () => {
  assert.deepEqual(readMemory(writeMemory(FULL)), FULL);
});

test("any other text is no memory, and no text throws", () => {
  for (const text of ["", "null", "[]", "{}", '{"version":2}', writeMemory(FULL).slice(0, 80)]) {
    assert.equal(readMemory(text), null, text);
  }
  fc.assert(fc.property(fc.string(), (text) => void readMemory(text)));
});

test("entries that cannot be read are left out, the others stay", () => {
  const json = JSON.parse(writeMemory(FULL)) as Record<string, Record<string, unknown>>;
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom("marks", "retiring", "started", "jobs"), (value, part) => {
      const text = JSON.stringify({ ...json, [part]: { ...json[part], strange: value, __proto__: value } });
      const read = readMemory(text);
      assert.notEqual(read, null);
      for (const [key, entry] of Object.entries(FULL[part])) assert.deepEqual(read?.[part][key], entry);
    }),
  );
});

test("windows begin anew after a reboot, a jump, a long pause; what is being retired is kept", () => {
  const windows = chooseWindows(makeSmallPlan());
  const carry = (time: typeof TIME) => carryMemory(FULL, time, windows);
  const later = { wall: TIME.wall + 60_000, monotonic: TIME.monotonic + 60_000, boot: "one" };
  assert.deepEqual(carry(later), { memory: { ...FULL, time: later }, broken: null });
  const rows = [
    [{ ...later, boot: "two", monotonic: 5000 }, "the machine was started anew"],
    [{ ...later, monotonic: TIME.monotonic - 1 }, "the monotonic clock went back"],
    [{ ...later, wall: later.wall + 61_000 }, "the clock jumped, or the machine slept"],
    [{ ...later, wall: later.wall - 61_000 }, "the clock jumped, or the machine slept"],
    [
      { ...later, wall: later.wall + 3_600_000, monotonic: later.monotonic + 3_600_000 },
      "the last pass was too long ago",
    ],
  ] as const;
  for (const [time, why] of rows) {
    const { memory, broken } = carry(time);
    assert.equal(broken, why);
    assert.deepEqual([memory.marks, memory.started, memory.jobs], [{}, {}, {}]);
    assert.equal(memory.retiring["acme-ci-forge-2"]?.since, time.monotonic);
  }
});
