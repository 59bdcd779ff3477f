// The small files around a slot, as their writers leave them and as a hostile job might.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type MintState,
  readJobMarker,
  readLastExit,
  readMintState,
  writeMintState,
} from "../../src/model/slot-state.ts";

const STATE: MintState = {
  state: "red",
  reason: "disk-full",
  message: "/ has 12 MiB free",
  at: 1_700_000_000_000,
  nextTryAt: 1_700_000_060_000,
  failures: 3,
};

test("what mint writes is read back", () => {
  assert.deepEqual(readMintState(writeMintState(STATE)), STATE);
  assert.deepEqual(readMintState(writeMintState({ ...STATE, nextTryAt: null })), {
    ...STATE,
    nextTryAt: null,
  });
});

test("what is not wholly such a record is none", () => {
  const broken: readonly unknown[] = [
    "",
    "{",
    "[]",
    "null",
    JSON.stringify({ ...STATE, state: "green" }),
    JSON.stringify({ ...STATE, reason: "Disk Full" }),
    JSON.stringify({ ...STATE, reason: "\u001b[31m" }),
    JSON.stringify({ ...STATE, message: 7 }),
    JSON.stringify({ ...STATE, at: "yesterday" }),
    JSON.stringify({ ...STATE, at: 1e300 }),
    JSON.stringify({ ...STATE, nextTryAt: undefined }),
    JSON.stringify({ ...STATE, failures: -1 }),
    JSON.stringify({ ...STATE, failures: 1.5 }),
  ];
  for (const text of broken) assert.equal(readMintState(text as string), null, String(text));
});

test("a job's marker is read as the hook writes it, seconds as milliseconds", () => {
  const text =
    '{"slot":"acme-ci-forge-1","repository":"acme/app","runId":"4711","runAttempt":"1","workflow":"CI","job":"build","startedAt":1700000000}\n';
  assert.deepEqual(readJobMarker(text), {
    repository: "acme/app",
    runId: "4711",
    runAttempt: "1",
    workflow: "CI",
    job: "build",
    startedAt: 1_700_000_000_000,
  });
});

test("a marker of another form keeps what can be used: that a job is there matters more than its name", () => {
  const none = { repository: "", runId: "", runAttempt: "", workflow: "", job: "", startedAt: null };
  assert.deepEqual(readJobMarker("{}"), none);
  assert.deepEqual(readJobMarker('{"job":["x"],"startedAt":1e400}'), none);
  assert.equal(readJobMarker('{"job":"'), null);
  assert.equal(readJobMarker(JSON.stringify({ job: "x".repeat(5000) }))?.job.length, 1024);
});

test("the way a runner ended is read as entrypoint.sh writes it", () => {
  assert.deepEqual(readLastExit('{"class":"session-conflict","code":42,"at":1700000000}\n'), {
    class: "session-conflict",
    code: 42,
    at: 1_700_000_000_000,
    hadJob: null,
  });
  assert.equal(readLastExit('{"class":"ended","code":0,"at":1,"job":true}')?.hadJob, true);
  assert.equal(readLastExit('{"class":"session-conflict","code":256,"at":1}'), null);
  assert.equal(readLastExit('{"class":"a\\nb","code":1}'), null);
});

test("no text makes a reader throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      for (const read of [readMintState, readJobMarker, readLastExit]) read(text);
    }),
  );
});
