// Draining as an order of looks, markers and stops: nothing with a job is stopped, nothing comes back.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ChosenSlot } from "../../src/cli/slots/choose-slots.ts";
import { type DrainPorts, drainSlots, waitForDrained } from "../../src/cli/slots/drain-slots.ts";
import type { SlotLife } from "../../src/model/slot-life.ts";
import { makeSlot } from "../model/observed.ts";
import { makePlacement } from "../render/systemd-fleet.ts";

const placement = makePlacement();
const [planned] = placement.slots;
assert.ok(planned !== undefined);

const choose = (...names: readonly string[]): readonly ChosenSlot[] =>
  names.map((slot) => ({ slot, unit: `acme-container@${slot}.service`, placement, planned }));

interface World {
  readonly ports: DrainPorts;
  /** In order: `mark a`, `look a b`, `stop a`. */
  readonly told: string[];
  readonly stoppedWhile: [string, SlotLife][];
}

/** `lives[slot]`: what each look finds, the last one for ever. */
function openWorld(lives: Readonly<Record<string, readonly SlotLife[]>>): World {
  const told: string[] = [];
  const stoppedWhile: [string, SlotLife][] = [];
  const looks = new Map<string, number>();
  const down = new Set<string>();
  let now = 0;
  const lifeOf = (slot: string): SlotLife => {
    if (down.has(slot)) return "stopped";
    const all = lives[slot] ?? [];
    return all[Math.min((looks.get(slot) ?? 1) - 1, all.length - 1)] ?? "absent";
  };
  const ports: DrainPorts = {
    look: async (slots) => {
      told.push(`look ${slots.map(({ slot }) => slot).join(" ")}`);
      for (const { slot } of slots) looks.set(slot, (looks.get(slot) ?? 0) + 1);
      return slots.map((each) => ({
        ...each,
        seen: makeSlot({ slot: each.slot }),
        life: { life: lifeOf(each.slot), evidence: "" },
      }));
    },
    mark: (slot) => void told.push(`mark ${slot}`),
    stop: async (slots) => {
      if (slots.length > 0) told.push(`stop ${slots.map(({ slot }) => slot).join(" ")}`);
      for (const { slot } of slots) {
        stoppedWhile.push([slot, lifeOf(slot)]);
        down.add(slot);
      }
    },
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
    monotonic: () => now,
  };
  return { ports, told, stoppedWhile };
}

test("every marker is written before the first look, and a stop follows a second look", async () => {
  const { ports, told } = openWorld({ a: ["idle"], b: ["busy"], c: ["stopped"] });
  const outcome = await drainSlots(choose("a", "b", "c"), ports);
  assert.deepEqual(told, ["mark a", "mark b", "mark c", "look a b c", "look a", "stop a"]);
  assert.deepEqual(outcome.down, ["a", "c"]);
  assert.deepEqual(
    outcome.left.map(({ slot }) => slot),
    ["b"],
  );
});

test("a job that comes between the looks is let be", async () => {
  const { ports, told } = openWorld({ a: ["idle", "busy"] });
  const outcome = await drainSlots(choose("a"), ports);
  assert.deepEqual(told, ["mark a", "look a", "look a"]);
  assert.deepEqual([outcome.down, outcome.left.length], [[], 1]);
});

test("not knowing is taken for a job", async () => {
  const { ports, stoppedWhile } = openWorld({ a: ["unknown"] });
  assert.equal((await drainSlots(choose("a"), ports)).left.length, 1);
  assert.deepEqual(stoppedWhile, []);
});

test("a slot that is about to register is stopped: it has nothing yet", async () => {
  const { ports } = openWorld({ a: ["starting"] });
  assert.deepEqual((await drainSlots(choose("a"), ports)).down, ["a"]);
});

test("waiting stops a persistent runner when its job has ended, and hears of one that ends by itself", async () => {
  const { ports, stoppedWhile } = openWorld({
    a: ["busy", "busy", "idle"],
    b: ["busy", "busy", "busy", "stopped"],
  });
  const { left } = await drainSlots(choose("a", "b"), ports);
  const heard: string[] = [];
  const rest = await waitForDrained(left, null, ports, (slot) => heard.push(slot));
  assert.deepEqual([rest, heard, stoppedWhile], [[], ["a", "b"], [["a", "idle"]]]);
});

test("waiting ends in time", async () => {
  const { ports } = openWorld({ a: ["busy"] });
  const { left } = await drainSlots(choose("a"), ports);
  const rest = await waitForDrained(left, 5000, ports, () => assert.fail());
  assert.deepEqual(
    rest.map(({ slot }) => slot),
    ["a"],
  );
  assert.ok(ports.monotonic() <= 5000);
});

test("whatever happens between looks, nothing is stopped that had a job at the look before", async () => {
  const life = fc.constantFrom<SlotLife>(
    "absent",
    "stopped",
    "failed",
    "starting",
    "stopping",
    "idle",
    "busy",
    "unknown",
  );
  const history = fc.array(life, { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(history, history, async (a, b) => {
      const { ports, stoppedWhile } = openWorld({ a, b });
      const { left } = await drainSlots(choose("a", "b"), ports);
      await waitForDrained(left, 20_000, ports, () => undefined);
      for (const [, was] of stoppedWhile) assert.ok(was === "idle" || was === "starting", was);
    }),
  );
});
