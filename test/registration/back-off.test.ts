// The brake on starts: how pauses grow, when the breaker opens, what lets a slot go on.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Setback, SetbackReason, SlotSetbacks } from "../../src/model/slot-setbacks.ts";
import { judgeLastRun, mayStart, noteSetback, readSetbacks } from "../../src/registration/back-off.ts";

const NOW = 1_800_000_000_000;
const setback = (reason: SetbackReason, retryAt: number | null = null): Setback => ({
  reason,
  detail: "502",
  runnerVersion: "2.338.1",
  retryAt,
});

function repeat(reason: SetbackReason, times: number): readonly SlotSetbacks[] {
  const all: SlotSetbacks[] = [];
  for (let index = 0; index < times; index++) {
    all.push(noteSetback(all.at(-1) ?? null, setback(reason), NOW, 0.5));
  }
  return all;
}

const seconds = (all: readonly SlotSetbacks[]) => all.map(({ nextAt }) => (nextAt - NOW) / 1000);

test("pauses double five times, then the breaker lets one try through in a while", () => {
  assert.deepEqual(seconds(repeat("registration-failed", 8)), [5, 10, 20, 40, 80, 600, 600, 600]);
  assert.deepEqual(seconds(repeat("ended-at-once", 7)), [5, 10, 20, 40, 80, 900, 900]);
  assert.deepEqual(seconds(repeat("preflight-red", 7)), [5, 10, 20, 40, 80, 120, 120]);
  const [first, , , , fifth, sixth] = repeat("registration-failed", 6);
  const judge = (record: SlotSetbacks | undefined) => mayStart(record ?? null, NOW, "2.338.1");
  assert.deepEqual(judge(first), {
    kind: "wait",
    until: NOW + 5000,
    open: false,
    why: "registration-failed once: 502",
  });
  assert.equal((judge(fifth) as { open: boolean }).open, false);
  assert.equal((judge(sixth) as { open: boolean }).open, true);
  assert.equal(mayStart(sixth ?? null, NOW + 600_000, "2.338.1").kind, "go");
});

test("GitHub's own word when to come back is kept, within an hour", () => {
  assert.equal(
    noteSetback(null, setback("registration-failed", NOW + 300_000), NOW, 0).nextAt,
    NOW + 300_000,
  );
  assert.equal(noteSetback(null, setback("registration-failed", NOW + 9e9), NOW, 0).nextAt, NOW + 3_600_000);
});

test("a deprecated version stops the slot until another version is in force", () => {
  const record = noteSetback(null, setback("version-deprecated"), NOW, 0.5);
  const stopped = mayStart(record, NOW + 1e12, "2.338.1");
  assert.match(stopped.kind === "stop" ? stopped.why : "", /2\.338\.1: run `ci-fleet bump`/);
  assert.equal(mayStart(record, NOW, "2.339.0").kind, "go");
});

test("a clock that was set back does not hold a slot for ever", () => {
  const [record] = repeat("registration-failed", 1);
  assert.equal(mayStart(record ?? null, NOW - 86_400_000, "2.338.1").kind, "go");
  const wait = mayStart({ ...(record as SlotSetbacks), nextAt: NOW + 1e12 }, NOW, "2.338.1");
  assert.equal(wait.kind === "wait" && wait.until, NOW + 3_600_000);
});

test("only a short run without a job is held against a slot", () => {
  const run = { startedAt: NOW, endedAt: NOW + 3000, hadJob: false, exitClass: "listener-error", detail: "" };
  const judge = (changed: Partial<typeof run> | { hadJob: null; startedAt?: null }) =>
    judgeLastRun({ ...run, ...changed }, "2.338.1")?.reason ?? null;
  assert.equal(judge({}), "ended-at-once");
  assert.equal(judge({ hadJob: true }), null);
  assert.equal(judge({ hadJob: null }), null);
  assert.equal(judge({ exitClass: "stopped" }), null);
  assert.equal(judge({ endedAt: NOW + 60_000 }), null);
  assert.equal(judge({ endedAt: NOW - 1 }), null);
  assert.equal(judge({ exitClass: "version-deprecated", hadJob: true }), "version-deprecated");
});

test("an hour of a failing slot registers a dozen times at most", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.infiniteStream(fc.nat(999)),
      (start, draws) => {
        let record: SlotSetbacks | null = null;
        let tries = 0;
        for (let now = NOW + start; now < NOW + 3_600_000; now += 1000) {
          if (mayStart(record, now, "2.338.1").kind !== "go") continue;
          tries += 1;
          record = noteSetback(
            record,
            setback("registration-failed"),
            now,
            (draws.next().value as number) / 1000,
          );
        }
        assert.ok(tries <= 13, String(tries));
      },
    ),
    { numRuns: 20 },
  );
});

test("a record is read back as it was written, and anything else is none", () => {
  const [record] = repeat("preflight-red", 1);
  assert.deepEqual(readSetbacks(JSON.stringify(record)), record);
  const broken = [
    null,
    "",
    "{",
    "null",
    "[]",
    "7",
    '{"version":2}',
    JSON.stringify({ ...record, reason: "toString" }),
  ];
  for (const text of broken) assert.equal(readSetbacks(text), null);
  fc.assert(fc.property(fc.json(), (text) => readSetbacks(text) === null || true));
});
