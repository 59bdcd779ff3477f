// Which cards may leave a node and which not, with the group drawn, and what a person may accept.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Diagnostic } from "../../src/base/diagnostic.ts";
import type { AcceptableRisk } from "../../src/model/fleet.ts";
import type { GpuFacts, Inventory } from "../../src/model/inventory.ts";
import type { Plan, PlannedHost } from "../../src/model/plan.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { makeFleet, makeGuest, makeInputs, makePool, makeProxmox } from "./make-fleet.ts";
import { BRIDGE, DISK, DUMMY, makeNode, makeNodeCard, NETWORK, USB } from "./make-node.ts";

interface Scene {
  readonly node: Inventory;
  readonly gpu?: string;
  readonly acceptRisk?: readonly AcceptableRisk[];
  readonly flag?: readonly AcceptableRisk[];
}

function judge({ node, gpu = "0000:01:00", acceptRisk = [], flag = [] }: Scene) {
  const hosts = [makeProxmox("pve"), makeGuest("vm", "pve", { gpu, acceptRisk })];
  const inputs = makeInputs({ pve: node }, { acceptedRisks: flag });
  const { value, diagnostics } = planFleet(makeFleet(hosts, [makePool("ci")]), inputs);
  return { plan: value, pve: findNode(value), diagnostics, codes: diagnostics.map(({ code }) => code) };
}

function findNode(plan: Plan | null): PlannedHost | null {
  return plan?.hosts.find(({ name }) => name === "pve") ?? null;
}

function only(diagnostics: readonly Diagnostic[]): Diagnostic {
  assert.equal(diagnostics.length, 1, JSON.stringify(diagnostics, null, 2));
  return diagnostics[0] as Diagnostic;
}

test("a card alone in its group goes, and bridges and empty host bridges beside it stay", () => {
  assert.deepEqual(judge({ node: makeNode([makeNodeCard(1)]) }).codes, []);
  assert.deepEqual(judge({ node: makeNode([makeNodeCard(1)], { 1: [BRIDGE, DUMMY] }) }).codes, []);
});

test("a host bridge that a driver holds counts", () => {
  const held = { ...DUMMY, driver: "ie31200_edac" };
  assert.deepEqual(judge({ node: makeNode([makeNodeCard(1)], { 1: [held] }) }).codes, ["CF734"]);
});

test("a group with a disk is refused with the disk's name and the whole group", () => {
  const disks = [
    {
      name: "nvme0n1",
      sizeGiB: 900,
      rotational: false,
      removable: false,
      transport: "nvme" as const,
      model: null,
      pci: DISK.address,
    },
  ];
  const node = makeNode([makeNodeCard(1)], { 1: [BRIDGE, DISK, USB] }, { disks });
  const found = only(judge({ node, acceptRisk: ["CF734"], flag: ["CF734"] }).diagnostics);
  assert.equal(found.code, "CF726");
  assert.equal(
    found.message,
    "0000:01:00.0 of `pve` shares its IOMMU group with 0000:03:00.0 (disk controller nvme0n1, driver nvme), which the guest would take along",
  );
  assert.deepEqual(found.drawing, [
    "IOMMU group 1 of pve",
    "├─ 0000:01:00.0  display          nouveau        goes to vm",
    "├─ 0000:01:00.1  sound            snd_hda_intel  goes to vm",
    "├─ 0000:00:01.0  bridge           pcieport       stays",
    "├─ 0000:03:00.0  disk controller  nvme           would be taken along",
    "└─ 0000:00:14.0  USB controller   xhci_hcd       would be taken along",
  ]);
});

test("a group with the network, the firmware's chips or the only other display is never acceptable", () => {
  const all = ["CF213", "CF734", "CF735", "CF737"] as const;
  for (const device of [
    NETWORK,
    { ...USB, class: "060100" },
    { ...USB, class: "0c0500" },
    { ...USB, class: "088000" },
  ]) {
    const node = makeNode([makeNodeCard(1)], { 1: [device] });
    assert.deepEqual(judge({ node, acceptRisk: all, flag: all }).codes, ["CF726"], device.class);
  }
  const pair = [makeNodeCard(1), makeNodeCard(2, { iommuGroup: 1 })];
  const groups = [{ id: 1, devices: pair.flatMap((card) => card.functions) }];
  const node = makeNode(pair, {}, { iommu: { enabled: true, kind: "intel", acsOverride: false, groups } });
  assert.deepEqual(judge({ node, acceptRisk: all }).codes, ["CF726"]);
});

test("a group with a USB controller or one of several other cards may be accepted, and that is on record", () => {
  const node = makeNode([makeNodeCard(1)], { 1: [USB] });
  const refused = judge({ node });
  assert.deepEqual(refused.codes, ["CF734"]);
  assert.equal(refused.plan, null);
  for (const accepting of [{ acceptRisk: ["CF734"] as const }, { flag: ["CF734"] as const }]) {
    const { codes, pve } = judge({ node, ...accepting });
    assert.deepEqual(codes, []);
    assert.deepEqual(pve?.vfio?.accepted, [
      {
        code: "CF734",
        guest: "vm",
        words:
          "0000:01:00.0 of `pve` shares its IOMMU group with 0000:00:14.0 (USB controller, driver xhci_hcd), which the guest would take along",
        by: "flag" in accepting ? "flag" : "spec",
      },
    ]);
  }
});

test("what was accepted for one finding holds for no other", () => {
  const node = makeNode([makeNodeCard(1, { bootVga: true, driver: "nvidia" })], { 1: [USB] });
  assert.deepEqual(judge({ node, acceptRisk: ["CF734"] }).codes, ["CF735", "CF737"]);
  assert.deepEqual(judge({ node, acceptRisk: ["CF734", "CF735"], flag: ["CF737"] }).codes, []);
});

test("one function takes its siblings along when they share its group", () => {
  const node = makeNode([makeNodeCard(1)]);
  const found = only(judge({ node, gpu: "0000:01:00.0" }).diagnostics);
  assert.equal(found.code, "CF734");
  assert.match(found.message, /0000:01:00\.1 \(sound, driver snd_hda_intel\)/);
});

test("a card with virtual functions is in use, one of its virtual functions is not", () => {
  const functions = [0, 1, 2].map((n) => ({
    ...makeNodeCard(1, { id: "8086:56c0" }).functions[0],
    address: `0000:01:00.${n}`,
  })) as GpuFacts["functions"];
  const card = makeNodeCard(1, {
    vendor: "intel",
    id: "8086:56c0",
    driver: "i915",
    functions,
    sriov: { totalVfs: 31, numVfs: 2 },
  });
  const groups = functions.map((fn, n) => ({ id: 10 + n, devices: [fn] }));
  const node = makeNode([card], {}, { iommu: { enabled: true, kind: "intel", acsOverride: false, groups } });
  assert.deepEqual(judge({ node }).codes, ["CF737"]);
  const { codes, pve } = judge({ node, gpu: "0000:01:00.1" });
  assert.deepEqual(codes, []);
  const bound = pve?.vfio?.cards.map(({ address, binding }) => [address, binding]);
  assert.deepEqual(bound, [["0000:01:00.1", "start"]]);
});

test("a node whose IOMMU is off gets a plan that starts nothing", () => {
  const node = makeNode(
    [makeNodeCard(1, { iommuGroup: null, passthrough: { kind: "no-iommu" } })],
    {},
    {
      iommu: { enabled: false, kind: null, acsOverride: false, groups: [] },
      kernel: { release: "6.5.13-1-pve", proxmox: true, options: [] },
      cpu: { ...makeNode([]).cpu, model: "Intel Xeon" },
    },
  );
  const { codes, pve } = judge({ node });
  assert.deepEqual(codes, ["CF727"]);
  assert.deepEqual(
    pve?.vfio?.kernelOptions.map(({ token }) => token),
    ["intel_iommu=on"],
  );
  assert.deepEqual(pve?.hypervisor?.mappings, []);
  assert.match(pve?.hypervisor?.guests[0]?.held ?? "", /IOMMU groups of pve are not known yet/);
});
