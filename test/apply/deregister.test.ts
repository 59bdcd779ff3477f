// Registrations are taken away by the exact name of their slot, with and without suffix; one that has a job stays, and
// what GitHub did not say is not known.

import assert from "node:assert/strict";
import { test } from "node:test";
import { placeForSystem } from "../../src/apply/places.ts";
import { openRegistrations, removeAll } from "../../src/cli/apply/deregister.ts";
import { type GitHubAnswer, NO_META, type RunnerRecord } from "../../src/model/github.ts";
import { placesOf } from "../../src/model/names.ts";

const runner = (id: number, name: string, change: Partial<RunnerRecord> = {}): RunnerRecord => ({
  id,
  name,
  os: "linux",
  online: true,
  busy: false,
  labels: [],
  ephemeral: null,
  version: null,
  groupId: null,
  ...change,
});
const ok = <T>(value: T): GitHubAnswer<T> => ({ kind: "ok", value, fromCache: false, meta: NO_META });
const request = "DELETE …/runners/1";

function registry(
  runners: readonly RunnerRecord[],
  change: { complete?: boolean; answer?: GitHubAnswer<null> } = {},
) {
  const removed: number[] = [];
  return {
    removed,
    list: async () => ok({ runners, complete: change.complete ?? true }),
    remove: async (id: number) => {
      removed.push(id);
      return change.answer ?? ok(null);
    },
  };
}

const slot = "acme-ci-forge-1";

test("both forms of a slot's name are its own, in every scope, and nobody else's", async () => {
  const one = registry([
    runner(1, slot),
    runner(2, `${slot}-k3x9q2m`),
    runner(3, "acme-ci-forge-11"),
    runner(4, "acme-ci-forge-1-k3x9q2"),
  ]);
  const two = registry([runner(5, `${slot}-abcdefg`, { online: false, busy: true })]);
  assert.deepEqual(await removeAll(slot, [one, two]), { kind: "gone" });
  assert.deepEqual([one.removed, two.removed], [[1, 2], [5]]);
});

test("one that has a job is left, and so are the others", async () => {
  const at = registry([runner(1, slot), runner(2, `${slot}-k3x9q2m`, { busy: true })]);
  assert.deepEqual(await removeAll(slot, [at]), { kind: "busy" });
  assert.deepEqual(at.removed, []);
  const refused = registry([runner(1, slot)], {
    answer: { kind: "unprocessable", request, message: "is running a job", meta: NO_META },
  });
  assert.deepEqual(await removeAll(slot, [refused]), { kind: "busy" });
});

test("a list that is not whole, and an answer that is none, leave it unknown", async () => {
  const half = registry([runner(1, slot)], { complete: false });
  assert.equal((await removeAll(slot, [half])).kind, "unknown");
  assert.deepEqual(half.removed, []);
  const lost = registry([runner(1, slot)], {
    answer: { kind: "unknown", request, cause: "no answer", meta: NO_META },
  });
  assert.deepEqual(await removeAll(slot, [lost]), {
    kind: "unknown",
    why: `cannot take a registration away: ${request}: no answer`,
  });
  const gone = registry([runner(1, slot)], { answer: { kind: "not-found", meta: NO_META } });
  assert.deepEqual(await removeAll(slot, [gone]), { kind: "gone" });
});

test("without a plan, and for a target that has left the spec, nobody can be asked", async () => {
  const { deregister } = openRegistrations(null, placeForSystem(placesOf("acme")));
  assert.deepEqual(await deregister(slot, "default"), {
    kind: "unknown",
    why: "the spec has no target default any more",
  });
});
