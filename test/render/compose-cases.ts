// The hosts whose whole container half is kept under fixtures/containers/, by the name of the folder, and
// that real Compose has to accept. In: nothing. Out: plans.

import type { Plan, PlannedHost } from "../../src/model/plan.ts";
import { makeGpu, makeHost, makePlacement, makePlan, makeSlot } from "./compose-plan.ts";

export interface ContainerCase {
  readonly plan: Plan;
  readonly host: PlannedHost;
}

const GIB = 1024 ** 3;
const AMD64 = "linux/amd64";

function makeCase(host: PlannedHost, change: Partial<Plan> = {}): ContainerCase {
  return { plan: makePlan(host, change), host };
}

const nvidia = { vendor: "nvidia", capabilities: ["compute", "utility"], why: "" } as const;

export const containerCases: Readonly<Record<string, ContainerCase>> = {
  "one-ephemeral-slot": makeCase(makeHost([makePlacement()])),

  "everything-a-pool-may-say": makeCase(
    makeHost([
      makePlacement({
        pool: "big",
        lifetime: "persistent",
        slots: [makeSlot("big", 1), makeSlot("big", 2, { always: false })],
        image: {
          kind: "build",
          reference: "localhost/ci-fleet/acme/big:0123456789abcdef",
          base: "ghcr.io/actions/actions-runner:2.338.1",
          context: { kind: "packages", packages: ["clang", "g++", "libstdc++-12-dev"] },
        },
        limits: { cpus: 1.5, memory: GIB, pids: 4096 },
        env: { CARGO_TERM_COLOR: "always", PRICE: "$5 ${HOME} $$", on: "yes" },
        volumes: [{ source: "/srv/models", target: "/models", readOnly: true }],
        caches: [
          {
            spec: { kind: "folder", name: "cargo", path: "/home/runner/.cargo/registry", size: GIB },
            platforms: [],
            path: "/home/runner/.cargo/registry",
            variable: "CI_FLEET_CACHE_CARGO",
          },
          {
            spec: { kind: "buildx", name: "buildx", size: GIB },
            platforms: [AMD64, "linux/riscv64"],
            path: "/home/runner/.cache/ci-fleet/buildx",
            variable: "CI_FLEET_CACHE_BUILDX",
          },
        ],
      }),
    ]),
    {
      network: {
        proxy: "http://proxy:3128",
        noProxy: [".corp"],
        ca: "/etc/ssl/corp.pem",
        caContent: null,
        mirrors: { apt: null, docker: null },
      },
    },
  ),

  "cards-by-every-way": makeCase(
    makeHost([
      makePlacement({
        pool: "cdi",
        gpu: { kind: "cdi", vendor: "nvidia", why: "" },
        slots: [makeSlot("cdi", 1, { gpus: [makeGpu("nvidia", 0), makeGpu("nvidia", 1)] })],
      }),
      makePlacement({
        pool: "old",
        gpu: { kind: "reservation", driver: "nvidia", ...nvidia },
        slots: [makeSlot("old", 1, { gpus: [makeGpu("nvidia", 2)] })],
      }),
      makePlacement({
        pool: "mid",
        gpu: { kind: "reservation", driver: "cdi", ...nvidia },
        slots: [makeSlot("mid", 1, { gpus: [makeGpu("nvidia", 3)] })],
      }),
      makePlacement({
        pool: "jetson",
        gpu: { kind: "runtime", ...nvidia },
        slots: [makeSlot("jetson", 1, { gpus: [makeGpu("nvidia", 4)] })],
      }),
      makePlacement({
        pool: "rocm",
        gpu: { kind: "nodes", vendor: "amd", shared: ["/dev/kfd"], groups: [993, 44], why: "" },
        slots: [makeSlot("rocm", 1, { gpus: [makeGpu("amd", 0), makeGpu("amd", 1)] })],
      }),
    ]),
  ),

  "docker-in-every-way": makeCase(
    makeHost([
      makePlacement({ pool: "sock", docker: "socket", lifetime: "persistent" }),
      makePlacement({ pool: "less", docker: "rootless" }),
      makePlacement({ pool: "dind", docker: "dind", limits: { cpus: 2, memory: 4 * GIB, pids: null } }),
      makePlacement({ pool: "keep", docker: "dind", lifetime: "persistent" }),
    ]),
    {
      network: {
        proxy: null,
        noProxy: [],
        ca: "/etc/ssl/corp.pem",
        caContent: null,
        mirrors: { apt: null, docker: null },
      },
    },
  ),

  "without-systemd-and-emulated": makeCase(
    makeHost([makePlacement({ lifetime: "persistent", platform: "linux/arm64", emulated: true })], {
      supervision: "compose",
    }),
  ),

  "an-image-of-ones-own-beside-processes": makeCase(
    makeHost([
      makePlacement({
        pool: "own",
        image: {
          kind: "build",
          reference: "localhost/ci-fleet/acme/own:fedcba9876543210",
          base: null,
          context: {
            kind: "files",
            dockerfile: "Containerfile",
            files: [
              { path: "Containerfile", content: "FROM scratch\n", executable: false },
              { path: "bin/setup", content: "#!/bin/sh\n", executable: true },
            ],
          },
        },
      }),
      makePlacement({ pool: "proc", run: "process", image: null, uid: null, user: "ci-fleet" }),
    ]),
  ),
};
