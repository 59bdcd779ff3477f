// A node's tools as they answer, and as they fail to: what did not answer is unknown, and somebody else's guest is
// none of ours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { observeNode } from "../../src/adapters/observe-node.ts";
import type { HostFiles, HostTools, ToolResult } from "../../src/model/ports.ts";

const ran = (value: unknown): ToolResult => ({
  ...{ kind: "ran", exitCode: 0, stderr: "" },
  stdout: typeof value === "string" ? value : JSON.stringify(value),
});
const failed = (stderr: string): ToolResult => ({ kind: "ran", exitCode: 2, stdout: "", stderr });

const ANSWERS: Readonly<Record<string, ToolResult>> = {
  "pvesm status --content snippets": ran("Name   Type Status\nlocal  dir  active\nlocal2 dir active\n"),
  "qm config 9000": ran("meta: creation-qemu=9.0.2,ctime=1719828000\nname: t\ntemplate: 1\n"),
  "pvesh get /nodes/pve1/qemu --output-format json": ran([
    { vmid: 9000, status: "stopped", template: 1 },
    { vmid: 9101, status: "running" },
    { vmid: "9102", status: "stopped" },
    { vmid: 300, status: "running" },
    { vmid: "x" },
  ]),
  "qm config 9101": ran(
    "description: ci-fleet guest lab/gpu%252Dvm%0AMade by ci-fleet\nhostpci0: mapping=gpus,pcie=1\nhostpci1: 0000:02:00\nlock: backup\nname: gpu-vm\n",
  ),
  "qm config 9102": failed("Configuration file 'nodes/pve1/qemu-server/9102.conf' does not exist"),
  "qm config 300": ran("description: ci-fleet guest lab-2/vm%0A\nname: vm\n"),
  "pveum user list --output-format json": ran([{ userid: "root@pam" }, { userid: "ci-fleet@pve" }]),
  "pveum user token list ci-fleet@pve --output-format json": ran([{ tokenid: "lab" }]),
  "pveum user token permissions ci-fleet@pve lab --output-format json": ran({
    "/": {},
    "/vms/9101": { "VM.PowerMgmt": 1, "VM.Audit": 1 },
  }),
};

const answering = (change: Readonly<Record<string, ToolResult>> = {}): HostTools => ({
  run: async (command, args) => {
    const line = [command, ...args].join(" ");
    return change[line] ?? ANSWERS[line] ?? { kind: "missing" };
  },
});

const LINKS: Readonly<Record<string, string>> = {
  "/sys/bus/pci/devices/0000:01:00.0/driver": "../../../../bus/pci/drivers/vfio-pci",
};
const RESERVATIONS =
  "0000:01:00.0 9101 pid:4711\n0000:01:00.1 9101 pid:4711\n0000:05:00.0 300 time:1719828000\nnonsense\n";
const files = {
  readText: (path: string) => ({
    ok: true,
    value: path === "/proc/cmdline" ? "BOOT_IMAGE=/x quiet  intel_iommu=on\n" : RESERVATIONS,
  }),
  readLink: (path: string) => {
    const value = LINKS[path];
    return value === undefined ? { ok: false, code: "ENOENT" } : { ok: true, value };
  },
  stat: (path: string) => (path.endsWith("9:00.0") ? { ok: false, code: "ENOENT" } : { ok: true, value: {} }),
} as unknown as HostFiles;

const REQUEST = {
  addresses: ["0000:01:00.0", "0000:01:00.1", "0000:09:00.0"],
  proxmox: {
    ...{ node: "pve1", snippets: "local", template: 9000, mark: "ci-fleet guest lab/" },
    ...{ user: "ci-fleet@pve", token: "lab" },
  },
  state: { name: "pve1", rehearsals: new Map(), waitsForReboot: false },
};

test("what the tools say is read, and guests of others are left out", async () => {
  const seen = await observeNode(REQUEST, { tools: answering(), files });
  assert.deepEqual(Object.fromEntries(seen.drivers), {
    "0000:01:00.0": { known: true, value: "vfio-pci" },
    "0000:01:00.1": { known: true, value: null },
    "0000:09:00.0": { known: false, why: "there is no such device" },
  });
  assert.deepEqual(seen.kernelLine, { known: true, value: ["BOOT_IMAGE=/x", "quiet", "intel_iommu=on"] });
  assert.deepEqual(seen.takesSnippets, { known: true, value: true });
  assert.deepEqual(seen.template, { known: true, value: { isTemplate: true, madeAt: 1719828000000 } });
  assert.deepEqual(seen.guests, {
    known: true,
    value: [
      {
        ...{ vmId: 9101, name: "gpu-vm", running: true, lock: "backup" },
        ...{ mark: "ci-fleet guest lab/gpu%2Dvm", cards: ["gpus", "0000:02:00"] },
        holds: ["0000:01:00.0", "0000:01:00.1"],
      },
    ],
  });
  assert.deepEqual(seen.rights, {
    known: true,
    value: new Map([["/vms/9101", ["VM.Audit", "VM.PowerMgmt"]]]),
  });
});

test("a tool that fails, says something else or is not there leaves its answer unknown", async () => {
  const broken = {
    "pvesm status --content snippets": failed("cannot reach\nthe cluster is not ready - no quorum?\n"),
    "qm config 9000": failed("Configuration file 'nodes/pve1/qemu-server/9000.conf' does not exist"),
    "pvesh get /nodes/pve1/qemu --output-format json": ran("no json"),
    "pveum user token list ci-fleet@pve --output-format json": ran([]),
  };
  const seen = await observeNode(REQUEST, { tools: answering(broken), files });
  assert.deepEqual(seen.takesSnippets, {
    known: false,
    why: "pvesm status: the cluster is not ready - no quorum?",
  });
  assert.deepEqual(seen.template, { known: true, value: null });
  assert.deepEqual(seen.guests, { known: false, why: "what pvesh get prints is no JSON" });
  assert.deepEqual(seen.rights, { known: true, value: null });
  const none = await observeNode(REQUEST, { tools: { run: async () => ({ kind: "missing" }) }, files });
  assert.deepEqual(none.guests, { known: false, why: "there is no pvesh" });
  const unreadable = await observeNode(REQUEST, {
    tools: answering({ "qm config 300": failed("ipcc_send_rec failed: Connection refused") }),
    files,
  });
  assert.deepEqual(unreadable.guests, {
    known: false,
    why: "qm config: ipcc_send_rec failed: Connection refused",
  });
});
