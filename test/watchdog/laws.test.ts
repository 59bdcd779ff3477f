// The laws of the watchdog over random histories of a model fleet. `npm test` lives a few hundred, the CI ten thousand:
// CI_FLEET_HISTORIES says how many, CI_FLEET_SEED repeats a run.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { history, live } from "./histories.ts";

const numRuns = Number(process.env.CI_FLEET_HISTORIES ?? 300);
const seed = process.env.CI_FLEET_SEED;

test(`over ${numRuns} random histories no job is ended, no pool grows past its max, no ghost stays, no change is unexplained`, async () => {
  await fc.assert(
    fc.asyncProperty(history, async (lived) => {
      assert.deepEqual(await live(lived), []);
    }),
    { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  );
});
