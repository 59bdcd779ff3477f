// The laws of the watchdog over ten thousand random histories: too many for `npm test`, which lives a few hundred.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { history, live } from "../watchdog/histories.ts";

const RUNS = 10_000;

test(`over ${RUNS} random histories the laws of the watchdog hold`, async () => {
  const property = fc.asyncProperty(history, async (lived) => assert.deepEqual(await live(lived), []));
  await fc.assert(property, { numRuns: RUNS });
});
