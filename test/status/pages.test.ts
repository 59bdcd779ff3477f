// What status prints, whole: seen from a host, from a machine that is none, and with GitHub out of reach.

import assert from "node:assert/strict";
import { test } from "node:test";
import { observeNode } from "../../src/adapters/observe-node.ts";
import { seen, unseen } from "../../src/model/host-observation.ts";
import type { HostFiles } from "../../src/model/ports.ts";
import { compareSlots } from "../../src/status/compare-slots.ts";
import { hasOddGuest } from "../../src/status/describe-node.ts";
import { describeStatus, makeStatusDocument } from "../../src/status/describe-status.ts";
import { JOB, makeProcess, NOW, STOPPED } from "../model/observed.ts";
import { loadNode } from "../render/load-node.ts";
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

test("from a proxmox node: page and document", async () => {
  const { plan } = await loadNode("a-mapping-that-guests-share");
  assert.ok(plan !== null);
  const hypervisor = plan.hosts.find(({ name }) => name === "pve1")?.hypervisor;
  const [first, second] = hypervisor?.guests ?? [];
  assert.ok(first !== undefined && second !== undefined);
  const guest = {
    name: first.name,
    running: true,
    lock: null,
    mark: first.mark,
    cards: ["gpus"],
    holds: ["0000:02:00.0"],
  };
  const guests = [
    { ...guest, vmId: first.vmId },
    {
      ...guest,
      vmId: 9800,
      name: "old\u001b[2J",
      running: false,
      holds: [],
      lock: "backup",
      mark: "ci-fleet guest lab/old",
    },
  ];
  const state = { name: "pve1", rehearsals: new Map(), waitsForReboot: true };
  const tools = { run: async () => ({ kind: "missing" as const }) };
  const nothing = { readText: () => ({ ok: false, code: "ENOENT" }) } as unknown as HostFiles;
  const blank = await observeNode({ addresses: [], proxmox: null, state }, { tools, files: nothing });
  const facts = {
    ...makeStatus({ local: null, github: null, plan }),
    node: { host: "pve1", seen: { ...blank, guests: seen(guests) } },
  };
  const rows = compareSlots(facts);
  const page = describeStatus(facts, rows);
  assert.ok(!page.includes("\u001b"));
  compareWithFile("fixtures/status/from-a-proxmox-node.txt", page);
  compareWithFile(
    "fixtures/status/from-a-proxmox-node.json",
    `${JSON.stringify(makeStatusDocument(facts, rows), null, 2)}\n`,
  );
  assert.equal(hasOddGuest(plan, facts.node), true);
  assert.equal(hasOddGuest(plan, { host: "pve1", seen: blank }), false);
  const unknown = {
    ...facts,
    node: { ...facts.node, seen: { ...blank, guests: unseen("there is no pvesh") } },
  };
  assert.match(describeStatus(unknown, rows), /guests: not known: there is no pvesh/);
});

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
