// What a machine will be that has not booted yet: its operating system comes from the spec, its hardware
// from the limits of the guest and from the parent, its software from what cloud-init installs.
// In: a spec of a guest or a provisioned machine, the parent's inventory. Out: an inventory.

import type { OsName, VmSpec } from "../model/fleet.ts";
import type { Arch, GpuFacts, Inventory, OsFacts } from "../model/inventory.ts";
import { isAtAddress, isPciAddress } from "./give-away.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** systemd as the release has it; Arch rolls, its floor is what was current when this was written. */
const OPERATING_SYSTEMS: Readonly<
  Record<
    OsName,
    { id: string; like: string[]; version: string | null; codename: string | null; systemd: number }
  >
> = {
  "debian-12": { id: "debian", like: [], version: "12", codename: "bookworm", systemd: 252 },
  "debian-13": { id: "debian", like: [], version: "13", codename: "trixie", systemd: 257 },
  "ubuntu-22.04": { id: "ubuntu", like: ["debian"], version: "22.04", codename: "jammy", systemd: 249 },
  "ubuntu-24.04": { id: "ubuntu", like: ["debian"], version: "24.04", codename: "noble", systemd: 255 },
  "ubuntu-26.04": { id: "ubuntu", like: ["debian"], version: "26.04", codename: "resolute", systemd: 259 },
  arch: { id: "arch", like: [], version: null, codename: null, systemd: 258 },
};

/** Docker's own repository and Arch's have had at least these since 2026. */
const EXPECTED_ENGINE = "29.0.0";
const EXPECTED_COMPOSE = "2.40.0";
const EXPECTED_BUILDX = "0.29.0";

/** `mapped`: addresses behind the mapping that the guest names, empty where only the hypervisor knows. */
export function expectGuest(spec: VmSpec, parent: Inventory, mapped: readonly string[] = []): Inventory {
  const card = findCard(spec.gpu, parent.gpus ?? [], mapped);
  const base = expectMachine(spec.os, parent.arch);
  return {
    ...base,
    cpu: { ...base.cpu, cores: spec.limits.cpus, threads: spec.limits.cpus, offline: 0 },
    memory: { totalMiB: Math.floor(spec.limits.memory / MIB), capMiB: "none", unified: false },
    disks: [expectDisk(spec.disk)],
    virtualization: { vm: "kvm", container: "none" },
    gpus: card === undefined ? [] : [seeFromGuest(card)],
    nvidia:
      card?.vendor === "nvidia"
        ? { driver: null, openModule: null, toolkit: null, toolkitInstalled: true, problem: null }
        : "none",
    amd: card?.vendor === "amd" ? { kfd: true, renderGid: null, videoGid: null } : "none",
  };
}

/**
 * A resource mapping's name says nothing about the card behind it. Where all cards of the parent are of one
 * vendor it is one of these, and that is enough for the guest's first boot: then it says itself.
 */
function findCard(
  wanted: string | null,
  all: readonly GpuFacts[],
  mapped: readonly string[],
): GpuFacts | undefined {
  if (wanted === null) return undefined;
  const gpus = mapped.length === 0 ? all : all.filter((gpu) => mapped.some((one) => isAtAddress(gpu, one)));
  const [first, ...others] = gpus;
  if (first === undefined || isPciAddress(wanted)) return gpus.find((gpu) => isAtAddress(gpu, wanted));
  if (others.some((gpu) => gpu.vendor !== first.vendor)) return undefined;
  return others.length === 0 ? first : { ...first, name: null, memoryMiB: null, uuid: null };
}

/** A machine whose hardware nobody has seen: only what cloud-init will make of it is known. */
export function expectProvisionedMachine(os: OsName): Inventory {
  return expectMachine(os, "x64");
}

function expectMachine(os: OsName, arch: Arch | null): Inventory {
  return {
    version: 1,
    arch,
    machine: { vendor: null, product: null, model: null, secureBoot: null, firmware: null },
    os: expectOs(os),
    kernel: null,
    cpu: {
      model: null,
      packages: null,
      cores: null,
      threads: null,
      offline: null,
      smt: null,
      hybrid: null,
      numa: null,
      cap: "none",
    },
    memory: { totalMiB: null, capMiB: "none", unified: null },
    disks: null,
    virtualization: { vm: null, container: "none" },
    cgroup: 2,
    iommu: { enabled: null, kind: null, acsOverride: null, groups: [] },
    gpus: null,
    npus: null,
    nvidia: null,
    amd: null,
    kvm: { present: null, usable: null, gid: null, nested: null },
    binfmt: null,
    docker: expectDocker(),
    podman: "none",
    systemd: { version: OPERATING_SYSTEMS[os].systemd, running: true },
    proxmox: "none",
    identifiers: null,
  };
}

function expectOs(os: OsName): OsFacts {
  const { id, like, version, codename } = OPERATING_SYSTEMS[os];
  return { id, idLike: like, versionId: version, codename, prettyName: null };
}

function expectDocker() {
  return {
    engine: EXPECTED_ENGINE,
    compose: EXPECTED_COMPOSE,
    buildx: EXPECTED_BUILDX,
    runtimes: ["runc"],
    defaultRuntime: "runc",
    cdi: { enabled: true, devices: [] },
    cgroupDriver: "systemd",
    rootless: false,
    storageDriver: null,
    socketGid: null,
    problem: null,
  };
}

function expectDisk(bytes: number) {
  return {
    name: "vda",
    sizeGiB: Math.floor(bytes / GIB),
    rotational: null,
    removable: false,
    transport: "virtio" as const,
    model: null,
    pci: null,
  };
}

/**
 * The parent's card inside the guest: the same silicon and UUID, another address, another driver. An
 * unknown address is better than the parent's, which is wrong there.
 */
function seeFromGuest(card: GpuFacts): GpuFacts {
  return {
    ...card,
    address: null,
    functions: [],
    driver: null,
    numaNode: null,
    iommuGroup: null,
    bootVga: null,
    passthrough: null,
    index: 0,
    renderNode: card.vendor === "nvidia" ? null : "/dev/dri/renderD128",
    renderGid: null,
    mig: null,
    sriov: null,
  };
}
