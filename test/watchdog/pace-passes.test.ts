// When passes begin: on the grid of the first one, whatever they take, and a little earlier after a wake.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { healthyFor, nextAfterWake, nextOnGrid } from "../../src/watchdog/pace-passes.ts";

const moment = fc.integer({ min: 0, max: 1e9 });
const interval = fc.integer({ min: 5000, max: 86_400_000 });

test("passes neither drift nor pile up", () => {
  fc.assert(
    fc.property(moment, interval, fc.array(fc.nat(200_000), { maxLength: 50 }), (first, every, durations) => {
      let now = first;
      for (const duration of durations) {
        now += duration;
        const next = nextOnGrid({ first, every }, now);
        assert.equal((next - first) % every, 0, "it is on the grid");
        assert.ok(next > now && next - now <= every, "it is the first one ahead");
        now = next;
      }
    }),
  );
});

test("a wake brings the next pass forward, never to less than five seconds after the last began", () => {
  fc.assert(
    fc.property(moment, interval, fc.nat(100_000), (began, every, passed) => {
      const pace = { first: began, every };
      const now = began + passed;
      const next = nextAfterWake(pace, began, now);
      assert.ok(next >= now && next <= nextOnGrid(pace, now));
      assert.ok(next >= began + 5000);
    }),
  );
  assert.equal(nextAfterWake({ first: 0, every: 60_000 }, 0, 20_000), 20_000);
});

test("three intervals without a look at everything are too long, and a minute never is", () => {
  assert.equal(healthyFor(5000), 60_000);
  assert.equal(healthyFor(60_000), 180_000);
});
