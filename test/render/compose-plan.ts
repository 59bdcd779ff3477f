// Plans by hand for the container half: a fleet with one host, to which a test gives placements. In: what
// differs from the smallest. Out: plan and host.

import { nameSlot, nameUnits, placesOf } from "../../src/model/names.ts";
import type { Placement, Plan, PlannedHost, PlannedSlot, SlotGpu } from "../../src/model/plan.ts";

export function makeSlot(pool: string, index: number, change: Partial<PlannedSlot> = {}): PlannedSlot {
  return { name: nameSlot("acme", pool, "forge", index), index, always: true, gpus: [], ...change };
}

export function makeGpu(vendor: SlotGpu["vendor"], index: number): SlotGpu {
  const uuid = `GPU-0000000${index}-1111-2222-3333-444444444444`;
  return {
    vendor,
    id: vendor === "nvidia" ? uuid : `0000:0${index + 1}:00.0`,
    selector: vendor === "nvidia" ? uuid : String(index),
    name: null,
    address: `0000:0${index + 1}:00.0`,
    renderNode: vendor === "nvidia" ? null : `/dev/dri/renderD${128 + index}`,
    index,
  };
}

export function makePlacement(change: Partial<Placement> = {}): Placement {
  const pool = change.pool ?? "ci";
  return {
    pool,
    target: "default",
    run: "container",
    lifetime: "ephemeral",
    slots: [makeSlot(pool, 1)],
    labels: ["self-hosted", "linux", "x64", "ubuntu", "cpu-only"],
    platform: "linux/amd64",
    emulated: false,
    image: { kind: "pull", reference: "ghcr.io/actions/actions-runner:2.338.1" },
    limits: { cpus: null, memory: null, pids: null },
    env: {},
    volumes: [],
    caches: [],
    docker: "none",
    gpu: null,
    work: change.docker === undefined || change.docker === "none" ? "inside-image" : "same-as-host",
    uid: 1001,
    user: null,
    maxJob: 432_000_000,
    ...change,
  };
}

export function makeHost(placements: readonly Placement[], change: Partial<PlannedHost> = {}): PlannedHost {
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
      os: { id: "debian", versionId: "13", codename: "trixie" },
      systemd: 257,
      docker: { engine: "28.3.0", compose: "2.40.3", rootless: false, socketGid: 991, cgroup: 2 },
      cpus: 16,
      memory: 64 * 1024 ** 3,
      machine: null,
    },
    supervision: "systemd",
    places: placesOf("acme"),
    placements,
    credentials: [],
    emulate: [],
    capacity: {
      cpus: { total: 16, claimed: 0, atMax: 0 },
      memory: { total: null, claimed: 0, atMax: 0 },
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
    ciFleetVersion: "0.0.0-test",
    specFile: "fleet.yaml",
    units: nameUnits("acme"),
    targets: [
      {
        name: "default",
        url: "https://github.com/acme",
        scope: { kind: "organization", owner: "acme" },
        flavour: "github.com",
        apiUrl: "https://api.github.com",
        runnerGroup: "Default $GROUP",
        auth: { kind: "token", file: "/etc/ci-fleet/token" },
        authWritten: true,
        at: ["github"],
      },
    ],
    runner: {
      version: "2.338.1",
      versionFrom: "spec",
      checksums: { "linux-x64": null, "linux-arm64": null },
    },
    network: { proxy: null, noProxy: [], ca: null, caContent: null, mirrors: { apt: null, docker: null } },
    install: null,
    hosts: [host],
    pools: [],
    watchdog: {
      every: 60_000,
      offlineAfter: 600_000,
      deputy: null,
      metrics: null,
      ping: null,
      mode: "timer",
      listen: null,
      webhookSecret: null,
      activeWithin: 86_400_000,
      githubRequestsPerHour: 1500,
      removalsPerPass: 10,
      projectedRequestsPerHour: 0,
    },
    ...change,
  };
}
