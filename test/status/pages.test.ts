// What status prints, whole: seen from a host, from a machine that is none, and with GitHub out of reach.

import assert from "node:assert/strict";
import { test } from "node:test";
import { seen, unseen } from "../../src/model/host-observation.ts";
import { compareSlots } from "../../src/status/compare-slots.ts";
import { describeStatus, makeStatusDocument } from "../../src/status/describe-status.ts";
import { JOB, makeProcess, NOW, STOPPED } from "../model/observed.ts";
import { compareWithFile } from "../spec/compare-file.ts";
import { type Given, makeRunner, makeStatus } from "./cases.ts";

const busy = { processes: seen([makeProcess("listener"), makeProcess("worker")]) };
const red = seen({
  ...{ state: "red" as const, reason: "gpu-silent", message: "the card does not answer within 10 s" },
  ...{ at: NOW, nextTryAt: NOW + 120_000, failures: 4 },
});

const CASES: Readonly<Record<string, Given>> = {
  "all-is-well": {},
  "a-job-a-change-and-a-red-preflight": {
    slot: { ...busy, job: seen({ ...JOB, job: "\u001b[2Jbuild\nfake line", workflow: "\u202eCI" }) },
    second: { ...STOPPED, unit: seen(null), mint: red },
    pending: [{ slot: "acme-ci-forge-1", unit: null, action: "restart", why: "it has a job" }],
    local: { drifted: ["/etc/ci-fleet/acme/compose.yaml"] },
    runners: [makeRunner("acme-ci-forge-1-abc1234", { busy: true })],
  },
  "from-a-laptop": { local: null },
  "without-github": {
    github: unseen("there is no /etc/ci-fleet/app.pem"),
    second: { ...STOPPED, drained: seen(true) },
  },
};

for (const [name, given] of Object.entries(CASES)) {
  test(`${name.replaceAll("-", " ")}: page and document`, () => {
    const facts = makeStatus(given);
    const rows = compareSlots(facts);
    const page = describeStatus(facts, rows);
    assert.ok(!/[\u001b\u202e]/.test(page));
    compareWithFile(`fixtures/status/${name}.txt`, page);
    compareWithFile(
      `fixtures/status/${name}.json`,
      `${JSON.stringify(makeStatusDocument(facts, rows), null, 2)}\n`,
    );
  });
}
