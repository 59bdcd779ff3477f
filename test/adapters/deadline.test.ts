// Two reasons to give up, told apart, and nothing left behind at the one that goes on living.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { startDeadline } from "../../src/adapters/deadline.ts";

const aborted = (signal: AbortSignal) =>
  new Promise<void>((settle) => signal.addEventListener("abort", () => settle()));

test("a time that is up is told from somebody else's word", async () => {
  const late = startDeadline(1, null);
  await aborted(late.signal);
  assert.equal(late.isLate(), true);
  const other = new AbortController();
  const given = startDeadline(60_000, other.signal);
  other.abort();
  assert.deepEqual([given.signal.aborted, given.isLate()], [true, false]);
  given.end();
  const at = startDeadline(60_000, other.signal);
  assert.equal(at.signal.aborted, true, "said before it began");
  at.end();
});

test("when it is ended the other signal has nothing of it", () => {
  const other = new AbortController();
  for (let each = 0; each < 3; each++) startDeadline(60_000, other.signal).end();
  assert.deepEqual(getEventListeners(other.signal, "abort"), []);
});
