// `mint` is killed at every single call it makes, before and after the call took effect, and run again: in the end
// there is one registration, the one that the runner has the key of.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { prepareSlot } from "../../src/mint/prepare-slot.ts";
import type { Placement } from "../../src/model/plan.ts";
import { Cut, makeWorld, openPorts, runSlot, type World } from "./make-start.ts";

/** true: it came to its end. */
async function prepareUntil(world: World, cutAt: number, isDone: boolean): Promise<boolean> {
  try {
    const prepared = await prepareSlot(openPorts(world, cutAt, isDone), { once: false });
    assert.equal(prepared.kind, "ready");
    return true;
  } catch (error) {
    if (!(error instanceof Cut)) throw error;
    return false;
  }
}

function assertOneRegistration(world: World): void {
  const registered = [...world.registrations.values()].map(({ name }) => `jit-of-${name}\n`);
  assert.deepEqual(registered, [world.handed?.get("jitconfig")]);
  assert.deepEqual(
    world.containers.map(({ name, state }) => [name, state]),
    [["acme-ci-forge-1", "created"]],
  );
}

const SLOTS: readonly (readonly [string, Partial<Placement>])[] = [
  ["an ephemeral container", {}],
  ["an ephemeral container with an engine of its own", { docker: "dind" }],
];
for (const [name, change] of SLOTS) {
  test(`${name}: killed at each step and run again it converges`, async () => {
    let steps = 0;
    for (const isDone of [false, true]) {
      for (let cutAt = 1; ; cutAt++) {
        const world = makeWorld(change);
        if (await prepareUntil(world, cutAt, isDone)) break;
        steps = Math.max(steps, cutAt);
        assert.equal(await prepareUntil(world, Number.POSITIVE_INFINITY, false), true);
        assertOneRegistration(world);
      }
    }
    assert.ok(steps >= 9, String(steps));
  });
}

test("killed again and again, with jobs between, it never leaves a registration that nobody has", async () => {
  const cuts = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 25 }), fc.boolean(), fc.constantFrom("job", "stop", "none")),
  );
  await fc.assert(
    fc.asyncProperty(cuts, async (history) => {
      const world = makeWorld();
      for (const [cutAt, isDone, then] of history) {
        if (!(await prepareUntil(world, cutAt, isDone))) continue;
        if (then === "job") runSlot(world);
        if (then === "stop") runSlot(world, { class: "stopped", code: 143, hadJob: false });
      }
      assert.equal(await prepareUntil(world, Number.POSITIVE_INFINITY, false), true);
      assertOneRegistration(world);
    }),
    { numRuns: 200 },
  );
});
