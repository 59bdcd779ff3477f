// Which cards runners get: of their own, shared, in parts, in guests.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fleet } from "../../src/model/fleet.ts";
import type { Plan, PlanInputs } from "../../src/model/plan.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import {
  makeCard,
  makeFleet,
  makeGuest,
  makeInputs,
  makeInventory,
  makeMachine,
  makeNvidiaInventory,
  makePool,
  makeProxmox,
  makeRequest,
} from "./make-fleet.ts";

const GIB = 2 ** 30;
const LIMITS = { cpus: 1, memory: GIB, pids: null };

function plan(fleet: Fleet, inputs: PlanInputs): Plan {
  const { value, diagnostics } = planFleet(fleet, inputs);
  assert.ok(value !== null, JSON.stringify(diagnostics, null, 2));
  return value;
}

/** Slot names with what they hold. */
function cardsBySlot({ hosts }: Plan): Record<string, readonly string[]> {
  const slots = hosts.flatMap((host) => host.placements.flatMap((placement) => placement.slots));
  return Object.fromEntries(slots.map((slot) => [slot.name, slot.gpus.map((gpu) => gpu.address ?? gpu.id)]));
}

test("each runner gets a card of its own, discrete ones first, by address", () => {
  const cards = [makeCard(9, { integrated: true }), makeCard(3), makeCard(2)];
  const fleet = makeFleet(
    [makeMachine("forge")],
    [makePool("gpu", { gpu: makeRequest(), runners: { kind: "fixed", perHost: 3 }, limits: LIMITS })],
  );
  assert.deepEqual(cardsBySlot(plan(fleet, makeInputs({ forge: makeNvidiaInventory(cards) }))), {
    "acme-gpu-forge-1": ["0000:02:00.0"],
    "acme-gpu-forge-2": ["0000:03:00.0"],
    "acme-gpu-forge-3": ["0000:09:00.0"],
  });
});

test("a pool that takes any card steps aside for one that needs a certain card", () => {
  const cards = [makeCard(1, { name: "NVIDIA RTX A6000", memoryMiB: 49_140 }), makeCard(2)];
  const any = makePool("any", { gpu: makeRequest(), limits: LIMITS });
  const big = makePool("big", {
    gpu: makeRequest({ match: { model: "a6000", memory: 48 * GIB } }),
    limits: LIMITS,
  });
  const inputs = makeInputs({ forge: makeNvidiaInventory(cards) });
  const wanted = { "acme-any-forge-1": ["0000:02:00.0"], "acme-big-forge-1": ["0000:01:00.0"] };
  assert.deepEqual(cardsBySlot(plan(makeFleet([makeMachine("forge")], [any, big]), inputs)), wanted);
  assert.deepEqual(cardsBySlot(plan(makeFleet([makeMachine("forge")], [big, any]), inputs)), wanted);
});

test("`share` puts that many runners on one card before it takes the next", () => {
  const fleet = makeFleet(
    [makeMachine("forge")],
    [
      makePool("gpu", {
        gpu: makeRequest({ share: 2 }),
        runners: { kind: "fixed", perHost: 3 },
        trusted: true,
        limits: LIMITS,
      }),
    ],
  );
  const inputs = makeInputs({ forge: makeNvidiaInventory([makeCard(1), makeCard(2), makeCard(3)]) });
  const planned = plan(fleet, inputs);
  assert.deepEqual(cardsBySlot(planned), {
    "acme-gpu-forge-1": ["0000:01:00.0"],
    "acme-gpu-forge-2": ["0000:01:00.0"],
    "acme-gpu-forge-3": ["0000:02:00.0"],
  });
  assert.deepEqual(
    planned.hosts[0]?.capacity.gpus.map(({ slots }) => slots.length),
    [2, 1, 0],
  );
});

test("a card with MIG devices is given out in these and never whole", () => {
  const mig = [
    { uuid: "MIG-a", profile: "1g.10gb" },
    { uuid: "MIG-b", profile: "3g.40gb" },
    { uuid: "MIG-c", profile: "1g.10gb" },
  ];
  const cards = [makeCard(1, { name: "NVIDIA H100", mig }), makeCard(2)];
  const fleet = makeFleet(
    [makeMachine("forge")],
    [
      makePool("small", {
        gpu: makeRequest({ mig: "1g.10gb" }),
        runners: { kind: "fixed", perHost: 2 },
        limits: LIMITS,
      }),
      makePool("whole", { gpu: makeRequest(), limits: LIMITS }),
    ],
  );
  const planned = plan(fleet, makeInputs({ forge: makeNvidiaInventory(cards) }));
  const selectors = planned.hosts[0]?.placements.flatMap(({ slots }) =>
    slots.map((slot) => slot.gpus.map((gpu) => gpu.selector).join()),
  );
  assert.deepEqual(selectors, ["MIG-a", "MIG-c", makeCard(2).uuid]);
});

test("a card that a guest takes is none of its parent's any more", () => {
  const fleet = makeFleet(
    [makeMachine("forge"), makeGuest("vm", "forge", { gpu: "0000:01:00" })],
    [makePool("gpu", { gpu: makeRequest(), limits: LIMITS })],
  );
  const planned = plan(fleet, makeInputs({ forge: makeNvidiaInventory([makeCard(1), makeCard(2)]) }));
  const uuid = makeCard(1).uuid;
  assert.deepEqual(cardsBySlot(planned), { "acme-gpu-forge-1": ["0000:02:00.0"], "acme-gpu-vm-1": [uuid] });
  assert.deepEqual(
    planned.hosts[0]?.capacity.gpus.map(({ guest }) => guest),
    ["vm", null],
  );
});

test("a guest that never booted is planned from its spec and its parent's cards", () => {
  const card = makeCard(1, { driver: "vfio-pci", uuid: null, index: null });
  const fleet = makeFleet(
    [
      makeProxmox("pve"),
      makeGuest("vm", "pve", { gpu: "0000:01:00", limits: { cpus: 12, memory: 48 * GIB } }),
    ],
    [makePool("gpu", { gpu: makeRequest() })],
  );
  const { value, diagnostics } = planFleet(fleet, makeInputs({ pve: makeInventory({ gpus: [card] }) }));
  const vm = value?.hosts.find((host) => host.name === "vm");
  assert.deepEqual(vm?.facts, {
    os: { id: "debian", versionId: "13", codename: "trixie" },
    systemd: 257,
    docker: { engine: "29.0.0", compose: "2.40.0", rootless: false, socketGid: null, cgroup: 2 },
    cpus: 12,
    memory: 48 * GIB,
    machine: null,
  });
  assert.equal(vm?.factsFrom, "expected");
  assert.equal(vm?.placements[0]?.gpu?.kind, "cdi");
  assert.deepEqual(vm?.placements[0]?.slots[0]?.gpus[0], {
    vendor: "nvidia",
    id: "nvidia-0",
    selector: "0",
    name: "NVIDIA GeForce RTX 4090",
    address: null,
    renderNode: null,
    index: 0,
  });
  assert.deepEqual(vm?.provisioning, {
    os: "debian-13",
    hostname: "vm",
    network: { kind: "dhcp" },
    sshKeys: [],
    cacheTag: null,
    agent: true,
    nvidia: true,
    docker: true,
  });
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ["CF715"],
  );
});

test("memory asked for is what is on the card's box: ECC may take a sixteenth of it", () => {
  const t4 = makeCard(1, { name: "Tesla T4", memoryMiB: 15_360 });
  const ask = (gib: number) =>
    planFleet(
      makeFleet(
        [makeMachine("forge")],
        [makePool("gpu", { gpu: makeRequest({ match: { model: null, memory: gib * GIB } }) })],
      ),
      makeInputs({ forge: makeNvidiaInventory([t4]) }),
    ).value;
  assert.ok(ask(16) !== null);
  assert.equal(ask(17), null);
});

test("a GB10 has the machine's memory", () => {
  const gb10 = makeCard(1, { name: "NVIDIA GB10", memoryMiB: null });
  const fleet = makeFleet(
    [makeMachine("spark")],
    [makePool("gpu", { gpu: makeRequest({ match: { model: null, memory: 100 * GIB } }) })],
  );
  const inventory = makeNvidiaInventory([gb10], {
    arch: "arm64",
    memory: { totalMiB: 124_628, capMiB: "none", unified: true },
  });
  assert.deepEqual(plan(fleet, makeInputs({ spark: inventory })).pools[0]?.hosts, ["spark"]);
});

test("a range with cards puts more runners where more cards are, and asks for no card that is not there", () => {
  const pool = makePool("gpu", {
    gpu: makeRequest(),
    runners: { kind: "range", min: 0, max: 4, perHost: null, idle: 300_000 },
    limits: LIMITS,
  });
  const planned = plan(
    makeFleet([makeMachine("one"), makeMachine("four")], [pool]),
    makeInputs({
      one: makeNvidiaInventory([makeCard(1)]),
      four: makeNvidiaInventory([1, 2, 3, 4].map((number) => makeCard(number))),
    }),
  );
  assert.deepEqual(
    planned.hosts.map(({ placements }) => placements[0]?.slots.length),
    [1, 3],
  );
});

test("a card behind a mapping's name is taken for one of its parent's, where these are of one vendor", () => {
  const cards = [1, 2].map((number) => makeCard(number, { driver: "vfio-pci" }));
  const guestOf = (gpus: readonly ReturnType<typeof makeCard>[]) =>
    planFleet(
      makeFleet(
        [makeProxmox("pve"), makeGuest("vm", "pve", { gpu: "any-card" })],
        [makePool("gpu", { gpu: makeRequest() })],
      ),
      makeInputs({ pve: makeInventory({ gpus }) }),
    ).value?.hosts.find((host) => host.name === "vm");
  assert.equal(guestOf(cards)?.placements[0]?.slots[0]?.gpus[0]?.selector, "0");
  assert.equal(guestOf(cards)?.provisioning?.nvidia, true);
  assert.equal(guestOf([...cards, makeCard(3, { vendor: "amd", driver: "amdgpu" })]), undefined);
});
