// How the kernel lets go of cards: by id, by address, or not before the guest starts; and what it is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProxmoxSpec, VmSpec } from "../../src/model/fleet.ts";
import type { VfioPlan } from "../../src/model/hypervisor-plan.ts";
import type { Inventory } from "../../src/model/inventory.ts";
import type { PlannedHost } from "../../src/model/plan.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { makeFleet, makeGuest, makeInputs, makePool, makeProxmox } from "./make-fleet.ts";
import { makeDevice, makeNode, makeNodeCard } from "./make-node.ts";

function planNode(
  node: Inventory,
  guests: readonly VmSpec[],
  given: Partial<ProxmoxSpec> = {},
): { readonly host: PlannedHost; readonly vfio: VfioPlan; readonly codes: readonly string[] } {
  const hosts = [makeProxmox("pve", given), ...guests];
  const { value, diagnostics } = planFleet(makeFleet(hosts, [makePool("ci")]), makeInputs({ pve: node }));
  const host = value?.hosts.find(({ name }) => name === "pve");
  assert.ok(host?.vfio != null, JSON.stringify(diagnostics, null, 2));
  return { host, vfio: host.vfio, codes: diagnostics.map(({ code }) => code) };
}

const takes = (name: string, gpu: string, given: Partial<VmSpec> = {}) =>
  makeGuest(name, "pve", { gpu, ...given });
const bindings = ({ cards }: VfioPlan) => cards.map(({ address, binding }) => [address, binding]);

test("a card is bound by its id where no other device has it", () => {
  const amd = makeNodeCard(2, { vendor: "amd", id: "1002:744c" });
  const node = makeNode([makeNodeCard(1), { ...amd, functions: amd.functions.slice(0, 1) }]);
  const { vfio } = planNode(node, [takes("vm", "0000:01:00")]);
  assert.deepEqual(bindings(vfio), [["0000:01:00", "id"]]);
});

test("of two equal cards the one that goes is bound by its address, both by id when both go", () => {
  const node = makeNode([makeNodeCard(1), makeNodeCard(2)]);
  const one = planNode(node, [takes("vm", "0000:01:00")]);
  assert.deepEqual(bindings(one.vfio), [["0000:01:00", "address"]]);
  assert.match(one.vfio.cards[0]?.why ?? "", /another device of the host is a 10de:2684 too/);
  const both = planNode(node, [takes("a", "0000:01:00"), takes("b", "0000:02:00")]);
  assert.deepEqual(bindings(both.vfio), [
    ["0000:01:00", "id"],
    ["0000:02:00", "id"],
  ]);
});

test("two models with the same sound device are told apart by address", () => {
  const node = makeNode([makeNodeCard(1), makeNodeCard(2, { id: "10de:2685" })]);
  const { vfio } = planNode(node, [takes("vm", "0000:02:00")]);
  assert.deepEqual(bindings(vfio), [["0000:02:00", "address"]]);
});

test("the plan is the same before the reboot, when a driver has the card, and after it", () => {
  const before = makeNode([makeNodeCard(1)]);
  const bound = makeNodeCard(1, { driver: "vfio-pci" });
  const functions = bound.functions.map((fn) => ({ ...fn, driver: "vfio-pci" }));
  const after = makeNode([{ ...bound, functions }]);
  const guests = [takes("vm", "0000:01:00")];
  assert.deepEqual(planNode(before, guests).host, planNode(after, guests).host);
});

test("Intel's IOMMU is switched on for kernels that leave it off, AMD's never", () => {
  const tokens = (release: string, proxmox: boolean, kind: "intel" | "amd") => {
    const iommu = { ...makeNode([makeNodeCard(1)]).iommu, kind };
    const node = makeNode([makeNodeCard(1)], {}, { kernel: { release, proxmox, options: [] }, iommu });
    return planNode(node, [takes("vm", "0000:01:00")]).vfio.kernelOptions.map(({ token }) => token);
  };
  assert.deepEqual(tokens("6.17.2-1-pve", true, "intel"), []);
  assert.deepEqual(tokens("6.8.0-1-pve", true, "intel"), []);
  assert.deepEqual(tokens("6.5.13-1-pve", true, "intel"), ["intel_iommu=on"]);
  assert.deepEqual(tokens("6.12.48+deb13-amd64", false, "intel"), ["intel_iommu=on"]);
  assert.deepEqual(tokens("6.5.13-1-pve", true, "amd"), []);
});

test("Secure Boot means GRUB where nothing else tells", () => {
  const node = (secureBoot: boolean | null) =>
    makeNode(
      [makeNodeCard(1)],
      {},
      {
        machine: { vendor: null, product: null, model: null, secureBoot, firmware: "uefi" },
        kernel: { release: "6.5.13-1-pve", proxmox: true, options: [] },
        proxmox: { version: "8.1.4", node: "pve", bootLoader: null, bootTool: true },
      },
    );
  const guests = [takes("vm", "0000:01:00")];
  assert.equal(planNode(node(true), guests).vfio.loader, "grub");
  const unknown = planNode(node(null), guests);
  assert.equal(unknown.vfio.loader, null);
  assert.deepEqual(unknown.codes, ["CF739"]);
});

test("a card that shows the firmware's screen keeps the kernel's console off it", () => {
  const node = makeNode([makeNodeCard(1, { bootVga: true }), makeNodeCard(2, { id: "10de:1111" })]);
  const { vfio, codes } = planNode(node, [takes("vm", "0000:01:00")]);
  assert.deepEqual(codes, ["CF736"]);
  assert.deepEqual(
    vfio.kernelOptions.map(({ token }) => token),
    ["initcall_blacklist=sysfb_init"],
  );
});

test("a mapping's cards all go, and each of its guests may have any of them", () => {
  const node = makeNode([makeNodeCard(1), makeNodeCard(2)]);
  const mappings = [{ name: "gpus", cards: ["0000:01:00", "0000:02:00"] }];
  const guests = [takes("a", "gpus"), takes("b", "gpus")];
  const { host, vfio } = planNode(node, guests, { mappings });
  assert.deepEqual(bindings(vfio), [
    ["0000:01:00", "id"],
    ["0000:02:00", "id"],
  ]);
  assert.deepEqual(host.hypervisor?.mappings, [
    {
      id: "gpus",
      guests: ["a", "b"],
      description: "ci-fleet acme: a b",
      entries: [
        { path: "0000:01:00", id: "10de:2684", subsystemId: "10de:1656", group: 1 },
        { path: "0000:02:00", id: "10de:2684", subsystemId: "10de:1656", group: 2 },
      ],
    },
  ]);
  assert.deepEqual(
    host.capacity.gpus.map(({ guest }) => guest),
    ["one of a, b", "one of a, b"],
  );
});

test("a mapping holds as many guests as it has cards", () => {
  const node = makeNode([makeNodeCard(1)]);
  const mappings = [{ name: "gpus", cards: ["0000:01:00"] }];
  const hosts = [makeProxmox("pve", { mappings }), takes("a", "gpus"), takes("b", "gpus")];
  const { diagnostics } = planFleet(makeFleet(hosts, [makePool("ci")]), makeInputs({ pve: node }));
  assert.deepEqual(
    diagnostics.map(({ code, path, message }) => ({ code, path, message })),
    [
      {
        code: "CF725",
        path: ["hosts", "b", "gpu"],
        message: "2 guests share the mapping `gpus` of `pve`, which has 1 card",
      },
    ],
  );
});

test("a card in a mapping and at a guest is given twice", () => {
  const node = makeNode([makeNodeCard(1)]);
  const mappings = [{ name: "gpus", cards: ["0000:01:00.0"] }];
  const hosts = [makeProxmox("pve", { mappings }), takes("a", "0000:01:00")];
  const { diagnostics } = planFleet(makeFleet(hosts, [makePool("ci")]), makeInputs({ pve: node }));
  assert.deepEqual(
    diagnostics.map(({ message }) => message),
    ["guest `a` and mapping `gpus` both take 0000:01:00.0 from `pve`"],
  );
});

function makeSlicedCard(): Inventory {
  const addresses = ["0000:01:00.0", ...Array.from({ length: 9 }, (_, n) => nameSlice(n + 1))];
  const functions = addresses.map((address) => makeDevice(address, "10de:27b8", "030200", "nvidia"));
  const card = makeNodeCard(1, { id: "10de:27b8", functions, sriov: { totalVfs: 16, numVfs: 9 } });
  const groups = functions.map((fn, n) => ({ id: 10 + n, devices: [fn] }));
  return makeNode([card], {}, { iommu: { enabled: true, kind: "intel", acsOverride: false, groups } });
}

const nameSlice = (n: number) => `0000:01:0${n >> 3}.${n & 7}`;

test("virtual functions beyond the slot of their card are given like those in it", () => {
  const { vfio, codes } = planNode(makeSlicedCard(), [takes("a", nameSlice(1)), takes("b", nameSlice(8))]);
  assert.deepEqual(codes, []);
  assert.deepEqual(bindings(vfio), [
    ["0000:01:00.1", "start"],
    ["0000:01:01.0", "start"],
  ]);
});

test("a card takes its virtual functions along wherever they are, and is not their twin", () => {
  const risky = { acceptRisk: ["CF737"] as const };
  const { vfio } = planNode(makeSlicedCard(), [takes("a", "0000:01:00", risky)]);
  assert.deepEqual(bindings(vfio), [["0000:01:00", "id"]]);
  const hosts = [makeProxmox("pve"), takes("a", "0000:01:00", risky), takes("b", nameSlice(9))];
  const { diagnostics } = planFleet(
    makeFleet(hosts, [makePool("ci")]),
    makeInputs({ pve: makeSlicedCard() }),
  );
  assert.deepEqual(
    diagnostics.map(({ code, path, message }) => ({ code, path, message })),
    [
      {
        code: "CF725",
        path: ["hosts", "b", "gpu"],
        message: "guests `a` and `b` both take 0000:01:01.1 from `pve`",
      },
    ],
  );
});

test("ids are given from firstId up, past ids that are written and past templates, in the whole fleet", () => {
  const hosts = [
    makeProxmox("pve", { firstId: 9100, template: 9102 }),
    makeProxmox("other", { firstId: 9100 }),
    makeGuest("a", "pve"),
    makeGuest("b", "pve", { vmId: 9101 }),
    makeGuest("c", "pve"),
    makeGuest("d", "other"),
  ];
  const inputs = makeInputs({ pve: makeNode([]), other: makeNode([]) });
  const { value } = planFleet(makeFleet(hosts, [makePool("ci")]), inputs);
  const ids = value?.hosts.flatMap(
    ({ hypervisor }) => hypervisor?.guests.map(({ name, vmId }) => [name, vmId]) ?? [],
  );
  assert.deepEqual(ids, [
    ["a", 9100],
    ["b", 9101],
    ["c", 9103],
    ["d", 9104],
  ]);
});

test("a guest's network card has one address for good, and another guest's is another", () => {
  const mac = (name: string) => {
    const hosts = [makeProxmox("pve"), makeGuest(name, "pve")];
    const { value } = planFleet(makeFleet(hosts, [makePool("ci")]), makeInputs({ pve: makeNode([]) }));
    const guest = value?.hosts[0]?.hypervisor?.guests[0];
    return guest?.settings.find(({ key }) => key === "net0")?.parts[0]?.values[0] ?? "";
  };
  assert.equal(mac("a"), mac("a"));
  assert.notEqual(mac("a"), mac("b"));
  assert.match(mac("a"), /^02(?::[0-9A-F]{2}){5}$/);
});
