// What doctor prints, whole: a healthy host, one before its first apply, one where much is wrong; and its page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { measureWidth } from "../../src/base/terminal-text.ts";
import { describeFindings, makeDoctorDocument } from "../../src/doctor/describe-findings.ts";
import { examineHost } from "../../src/doctor/examine-host.ts";
import type { DoctorFacts } from "../../src/doctor/facts.ts";
import { writeDoctorPage } from "../../src/doctor/write-reference.ts";
import { seen, unseen } from "../../src/model/host-observation.ts";
import { makeProcess, makeSlot } from "../model/observed.ts";
import { compareWithFile } from "../spec/compare-file.ts";
import { ACCOUNT, makeFacts, withMachine, withSlots } from "./make-facts.ts";

const ESCAPE = "\u001b[2J\u202e";

const CASES: Readonly<Record<string, Partial<DoctorFacts>>> = {
  "all-is-well": {},
  "before-the-first-apply": {
    installed: seen(false),
    github: null,
    ...withMachine({ account: seen(null), runnerVersions: seen([]), guarded: [] }),
    ...withSlots({ slots: [] }),
  },
  "seen-by-a-user": {
    uid: 1000,
    credentials: [
      {
        target: "default",
        path: "/etc/ci-fleet/app.pem",
        state: "unknown",
        message: "cannot read it",
        help: null,
      },
    ],
    github: null,
    ...withMachine({ account: seen({ ...ACCOUNT, sudo: unseen("only root may ask sudo about others") }) }),
    ...withSlots({
      slots: [makeSlot({ mint: unseen("permission denied") })],
      foreignProcesses: unseen("hidden"),
    }),
  },
  "much-is-wrong": {
    hardwareChanges: ["gpus[0000:01:00.0]: gone, was {…}"],
    drift: seen([
      { path: "/etc/systemd/system/acme.target", state: "missing" },
      { path: "/etc/ci-fleet/acme/compose.yaml", state: "differs" },
    ]),
    ...withMachine({
      cdiDrivers: new Map([["/etc/cdi/nvidia.yaml", ["550.163.01"]]]),
      disks: [seen({ path: "/", freeBytes: 2 ** 20, totalBytes: 2 ** 40, freeInodes: null })],
    }),
    ...withSlots({
      slots: [1, 2, 3].map((n) =>
        makeSlot({
          slot: `acme-ci-forge-${n}`,
          mint: seen({
            ...{ state: "red", reason: "disk-full", at: 0, nextTryAt: null, failures: n },
            message: `/ has 1 MiB free${ESCAPE}`,
          }),
        }),
      ),
      foreignProcesses: seen([
        makeProcess("listener", { folder: `/tmp/${ESCAPE}`, owner: { kind: "unknown" } }),
      ]),
    }),
  },
};

for (const [name, change] of Object.entries(CASES)) {
  test(`${name.replaceAll("-", " ")}: the page`, () => {
    const page = describeFindings("forge", examineHost(makeFacts(change)));
    compareWithFile(`fixtures/doctor/${name}.txt`, page);
    assert.ok(!page.includes("\u001b") && !page.includes("\u202e"));
    for (const line of page.split("\n")) assert.ok(measureWidth(line) <= 100 || line.includes("→"), line);
  });
}

test("the document holds the same findings as the page", () => {
  const findings = examineHost(makeFacts(CASES["much-is-wrong"]));
  const document = makeDoctorDocument("forge", findings);
  assert.equal(document.schema, "ci-fleet/doctor/v1");
  assert.deepEqual(
    document.findings.map(({ found }) => found),
    findings.map(({ found }) => found),
  );
  const { errors, warnings, unknown, notes, fine } = document.summary;
  assert.equal(errors + warnings + unknown + notes + fine, findings.length);
  assert.ok(errors > 0);
});

test("docs/doctor.md is what the table of checks says", () => {
  compareWithFile("docs/doctor.md", writeDoctorPage());
});
