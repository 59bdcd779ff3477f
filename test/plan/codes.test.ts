// Every code of the plan room, each with the smallest fleet that has the fault: the whole of what is said
// about it, and nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PLAN_CODES } from "../../src/model/codes-plan.ts";
import type { Fleet } from "../../src/model/fleet.ts";
import type { PlanInputs } from "../../src/model/plan.ts";
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

interface Case {
  readonly fleet: Fleet;
  readonly inputs: PlanInputs;
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const forge = makeMachine("forge");
const limits = (cpus: number | null, gib: number | null) => ({
  cpus,
  memory: gib === null ? null : gib * GIB,
  pids: null,
});
const range = (min: number, max: number, perHost: number | null = null) =>
  ({ kind: "range", min, max, perHost, idle: 300_000 }) as const;
const fixed = (perHost: number) => ({ kind: "fixed", perHost }) as const;
const pve = makeProxmox("pve");
const guestCard = makeCard(1, { driver: "vfio-pci", uuid: null, index: null });

const CASES: Readonly<Record<string, Case>> = {
  CF210: {
    fleet: makeFleet([forge], [makePool("ci", { runners: fixed(2), limits: limits(null, 8) })]),
    inputs: makeInputs({ forge: makeInventory() }),
    path: ["pools", "ci"],
    message: "runners of pool `ci` have no limit of cpus and share `forge` with others",
  },
  CF213: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:01:00" })], [makePool("ci")]),
    inputs: makeInputs({
      pve: makeInventory({
        gpus: [guestCard],
        iommu: { enabled: true, kind: "intel", acsOverride: true, groups: [] },
      }),
    }),
    path: ["hosts", "vm", "gpu"],
    message:
      "the kernel of `pve` runs with pcie_acs_override, so its IOMMU groups isolate nothing for certain",
  },
  CF214: {
    fleet: makeFleet(
      [forge],
      [makePool("gpu", { gpu: makeRequest({ share: 2 }), runners: fixed(2), limits: limits(4, 8) })],
    ),
    inputs: makeInputs({ forge: makeNvidiaInventory([makeCard(1)]) }),
    path: ["pools", "gpu", "gpu", "share"],
    message: "2 runners of pool `gpu` share one card, and nothing separates their memory on it",
  },
  CF217: {
    fleet: makeFleet([forge], [makePool("ci", { run: "process" })], {
      runner: {
        version: null,
        image: "ghcr.io/actions/actions-runner",
        digest: null,
        checksums: { "linux-x64": null, "linux-arm64": null },
        at: ["runner"],
      },
    }),
    inputs: makeInputs({ forge: makeInventory() }),
    path: ["pools", "ci", "run"],
    message: "the runner for x64 that `forge` will unpack has no recorded checksum",
  },
  CF507: {
    fleet: makeFleet([forge], [makePool("ci", { runners: fixed(3), limits: limits(8, 32) })]),
    inputs: makeInputs({ forge: makeInventory() }),
    path: ["pools", "ci", "limits", "memory"],
    message: "3 runners of pool `ci` may use 96GiB of `forge` at all times, which has 64GiB",
  },
  CF701: {
    fleet: makeFleet([forge], [makePool("ci")]),
    inputs: makeInputs({ forge: null }),
    path: ["hosts", "forge"],
    message: "nothing is known about host `forge`: there is no hosts/forge.yaml",
  },
  CF702: {
    fleet: makeFleet([makeMachine("cloud", { os: "debian-13" })], [makePool("ci")]),
    inputs: makeInputs({ cloud: null }),
    path: ["hosts", "cloud"],
    message: "host `cloud` has not been detected yet: an x64 machine without GPU is assumed",
  },
  CF703: {
    fleet: makeFleet([forge, makeMachine("board")], [makePool("ci")]),
    inputs: makeInputs({ forge: makeInventory(), board: makeInventory({ arch: "riscv64" }) }),
    path: ["hosts", "board"],
    message: "`board` cannot run jobs: the official runner is not built for riscv64",
  },
  CF704: {
    fleet: makeFleet([forge, pve], [makePool("gpu", { gpu: makeRequest() })]),
    inputs: makeInputs({ forge: makeInventory(), pve: makeInventory() }),
    path: ["pools", "gpu"],
    message:
      "no host can hold pool `gpu`: `forge` has no NVIDIA card; `pve` is a hypervisor and runs no jobs",
  },
  CF705: {
    fleet: makeFleet([makeCluster("k3s")], [makePool("ci", { hosts: ["k3s"], lifetime: "persistent" })]),
    inputs: makeInputs({}),
    path: ["pools", "ci", "hosts"],
    message: "pool `ci`: `k3s` is a cluster, where runners are ephemeral",
  },
  CF706: {
    fleet: makeFleet(
      [forge],
      [makePool("gpu", { hosts: ["forge"], gpu: makeRequest({ match: { model: "H100", memory: null } }) })],
    ),
    inputs: makeInputs({ forge: makeNvidiaInventory([makeCard(1)]) }),
    path: ["pools", "gpu", "hosts"],
    message: 'pool `gpu`: `forge` has no NVIDIA card matching "H100", but NVIDIA GeForce RTX 4090',
  },
  CF707: {
    fleet: makeFleet(
      [forge],
      [
        makePool("a", { gpu: makeRequest(), limits: limits(4, 8) }),
        makePool("b", { gpu: makeRequest(), runners: fixed(2), limits: limits(4, 8) }),
      ],
    ),
    inputs: makeInputs({ forge: makeNvidiaInventory([makeCard(1), makeCard(2)]) }),
    path: ["pools", "b", "runners"],
    message: "pool `b` needs 2 NVIDIA cards on `forge`, which has 2, of which one goes to `a`",
  },
  CF708: {
    fleet: makeFleet([forge], [makePool("ci", { runners: range(1, 3), limits: limits(4, 30) })]),
    inputs: makeInputs({ forge: makeInventory() }),
    path: ["pools", "ci", "limits", "memory"],
    message: "3 runners of pool `ci` may use 90GiB of `forge` when all of them work at once, which has 64GiB",
  },
  CF709: {
    fleet: makeFleet([forge], [makePool("ci")]),
    inputs: makeInputs({ forge: makeInventory({ docker: "none" }) }),
    path: ["pools", "ci"],
    message: "pool `ci`: `forge` has no Docker",
  },
  CF710: {
    fleet: makeFleet([forge], [makePool("ci", { hosts: ["forge"] })]),
    inputs: makeInputs({ forge: makeInventory({ docker: makeDocker({ compose: "1.29.2" }) }) }),
    path: ["pools", "ci", "hosts"],
    message: "pool `ci`: `forge` has Compose 1.29.2, below 2.20.0",
  },
  CF711: {
    fleet: makeFleet([forge], [makePool("ci")]),
    inputs: makeInputs({
      forge: makeInventory({ docker: makeDocker({ engine: null, problem: "permission denied" }) }),
    }),
    path: ["pools", "ci"],
    message: "Docker's engine did not answer on `forge` (permission denied), so its version is not known",
  },
  CF712: {
    fleet: makeFleet([forge], [makePool("ci", { hosts: ["forge"] })]),
    inputs: makeInputs({ forge: makeInventory({ systemd: { version: 247, running: true } }) }),
    path: ["pools", "ci", "hosts"],
    message: "pool `ci`: `forge` has systemd 247, below 249, so it can only hold persistent container slots",
  },
  CF713: {
    fleet: makeFleet([forge], [makePool("ci")]),
    inputs: makeInputs({ forge: makeInventory({ systemd: null }) }),
    path: ["pools", "ci"],
    message: "whether `forge` has systemd 249 or later is not known; it is assumed",
  },
  CF714: {
    fleet: makeFleet([forge], [makePool("gpu", { gpu: makeRequest() })]),
    inputs: makeInputs({
      forge: makeNvidiaInventory([makeCard(1)], {
        docker: makeDocker(),
        nvidia: { driver: "580.95", openModule: true, toolkit: null, toolkitInstalled: false, problem: null },
      }),
    }),
    path: ["pools", "gpu", "gpu"],
    message:
      "the NVIDIA cards of `forge` cannot be used as it is: the NVIDIA Container Toolkit is not installed",
  },
  CF715: {
    fleet: makeFleet([forge], [makePool("gpu", { gpu: makeRequest() })]),
    inputs: makeInputs({
      forge: makeNvidiaInventory([makeCard(1, { uuid: "GPU-????????-????-????-????-????????????" })], {
        docker: makeDocker({ cdi: { enabled: true, devices: ["nvidia.com/gpu=0"] } }),
      }),
    }),
    path: ["pools", "gpu", "gpu"],
    message: "the UUIDs of cards in `forge` are not known, so pool `gpu` pins them by index",
  },
  CF716: {
    fleet: makeFleet([forge], [makePool("gpu", { gpu: makeRequest() })]),
    inputs: makeInputs({
      forge: makeNvidiaInventory([makeCard(1)], {
        docker: makeDocker({ cdi: { enabled: true, devices: ["nvidia.com/gpu=GPU-old"] } }),
      }),
    }),
    path: ["pools", "gpu", "gpu"],
    message: "the CDI list of `forge` does not name the card that a runner of pool `gpu` is given",
  },
  CF717: {
    fleet: makeFleet([forge], [makePool("ci", { docker: "rootless" })]),
    inputs: makeInputs({ forge: makeInventory({ cgroup: "hybrid" }) }),
    path: ["pools", "ci", "docker"],
    message: "`forge` uses cgroup v1, where a rootless engine cannot hold jobs to their limits",
  },
  CF718: {
    fleet: makeFleet([forge], [makePool("ci", { emulate: ["linux/riscv64"] })]),
    inputs: makeInputs({
      forge: makeInventory({
        binfmt: [
          {
            platform: "linux/riscv64",
            interpreter: "/usr/bin/qemu-riscv64",
            fixBinary: false,
            enabled: true,
          },
        ],
      }),
    }),
    path: ["pools", "ci", "emulate"],
    message: "`forge` has no QEMU handler for linux/riscv64 that works inside containers yet",
  },
  CF720: {
    fleet: makeFleet(
      [forge],
      [makePool("ci", { image: { kind: "dockerfile", dockerfile: "images/ci/Dockerfile" } })],
    ),
    inputs: makeInputs(
      { forge: makeInventory() },
      { imageFolders: new Map([["images/ci/Dockerfile", "no such folder"]]) },
    ),
    path: ["pools", "ci", "image", "dockerfile"],
    message: "the folder of `images/ci/Dockerfile` cannot be used: no such folder",
  },
  CF721: {
    fleet: makeFleet(
      [forge],
      [
        makePool("ci", {
          runners: fixed(2),
          limits: limits(4, 8),
          caches: [{ kind: "folder", name: "cargo", path: "/home/runner/.cargo", size: 600 * GIB }],
        }),
      ],
    ),
    inputs: makeInputs({ forge: makeInventory() }),
    path: ["pools", "ci", "cache"],
    message: "the caches of all runners on `forge` may grow to 1200GiB, its disks hold 1000GiB",
  },
  CF722: {
    fleet: makeFleet([forge], [makePool("ci", { runners: range(0, 1) })], {
      watchdog: {
        ...makeFleet([], []).watchdog,
        budget: { githubRequestsPerHour: 100, removalsPerPass: 10 },
      },
    }),
    inputs: makeInputs({ forge: makeInventory() }),
    path: ["watchdog"],
    message:
      "the watchdogs of 1 host would send about 252 requests an hour to GitHub, above the budget of 100",
  },
  CF724: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:09:00" })], [makePool("ci")]),
    inputs: makeInputs({ pve: makeInventory({ gpus: [guestCard] }) }),
    path: ["hosts", "vm", "gpu"],
    message: "there is no card at 0000:09:00 in `pve`, which has 0000:01:00.0",
  },
  CF725: {
    fleet: makeFleet(
      [pve, makeGuest("vm-1", "pve", { gpu: "0000:01:00" }), makeGuest("vm-2", "pve", { gpu: "0000:01:00" })],
      [makePool("ci")],
    ),
    inputs: makeInputs({ pve: makeInventory({ gpus: [guestCard] }) }),
    path: ["hosts", "vm-2", "gpu"],
    message: "guests `vm-1` and `vm-2` both take 0000:01:00 from `pve`",
  },
  CF726: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:01:00" })], [makePool("ci")]),
    inputs: makeInputs({
      pve: makeInventory({
        gpus: [{ ...guestCard, passthrough: { kind: "shared", with: ["0000:02:00.0"] } }],
      }),
    }),
    path: ["hosts", "vm", "gpu"],
    message:
      "0000:01:00.0 of `pve` shares its IOMMU group with 0000:02:00.0, which the guest would take along",
  },
  CF727: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:01:00" })], [makePool("ci")]),
    inputs: makeInputs({
      pve: makeInventory({ gpus: [{ ...guestCard, passthrough: { kind: "no-iommu" } }] }),
    }),
    path: ["hosts", "vm", "gpu"],
    message: "the IOMMU of `pve` is off, so 0000:01:00.0 cannot be given to a guest yet",
  },
  CF729: {
    fleet: makeFleet([forge], [makePool("ci", { runners: range(0, 6, 2), limits: limits(4, 8) })]),
    inputs: makeInputs({ forge: makeInventory() }),
    path: ["pools", "ci", "runners"],
    message: "pool `ci` scales to 6, but its 1 host holds 2 slots",
  },
  CF730: {
    fleet: makeFleet([forge], [makePool("ci", { caches: [{ kind: "buildx", name: "layers", size: GIB }] })]),
    inputs: makeInputs({ forge: makeInventory() }),
    path: ["pools", "ci", "cache", 0],
    message: "pool `ci` keeps a buildx cache, but its jobs have no Docker to build with",
  },
  CF731: {
    fleet: makeFleet([forge, makeGuest("vm", "forge")], [makePool("ci")]),
    inputs: makeInputs({
      forge: makeInventory({ kvm: { present: false, usable: false, gid: null, nested: null } }),
    }),
    path: ["hosts", "vm", "parent"],
    message: "`forge` has no KVM, so it cannot run guests",
  },
  CF733: {
    fleet: makeFleet([forge], [makePool("gpu", { gpu: makeRequest({ vendor: "intel" }) })]),
    inputs: makeInputs({
      forge: makeInventory({ gpus: [makeCard(1, { vendor: "intel", driver: "xe", renderGid: null })] }),
    }),
    path: ["pools", "gpu", "gpu"],
    message:
      "the group that may open the render nodes of `forge` is not known, so jobs there will not reach the GPU",
  },
};

for (const entry of PLAN_CODES) {
  test(`${entry.code}: ${entry.summary}`, () => {
    const given = CASES[entry.code];
    assert.ok(given !== undefined, `no case for ${entry.code}`);
    const { value, diagnostics } = planFleet(given.fleet, given.inputs);
    assert.deepEqual(
      diagnostics.map(({ code, severity, path, message }) => ({ code, severity, path, message })),
      [{ code: entry.code, severity: entry.severity, path: given.path, message: given.message }],
    );
    assert.ok((diagnostics[0]?.help ?? "") !== "", "every finding says what to do");
    assert.equal(value === null, entry.severity === "error", "a plan exists unless something is wrong");
  });
}

test("every case belongs to a code", () => {
  const known = new Set(PLAN_CODES.map((entry) => entry.code));
  assert.deepEqual(
    Object.keys(CASES).filter((code) => !known.has(code)),
    [],
  );
});
