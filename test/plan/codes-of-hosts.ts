// The smallest fleets with each fault of hosts, software, limits and budgets. In: nothing. Out: cases by code.

import { type Case, fixed, forge, GIB, limits, pve, range } from "./code-case.ts";
import {
  makeCluster,
  makeDocker,
  makeFleet,
  makeGuest,
  makeInputs,
  makeInventory,
  makeMachine,
  makePool,
  makeRequest,
} from "./make-fleet.ts";
import { makeNode } from "./make-node.ts";

export const HOST_CASES: Readonly<Record<string, Case>> = {
  CF210: {
    fleet: makeFleet([forge], [makePool("ci", { runners: fixed(2), limits: limits(null, 8) })]),
    inputs: makeInputs({ forge: makeInventory() }),
    path: ["pools", "ci"],
    message: "runners of pool `ci` have no limit of cpus and share `forge` with others",
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
  CF719: {
    fleet: {
      ...makeFleet([forge], [makePool("ci")]),
      network: { proxy: null, noProxy: [], ca: "certs/corp.pem", mirrors: { apt: null, docker: null } },
    },
    inputs: makeInputs({ forge: makeInventory() }, { authority: { problem: "there is no such file" } }),
    path: ["network", "ca"],
    message: "the certificates of `certs/corp.pem` cannot be used: there is no such file",
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
      "the watchdogs of 1 host would send about 240 requests an hour to GitHub, above the budget of 100: 60 for the state of runners, 180 to follow the queue",
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
  CF745: {
    fleet: makeFleet(
      [pve, makeGuest("vm", "pve", { lifetime: "ephemeral" })],
      [makePool("ci", { hosts: ["vm"], runners: fixed(2), limits: limits(1, 2) })],
    ),
    inputs: makeInputs({ pve: makeNode([]) }),
    path: ["hosts", "vm", "lifetime"],
    message: "the power goes off after one job on `vm`, where there would be 2 runners (of `ci`)",
  },
  CF746: {
    fleet: makeFleet(
      [pve, makeGuest("vm", "pve", { lifetime: "ephemeral", reset: "clone" })],
      [makePool("ci", { hosts: ["vm"] })],
    ),
    inputs: makeInputs({ pve: makeNode([]) }),
    path: ["hosts", "vm", "reset"],
    message: "`vm` has `reset: clone` and would be cloned, and its node `pve` names no `template`",
  },
  CF749: {
    fleet: makeFleet([makeMachine("spark"), makeGuest("vm", "spark")], [makePool("ci", { hosts: ["vm"] })]),
    inputs: makeInputs({ spark: makeInventory({ arch: "arm64" }) }),
    path: ["hosts", "vm", "parent"],
    message: "`spark` is an arm64 machine, and guests are made for x64",
  },
};
