// Records as they lie on a disk that others may write on: what is no record removes nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  EMPTY_JOURNAL,
  NOTHING_SHARED,
  printRecord,
  readGeneration,
  readJournal,
  readPending,
  readShared,
} from "../../src/apply/records.ts";
import type { ApplyJournal, GenerationRecord, SlotRecord } from "../../src/model/apply.ts";

const slot: SlotRecord = {
  pool: "ci",
  target: "default",
  run: "container",
  lifetime: "ephemeral",
  unit: "acme-container@acme-ci-forge-1.service",
  generation: "0123456789abcdef",
  image: "ghcr.io/actions/actions-runner:2.337.0",
  runnerVersion: null,
  docker: "none",
  losesCards: false,
  staleRun: null,
};

const record: GenerationRecord = {
  version: 1,
  fleet: "acme",
  host: "forge",
  flavour: "system",
  supervision: "systemd",
  ciFleetVersion: "1.0.0",
  generation: "fedcba9876543210",
  files: { "/etc/ci-fleet/acme/compose.yaml": "a".repeat(64) },
  slots: { "acme-ci-forge-1": slot },
  upkeep: { "acme-watchdog.timer": "0011223344556677" },
  target: "acme.target",
  network: "ci-fleet-acme",
  images: ["ghcr.io/actions/actions-runner:2.337.0"],
  ghosts: { "acme-old-forge-1": "default" },
};

const journal: ApplyJournal = {
  version: 1,
  files: { "/etc/systemd/system/acme.target": ["b".repeat(64), "c".repeat(64)] },
  slots: { "acme-ci-forge-1": [slot, { ...slot, run: "process", image: null, runnerVersion: "2.337.0" }] },
  upkeep: ["acme-watchdog.timer"],
  network: null,
  images: [],
};

test("what is written is read back", () => {
  assert.deepEqual(readGeneration(printRecord(record)), { kind: "read", value: record });
  assert.deepEqual(readJournal(printRecord(journal)), journal);
  const shared = { ...NOTHING_SHARED, account: true, programs: ["d".repeat(64)], runners: ["2.337.0"] };
  assert.deepEqual(readShared(printRecord(shared)), { kind: "read", value: shared });
  const pending = {
    version: 1 as const,
    slots: [{ slot: "acme-ci-forge-1", unit: null, action: "remove" as const, why: "job.json" }],
  };
  assert.deepEqual(readPending(printRecord(pending)), pending);
});

test("a record of a later ci-fleet is told apart from a damaged one", () => {
  assert.deepEqual(readGeneration('{"version": 2}'), { kind: "newer", version: 2 });
  assert.deepEqual(readGeneration(""), { kind: "damaged" });
  assert.deepEqual(readShared("[]"), { kind: "damaged" });
});

const spoiled: readonly (readonly [string, object])[] = [
  ["a path that climbs", { files: { "/etc/ci-fleet/../shadow": "a".repeat(64) } }],
  ["a path that is relative", { files: { "etc/passwd": "a".repeat(64) } }],
  ["a hash that is none", { files: { "/etc/x": "zz" } }],
  ["a slot that is a path", { slots: { "../../etc": slot } }],
  ["a slot that begins with a hyphen", { slots: { "-rf": slot } }],
  ["a version that is a path", { slots: { a: { ...slot, runnerVersion: "../.." } } }],
  ["a unit with a space", { slots: { a: { ...slot, unit: "a b.service" } } }],
  ["a network that is an option", { network: "--all" }],
  ["a target that is a path", { target: "/etc/passwd" }],
  ["a fleet that is a path", { fleet: "../x" }],
];

for (const [name, change] of spoiled) {
  test(`damaged: ${name}`, () => {
    assert.deepEqual(readGeneration(JSON.stringify({ ...record, ...change })), { kind: "damaged" });
  });
}

test("a journal that cannot be read still says that a run was cut off", () => {
  for (const text of ["", "{", '{"version":1}', JSON.stringify({ ...journal, files: { x: [] } })]) {
    assert.deepEqual(readJournal(text), EMPTY_JOURNAL);
  }
});

test("no text makes a reader throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      readGeneration(text);
      readJournal(text);
      readShared(text);
      readPending(text);
    }),
  );
});
