// Plans made by hand for tests of units and cloud-init: one host with everything on it, and pieces to vary.
// In: what differs. Out: a plan and its host.

import { nameCacheVariable, nameSlot, nameUnits, placesOf } from "../../src/model/names.ts";
import type { Placement, Plan, PlannedCache, PlannedHost, PlannedPool } from "../../src/model/plan.ts";

const GIB = 1024 ** 3;

export const folderCache: PlannedCache = {
  spec: { kind: "folder", name: "cargo", path: "/home/runner/.cargo/registry", size: 20 * GIB },
  platforms: [],
  path: "/home/runner/.cargo/registry",
  variable: nameCacheVariable("cargo"),
};

export const buildxCache: PlannedCache = {
  spec: { kind: "buildx", name: "layers", size: 70 * GIB },
  platforms: ["linux/amd64", "linux/riscv64"],
  path: "/home/runner/.cache/ci-fleet/layers",
  variable: nameCacheVariable("layers"),
};

/** Two container slots, the second for the watchdog to start. */
export function makePlacement(change: Partial<Placement> = {}): Placement {
  const pool = change.pool ?? "ci";
  return {
    pool,
    target: "default",
    run: "container",
    lifetime: "ephemeral",
    slots: [1, 2].map((index) => ({
      name: nameSlot("acme", pool, "forge", index),
      index,
      always: index === 1,
      gpus: [],
    })),
    labels: ["self-hosted", "linux", "x64"],
    platform: "linux/amd64",
    emulated: false,
    image: { kind: "pull", reference: "ghcr.io/actions/actions-runner:2.337.0" },
    limits: { cpus: null, memory: null, pids: null },
    env: {},
    volumes: [],
    caches: [],
    docker: "none",
    gpu: null,
    work: "inside-image",
    uid: 1001,
    user: null,
    maxJob: 6 * 3_600_000,
    ...change,
  };
}

/** Process slots with limits, a card each, caches and a persistent registration. */
export function makeProcessPlacement(change: Partial<Placement> = {}): Placement {
  const pool = change.pool ?? "bare";
  const card = (index: number) => ({
    vendor: "nvidia" as const,
    id: `GPU-0000000${index}-1111-2222-3333-444444444444`,
    selector: `GPU-0000000${index}-1111-2222-3333-444444444444`,
    name: "NVIDIA RTX A4000",
    address: `0000:0${index}:00.0`,
    renderNode: null,
    index: index - 1,
  });
  return makePlacement({
    pool,
    run: "process",
    lifetime: "persistent",
    slots: [1, 2].map((index) => ({
      name: nameSlot("acme", pool, "forge", index),
      index,
      always: true,
      gpus: [card(index)],
    })),
    image: null,
    limits: { cpus: 1.5, memory: 8 * GIB, pids: 4096 },
    env: { CARGO_TERM_COLOR: "always" },
    gpu: {
      kind: "environment",
      vendor: "nvidia",
      variable: "CUDA_VISIBLE_DEVICES",
      order: null,
      groups: [44, 109],
      why: "process slot",
    },
    caches: [folderCache, { ...buildxCache, path: null }],
    work: "same-as-host",
    uid: null,
    user: "ci-fleet",
    ...change,
  });
}

export function makeHost(change: Partial<PlannedHost> = {}): PlannedHost {
  return {
    name: "forge",
    spec: {
      kind: "machine",
      name: "forge",
      at: ["hosts", "forge"],
      os: null,
      network: { kind: "dhcp" },
      sshKeys: [],
      bridge: null,
    },
    kind: "machine",
    arch: "x64",
    platform: "linux/amd64",
    factsFrom: "detected",
    facts: {
      os: { id: "debian", versionId: "12", codename: "bookworm" },
      systemd: 252,
      docker: { engine: "28.3.0", compose: "2.40.0", rootless: false, socketGid: 998, cgroup: 2 },
      cpus: 16,
      memory: 64 * GIB,
      machine: null,
    },
    supervision: "systemd",
    places: placesOf("acme"),
    placements: [makePlacement()],
    credentials: [{ target: "default", id: "default.pem", path: "/etc/ci-fleet/app.pem" }],
    emulate: [],
    capacity: {
      cpus: { total: 16, claimed: 0, atMax: 0 },
      memory: { total: 64 * GIB, claimed: 0, atMax: 0 },
      gpus: [],
    },
    provisioning: null,
    oneJob: null,
    vfio: null,
    hypervisor: null,
    kvm: null,
    ...change,
  };
}

export function makePlan(host: PlannedHost, change: Partial<Plan> = {}): Plan {
  return {
    fleet: "acme",
    ciFleetVersion: "1.0.0",
    specFile: "fleet.yaml",
    units: nameUnits("acme"),
    targets: [
      {
        name: "default",
        url: "https://github.com/acme",
        scope: { kind: "organization", owner: "acme" },
        flavour: "github.com",
        apiUrl: "https://api.github.com",
        runnerGroup: null,
        auth: { kind: "app", clientId: "Iv23liEXAMPLE", privateKey: "/etc/ci-fleet/app.pem" },
        authWritten: true,
        at: ["github"],
      },
    ],
    runner: {
      version: "2.337.0",
      versionFrom: "built-in",
      checksums: { "linux-x64": null, "linux-arm64": null },
    },
    network: { proxy: null, noProxy: [], ca: null, caContent: null, mirrors: { apt: null, docker: null } },
    install: null,
    hosts: [host],
    pools: host.placements.map(poolOf),
    watchdog: {
      every: 60_000,
      offlineAfter: 600_000,
      deputy: "forge",
      metrics: null,
      ping: null,
      mode: "timer",
      listen: null,
      webhookSecret: null,
      activeWithin: 86_400_000,
      githubRequestsPerHour: 1500,
      removalsPerPass: 10,
      projectedRequestsPerHour: 300,
    },
    ...change,
  };
}

function poolOf(placement: Placement): PlannedPool {
  return {
    name: placement.pool,
    target: placement.target,
    run: placement.run,
    lifetime: placement.lifetime,
    runnerGroup: null,
    hosts: ["forge"],
    leftOut: [],
    slots: placement.slots.length,
    scaling: null,
    labels: placement.labels,
    variants: [],
    gpu: null,
    docker: placement.docker,
    caches: placement.caches,
    emulate: [],
    timeoutMinutes: 360,
  };
}

/** A host on which every unit, drop-in and script of the family appears. */
export function makeBusyHost(): PlannedHost {
  const second = { target: "second", id: "second.token", path: "/etc/ci-fleet/second token" };
  return makeHost({
    placements: [
      makePlacement({ caches: [folderCache, buildxCache] }),
      makePlacement({ pool: "other", target: "second" }),
      makePlacement({ pool: "many", target: "repos" }),
      makePlacement({
        pool: "nested",
        docker: "rootless",
        caches: [buildxCache],
        emulated: true,
        platform: "linux/arm64",
      }),
      makeProcessPlacement(),
      makeProcessPlacement({ pool: "trusted", docker: "rootless", gpu: null, lifetime: "ephemeral" }),
    ],
    credentials: [{ target: "default", id: "default.pem", path: "/etc/ci-fleet/app.pem" }, second],
    emulate: ["linux/arm64", "linux/riscv64", "linux/arm/v7"],
  });
}

export function makeBusyPlan(host = makeBusyHost()): Plan {
  const plan = makePlan(host);
  const [target] = plan.targets;
  if (target === undefined) throw new Error("a plan has a target");
  const second = {
    ...target,
    name: "second",
    auth: { kind: "token" as const, file: "/etc/ci-fleet/second token" },
  };
  const repos = {
    ...target,
    name: "repos",
    scope: { kind: "repositories" as const, owner: "a", repos: ["x", "y"] },
  };
  return {
    ...plan,
    targets: [target, second, repos],
    network: {
      proxy: "http://proxy:3128",
      noProxy: [".corp", "localhost"],
      ca: "/etc/ssl/corp.pem",
      caContent: null,
      mirrors: { apt: null, docker: null },
    },
    watchdog: { ...plan.watchdog, metrics: "/var/lib/node_exporter/textfile_collector/ci_fleet.prom" },
  };
}
