// Fleets and inventories for tests of plan, with everything that a test does not speak of filled in.
// In: what the test is about. Out: records as the spec and the hardware room make them.

import type {
  Fleet,
  GpuRequest,
  GuestHardware,
  HostSpec,
  KubernetesSpec,
  MachineSpec,
  PoolSpec,
  ProxmoxSpec,
  VmSpec,
} from "../../src/model/fleet.ts";
import type { DockerFacts, GpuFacts, Inventory } from "../../src/model/inventory.ts";
import type { PlanInputs } from "../../src/model/plan.ts";

const GIB = 2 ** 30;

export function makeMachine(name: string, given: Partial<MachineSpec> = {}): MachineSpec {
  const at = ["hosts", name];
  return {
    kind: "machine",
    name,
    at,
    os: null,
    network: { kind: "dhcp" },
    sshKeys: [],
    bridge: null,
    ...given,
  };
}

export function makeProxmox(name: string, given: Partial<ProxmoxSpec> = {}): ProxmoxSpec {
  return {
    kind: "proxmox",
    name,
    at: ["hosts", name],
    storage: "local-lvm",
    snippets: "local",
    bridge: "vmbr0",
    template: null,
    firstId: 9000,
    mappings: [],
    api: { url: "https://localhost:8006", token: null, ca: "/etc/pve/pve-root-ca.pem" },
    ...given,
  };
}

export const HARDWARE: GuestHardware = {
  machine: "q35",
  bios: "ovmf",
  secureBoot: false,
  cpu: "host",
  flags: [],
  numa: false,
  hugepages: null,
  vga: null,
  pcie: null,
  rombar: true,
  romfile: null,
  xVga: false,
  scsihw: "virtio-scsi-single",
  iothread: null,
  cache: "none",
  discard: true,
  ssd: true,
  vlan: null,
  firewall: false,
  mtu: null,
  queues: null,
  onboot: true,
  startup: null,
  tags: [],
};

export function makeGuest(name: string, parent: string, given: Partial<VmSpec> = {}): VmSpec {
  return {
    kind: "vm",
    name,
    parent,
    at: ["hosts", name],
    base: name,
    ordinal: null,
    limits: { cpus: 4, memory: 8 * GIB },
    disk: 64 * GIB,
    cacheFolder: null,
    gpu: null,
    os: "debian-13",
    network: { kind: "dhcp" },
    sshKeys: [],
    vmId: null,
    sshPort: null,
    lifetime: "persistent",
    reset: null,
    hardware: HARDWARE,
    acceptRisk: [],
    ...given,
  };
}

export function makeCluster(name: string): KubernetesSpec {
  return { kind: "kubernetes", name, at: ["hosts", name], namespace: "ci", arch: "x64" };
}

export function makePool(name: string, given: Partial<PoolSpec> = {}): PoolSpec {
  return {
    name,
    hosts: null,
    target: "default",
    run: "container",
    lifetime: "ephemeral",
    runners: { kind: "fixed", perHost: 1 },
    gpu: null,
    labels: [],
    limits: { cpus: null, memory: null, pids: null },
    env: {},
    volumes: [],
    image: null,
    docker: "none",
    trusted: false,
    acceptLocalCredential: false,
    caches: [],
    emulate: [],
    platform: null,
    maxJob: 6 * 3_600_000,
    at: ["pools", name],
    ...given,
  };
}

export function makeRequest(given: Partial<GpuRequest> = {}): GpuRequest {
  return {
    vendor: "nvidia",
    perRunner: 1,
    match: { model: null, memory: null },
    mig: null,
    share: 1,
    capabilities: ["compute", "utility"],
    ...given,
  };
}

export function makeFleet(
  hosts: readonly HostSpec[],
  pools: readonly PoolSpec[],
  given: Partial<Fleet> = {},
): Fleet {
  return {
    version: 1,
    requires: null,
    name: "acme",
    targets: [
      {
        name: "default",
        url: "https://github.com/acme",
        scope: { kind: "organization", owner: "acme" },
        flavour: "github.com",
        apiUrl: "https://api.github.com",
        runnerGroup: null,
        auth: { kind: "token", file: "/etc/ci-fleet/token" },
        authWritten: true,
        at: ["github"],
      },
    ],
    runner: {
      version: "2.338.1",
      image: "ghcr.io/actions/actions-runner",
      digest: null,
      checksums: { "linux-x64": "0".repeat(64), "linux-arm64": "1".repeat(64) },
      at: ["runner"],
    },
    network: { proxy: null, noProxy: [], ca: null, mirrors: { apt: null, docker: null } },
    install: null,
    hosts,
    pools,
    watchdog: {
      every: 60_000,
      offlineAfter: 600_000,
      deputy: null,
      scale: { activeWithin: 86_400_000 },
      budget: { githubRequestsPerHour: 1500, removalsPerPass: 10 },
      metrics: null,
      ping: null,
      mode: "timer",
      listen: "127.0.0.1:9639",
      webhook: null,
      at: ["watchdog"],
    },
    ...given,
  };
}

export function makeDocker(given: Partial<DockerFacts> = {}): DockerFacts {
  return {
    engine: "29.1.0",
    compose: "2.40.3",
    buildx: "0.29.1",
    runtimes: ["runc"],
    defaultRuntime: "runc",
    cdi: { enabled: true, devices: [] },
    cgroupDriver: "systemd",
    rootless: false,
    storageDriver: "overlay2",
    socketGid: 998,
    problem: null,
    ...given,
  };
}

export function makeInventory(given: Partial<Inventory> = {}): Inventory {
  return {
    version: 1,
    arch: "x64",
    machine: { vendor: null, product: null, model: null, secureBoot: null, firmware: "uefi" },
    os: { id: "debian", idLike: [], versionId: "13", codename: "trixie", prettyName: null },
    kernel: { release: "6.12.0", proxmox: false, options: [] },
    cpu: {
      model: "CPU",
      packages: 1,
      cores: 16,
      threads: 32,
      offline: 0,
      smt: true,
      hybrid: [],
      numa: null,
      cap: "none",
    },
    memory: { totalMiB: 64 * 1024, capMiB: "none", unified: false },
    disks: [
      {
        name: "nvme0n1",
        sizeGiB: 1000,
        rotational: false,
        removable: false,
        transport: "nvme",
        model: null,
        pci: null,
      },
    ],
    virtualization: { vm: "none", container: "none" },
    cgroup: 2,
    iommu: { enabled: true, kind: "intel", acsOverride: false, groups: [] },
    gpus: [],
    npus: [],
    nvidia: "none",
    amd: "none",
    kvm: { present: true, usable: true, gid: 105, nested: false },
    binfmt: [],
    docker: makeDocker(),
    podman: "none",
    systemd: { version: 257, running: true },
    proxmox: "none",
    identifiers: null,
    ...given,
  };
}

/** The nth card of a machine; its UUID is made from its number. */
export function makeCard(number: number, given: Partial<GpuFacts> = {}): GpuFacts {
  const digits = String(number).padStart(12, "0");
  const address = `0000:${String(number).padStart(2, "0")}:00.0`;
  return {
    address,
    vendor: "nvidia",
    name: "NVIDIA GeForce RTX 4090",
    id: "10de:2684",
    subsystemId: null,
    class: "030000",
    driver: "nvidia",
    functions: [],
    numaNode: null,
    iommuGroup: null,
    bootVga: null,
    integrated: false,
    passthrough: { kind: "isolated" },
    memoryMiB: 24_564,
    uuid: `GPU-00000000-0000-0000-0000-${digits}`,
    index: number - 1,
    computeCapability: "8.9",
    gfx: null,
    renderNode: `/dev/dri/renderD${127 + number}`,
    renderGid: 105,
    mig: null,
    sriov: null,
    ...given,
  };
}

/** A machine with NVIDIA cards, a working toolkit and a CDI list of them. */
export function makeNvidiaInventory(cards: readonly GpuFacts[], given: Partial<Inventory> = {}): Inventory {
  const names = cards.flatMap((card) => [card.uuid, ...(card.mig ?? []).map((device) => device.uuid)]);
  return makeInventory({
    gpus: cards,
    nvidia: { driver: "580.95", openModule: true, toolkit: "1.18.1", toolkitInstalled: true, problem: null },
    docker: makeDocker({
      runtimes: ["nvidia", "runc"],
      cdi: { enabled: true, devices: names.map((name) => `nvidia.com/gpu=${name}`) },
    }),
    ...given,
  });
}

export function makeInputs(
  inventories: Readonly<Record<string, Inventory | null>>,
  given: Partial<PlanInputs> = {},
): PlanInputs {
  return {
    specFile: "fleet.yaml",
    ciFleetVersion: "1.0.0",
    inventories: new Map(Object.entries(inventories)),
    imageFolders: new Map(),
    authority: null,
    acceptedRisks: [],
    ...given,
  };
}
