// Decisions of plan that no diagnostic shows: who is placed where, with which cards, names and labels.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fleet, PoolSpec } from "../../src/model/fleet.ts";
import type { Plan, PlanInputs } from "../../src/model/plan.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import {
  makeCard,
  makeCluster,
  makeDocker,
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

test("a pool without hosts takes every host that can and tells why it passed over the others", () => {
  const fleet = makeFleet(
    [makeMachine("forge"), makeMachine("laptop"), makeProxmox("pve"), makeMachine("old"), makeCluster("k3s")],
    [makePool("ci")],
  );
  const { pools } = plan(
    fleet,
    makeInputs({
      forge: makeInventory(),
      laptop: makeInventory({ docker: "none" }),
      pve: makeInventory(),
      old: makeInventory({ systemd: { version: 247, running: true } }),
    }),
  );
  assert.deepEqual(pools[0]?.hosts, ["forge", "k3s"]);
  assert.deepEqual(pools[0]?.leftOut, [
    { host: "laptop", why: "has no Docker" },
    { host: "pve", why: "is a hypervisor and runs no jobs" },
    { host: "old", why: "has systemd 247, below 249, so it can only hold persistent container slots" },
  ]);
});

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

function labelsOf(pool: PoolSpec, inventory = makeNvidiaInventory([makeCard(1)])): readonly string[] {
  const planned = plan(makeFleet([makeMachine("forge")], [pool]), makeInputs({ forge: inventory }));
  return planned.pools[0]?.labels ?? [];
}

test("labels tell the architecture, the distribution the job sees, Docker, the GPU and emulation", () => {
  const pool = makePool("ci", {
    gpu: makeRequest(),
    docker: "rootless",
    emulate: ["linux/riscv64", "linux/amd64"],
    labels: ["CUDA-12", "Docker"],
  });
  assert.deepEqual(labelsOf(pool), [
    "self-hosted",
    "linux",
    "x64",
    "ubuntu",
    "docker",
    "gpu",
    "nvidia",
    "cuda",
    "qemu-riscv64",
    "cuda-12",
  ]);
});

test("the distribution is the host's for processes, the image's for containers, and absent where unknown", () => {
  const arch = makeInventory({
    os: { id: "arch", idLike: [], versionId: null, codename: null, prettyName: null },
  });
  const base = ["self-hosted", "linux", "x64"];
  assert.deepEqual(labelsOf(makePool("ci", { run: "process" }), arch), [...base, "arch", "cpu-only"]);
  assert.deepEqual(labelsOf(makePool("ci"), arch), [...base, "ubuntu", "cpu-only"]);
  assert.deepEqual(
    labelsOf(makePool("ci", { image: { kind: "packages", packages: ["clang"], from: null } }), arch),
    [...base, "ubuntu", "cpu-only"],
  );
  assert.deepEqual(
    labelsOf(makePool("ci", { image: { kind: "from", from: "ghcr.io/acme/runner:1.4" } }), arch),
    [...base, "cpu-only"],
  );
});

test("an emulated runner has its platform's label, and its host the handler", () => {
  const planned = plan(
    makeFleet([makeMachine("forge")], [makePool("arm", { platform: "linux/arm64" })]),
    makeInputs({ forge: makeInventory({ binfmt: null }) }),
  );
  const host = planned.hosts[0];
  assert.deepEqual(planned.pools[0]?.labels, ["self-hosted", "linux", "arm64", "ubuntu", "cpu-only"]);
  assert.deepEqual(
    [host?.emulate, host?.placements[0]?.platform, host?.placements[0]?.emulated],
    [["linux/arm64"], "linux/arm64", true],
  );
});

test("a pool on two architectures has two variants and only their common labels", () => {
  const planned = plan(
    makeFleet([makeMachine("forge"), makeMachine("spark")], [makePool("ci")]),
    makeInputs({ forge: makeInventory(), spark: makeInventory({ arch: "arm64" }) }),
  );
  assert.deepEqual(planned.pools[0]?.labels, ["self-hosted", "linux", "ubuntu", "cpu-only"]);
  assert.deepEqual(
    planned.pools[0]?.variants.map(({ arch, hosts }) => [arch, hosts]),
    [
      ["x64", ["forge"]],
      ["arm64", ["spark"]],
    ],
  );
});

test("a range is spread evenly, and its minimum over all hosts by name", () => {
  const names = ["c", "a", "b"];
  const pool = makePool("ci", {
    runners: { kind: "range", min: 4, max: 7, perHost: null, idle: 300_000 },
    limits: LIMITS,
  });
  const planned = plan(
    makeFleet(
      names.map((name) => makeMachine(name)),
      [pool],
    ),
    makeInputs(Object.fromEntries(names.map((name) => [name, makeInventory()]))),
  );
  assert.deepEqual(
    planned.hosts.map(({ name, placements }) => [
      name,
      placements[0]?.slots.length,
      placements[0]?.slots.filter((slot) => slot.always).length,
    ]),
    [
      ["c", 3, 1],
      ["a", 3, 2],
      ["b", 3, 1],
    ],
  );
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

test("a built image is named after everything that goes into it and comes from no registry", () => {
  const imageOf = (
    packages: readonly string[],
    from: string | null = null,
    version: string | null = "2.338.1",
  ) => {
    const fleet = makeFleet(
      [makeMachine("forge")],
      [makePool("ci", { image: { kind: "packages", packages, from } })],
    );
    const planned = plan(
      { ...fleet, runner: { ...fleet.runner, version } },
      makeInputs({ forge: makeInventory() }),
    );
    return planned.hosts[0]?.placements[0]?.image?.reference ?? "";
  };
  assert.match(imageOf(["clang"]), /^localhost\/ci-fleet\/acme\/ci:[0-9a-f]{16}$/);
  assert.equal(imageOf(["cmake", "clang"]), imageOf(["clang", "cmake", "clang"]));
  const different = [
    imageOf(["clang"]),
    imageOf(["clang", "cmake"]),
    imageOf(["clang"], "ghcr.io/acme/base:1"),
    imageOf(["clang"], null, "2.337.0"),
  ];
  assert.equal(new Set(different).size, different.length);
});

test("a Dockerfile's folder goes into the tag by names, contents and modes, in any order", () => {
  const file = (path: string, content: string, executable = false) => ({ path, content, executable });
  const tagOf = (...files: ReturnType<typeof file>[]) =>
    plan(
      makeFleet(
        [makeMachine("forge")],
        [makePool("ci", { image: { kind: "dockerfile", dockerfile: "images/ci.Dockerfile" } })],
      ),
      makeInputs({ forge: makeInventory() }, { imageFolders: new Map([["images/ci.Dockerfile", files]]) }),
    ).hosts[0]?.placements[0]?.image?.reference;
  const main = file("ci.Dockerfile", "FROM scratch\n");
  const tool = file("tool.sh", "true\n");
  assert.equal(tagOf(main, tool), tagOf(tool, main));
  const tags = [tagOf(main), tagOf(main, tool), tagOf(main, { ...tool, executable: true })];
  assert.equal(new Set(tags).size, tags.length);
});

test("the image is the runner's, with its version as tag, unless the spec says otherwise", () => {
  const imageOf = (image: string, digest: string | null) => {
    const fleet = makeFleet([makeMachine("forge")], [makePool("ci")]);
    const planned = plan(
      { ...fleet, runner: { ...fleet.runner, image, digest } },
      makeInputs({ forge: makeInventory() }),
    );
    return planned.hosts[0]?.placements[0]?.image?.reference;
  };
  const digest = `sha256:${"a".repeat(64)}`;
  assert.equal(imageOf("ghcr.io/actions/actions-runner", null), "ghcr.io/actions/actions-runner:2.338.1");
  assert.equal(
    imageOf("mirror:5000/actions/actions-runner", digest),
    `mirror:5000/actions/actions-runner:2.338.1@${digest}`,
  );
  assert.equal(imageOf("mirror:5000/runner:mine", null), "mirror:5000/runner:mine");
});

test("caches have a place, a variable and, for layers, a folder for each platform", () => {
  const caches = [
    { kind: "folder", name: "cargo-registry", path: "/home/runner/.cargo/registry", size: GIB },
    { kind: "buildx", name: "layers", size: GIB },
  ] as const;
  const cachesOf = (run: "container" | "process") =>
    plan(
      makeFleet(
        [makeMachine("forge")],
        [makePool("ci", { run, caches, docker: "rootless", emulate: ["linux/riscv64"] })],
      ),
      makeInputs({ forge: makeInventory() }),
    ).hosts[0]?.placements[0]?.caches.map(({ path, variable, platforms }) => [path, variable, platforms]);
  const platforms = ["linux/amd64", "linux/riscv64"];
  assert.deepEqual(cachesOf("container"), [
    ["/home/runner/.cargo/registry", "CI_FLEET_CACHE_CARGO_REGISTRY", []],
    ["/home/runner/.cache/ci-fleet/layers", "CI_FLEET_CACHE_LAYERS", platforms],
  ]);
  assert.deepEqual(cachesOf("process")?.[1], [null, "CI_FLEET_CACHE_LAYERS", platforms]);
});

test("persistent containers live without systemd; what a container shows is not the machine", () => {
  const supervisionOf = (inventory: ReturnType<typeof makeInventory>) =>
    plan(
      makeFleet([makeMachine("forge")], [makePool("ci", { lifetime: "persistent" })]),
      makeInputs({ forge: inventory }),
    ).hosts[0]?.supervision;
  assert.equal(supervisionOf(makeInventory()), "systemd");
  assert.equal(supervisionOf(makeInventory({ systemd: "none" })), "compose");
  assert.equal(supervisionOf(makeInventory({ systemd: { version: 257, running: false } })), "compose");
  assert.equal(
    supervisionOf(makeInventory({ systemd: "none", virtualization: { vm: "kvm", container: "docker" } })),
    "systemd",
  );
});

test("hosts load the credential files of their targets, the deputy those of all", () => {
  const fleet = makeFleet(
    [makeMachine("first"), makeMachine("second")],
    [makePool("a", { hosts: ["first"], target: "one" }), makePool("b", { hosts: ["second"], target: "two" })],
  );
  const [target] = fleet.targets;
  assert.ok(target !== undefined);
  const planned = plan(
    {
      ...fleet,
      targets: [
        {
          ...target,
          name: "one",
          auth: { kind: "app", clientId: "Iv23", privateKey: "/etc/ci-fleet/app.pem" },
        },
        { ...target, name: "two" },
        { ...target, name: "three", auth: { kind: "search", folder: "/etc/ci-fleet" } },
      ],
    },
    makeInputs({ first: makeInventory(), second: makeInventory() }),
  );
  const two = { target: "two", id: "two.token", path: "/etc/ci-fleet/token" };
  assert.equal(planned.watchdog.deputy, "first");
  assert.deepEqual(
    planned.hosts.map((host) => host.credentials),
    [[{ target: "one", id: "one.pem", path: "/etc/ci-fleet/app.pem" }, two], [two]],
  );
});

test("a fault that many hosts share is told once", () => {
  const names = Array.from({ length: 12 }, (_, at) => `h${at}`);
  const { diagnostics } = planFleet(
    makeFleet(
      names.map((name) => makeMachine(name)),
      [makePool("ci", { hosts: names })],
    ),
    makeInputs(
      Object.fromEntries(
        names.map((name) => [name, makeInventory({ docker: makeDocker({ engine: "19.03.1" }) })]),
      ),
    ),
  );
  assert.deepEqual(
    diagnostics.map(({ code, message, related }) => [code, message, related?.length]),
    [["CF710", "pool `ci`: each of `h0`, `h1`, `h2` and 9 more has Docker Engine 19.03.1, below 20.10.0", 3]],
  );
});
