// A detection as a page that a person likes to read, and as a versioned document for machines.
// In: a Detection. Out: plain text without colour, at most 100 columns; or a JSON value.

import type { Detection, DiskFacts, FactSource, Inventory } from "../model/inventory.ts";
import { presentOrNull } from "../model/inventory.ts";
import { describeGpus } from "./describe-gpus.ts";
import { findMissingPieces } from "./missing-pieces.ts";
import { bulletSection, type Row, row, section } from "./page-lines.ts";

export interface DetectDocument {
  readonly schema: "ci-fleet/detect/v1";
  readonly inventory: Inventory;
  readonly sources: Readonly<Record<string, FactSource>>;
  readonly remarks: readonly string[];
}

export function makeDetectDocument(detection: Detection): DetectDocument {
  const { inventory, sources, remarks } = detection;
  const sorted = Object.fromEntries(Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { schema: "ci-fleet/detect/v1", inventory, sources: sorted, remarks };
}

type Item = Parameters<typeof bulletSection>[1][number];

export function describeHost(detection: Detection): string {
  const { inventory } = detection;
  const lines = [
    ...section("Machine", describeMachine(inventory)),
    ...section("CPU", orNotKnown(describeCpu(inventory))),
    ...section("Memory", orNotKnown(describeMemory(inventory))),
    ...section("Disks", describeDisks(inventory)),
    ...section("GPUs", [...describeGpus(inventory), ...describeIommu(inventory), ...describeNpus(inventory)]),
    ...section("Guests and emulation", describeGuests(inventory)),
    ...section("Containers", describeContainers(inventory)),
    ...section("Identifiers", describeIdentifiers(inventory)),
    ...bulletSection("Missing here", describeMissing(inventory)),
    ...bulletSection(
      "Remarks",
      detection.remarks.map((text) => ({ text, remedy: null })),
    ),
    ...bulletSection("Not known", describeUnknown(detection.sources)),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function describeMachine(inventory: Inventory): readonly Row[] {
  const { machine, os, kernel, virtualization: virt } = inventory;
  const systemd = presentOrNull(inventory.systemd);
  const proxmox = presentOrNull(inventory.proxmox);
  const boot =
    machine.secureBoot === null ? "Secure Boot not known" : `Secure Boot ${onOff(machine.secureBoot)}`;
  return [
    ...row("product", machine.vendor, machine.product, machine.model),
    ...row("architecture", inventory.arch),
    ...row("system", os === null ? null : (os.prettyName ?? os.id), nameCodename(os)),
    ...row("kernel", kernel?.release ?? null, kernel?.proxmox ? "Proxmox kernel" : null),
    ...row("options", (kernel?.options ?? []).join(" ")),
    ...row("firmware", machine.firmware, boot),
    ...row("runs as", describeGuest(virt.vm), describeContainer(virt.container)),
    ...row(
      "systemd",
      systemd === null ? noneOrNull(inventory.systemd) : `${systemd.version}`,
      runningWord(systemd?.running),
    ),
    ...row(
      "cgroup",
      inventory.cgroup === null
        ? null
        : inventory.cgroup === "hybrid"
          ? "hybrid (v1 and v2)"
          : `v${inventory.cgroup}`,
    ),
    ...row(
      "Proxmox VE",
      proxmox?.version ?? null,
      proxmox?.node == null ? null : `node ${proxmox.node}`,
      proxmox?.bootLoader == null
        ? null
        : `boots with ${proxmox.bootLoader}${proxmox.bootTool === true ? " by proxmox-boot-tool" : ""}`,
    ),
  ];
}

function describeCpu({ cpu }: Inventory): readonly Row[] {
  const counts = [count(cpu.packages, "package"), count(cpu.cores, "core"), count(cpu.threads, "thread")];
  const smt = cpu.smt === null ? null : `SMT ${onOff(cpu.smt)}`;
  const offline = cpu.offline === null || cpu.offline === 0 ? null : `${cpu.offline} threads offline`;
  const nodes = cpu.numa !== null && cpu.numa.length > 1 ? cpu.numa : [];
  // Kernels that fake NUMA for speed (Raspberry Pi) give every node all CPUs.
  const faked = nodes.length > 1 && nodes.every((node) => node.cpus === nodes[0]?.cpus);
  return [
    ...row("model", cpu.model),
    ...row("size", ...counts, smt, offline),
    ...(cpu.hybrid ?? []).flatMap((kind) =>
      row(
        "",
        `${kind.name}: ${count(kind.cores, "core")}, ${count(kind.threads, "thread")}, CPUs ${kind.cpus}`,
      ),
    ),
    ...row("NUMA", faked ? `${nodes.length} nodes with the same CPUs` : null),
    ...(faked ? [] : nodes).flatMap((node) =>
      row(
        `NUMA ${node.id}`,
        node.cpus === "" ? "no CPUs" : `CPUs ${node.cpus}`,
        formatMemory(node.memoryMiB),
      ),
    ),
    ...row("cap", typeof cpu.cap === "number" ? `control groups leave ${cpu.cap} CPUs` : null),
  ];
}

function describeMemory({ memory }: Inventory): readonly Row[] {
  const unified = memory.unified === true ? "shared by CPU and GPU" : null;
  const cap =
    typeof memory.capMiB === "number" ? `control groups leave ${formatMemory(memory.capMiB)}` : null;
  return [...row("total", formatMemory(memory.totalMiB), unified), ...row("cap", cap)];
}

function describeDisks({ disks }: Inventory): readonly Row[] {
  if (disks === null) return row("", "not known");
  if (disks.length === 0) return row("", "none");
  return disks.flatMap((disk) =>
    row(disk.name, formatSize(disk.sizeGiB), nameDiskKind(disk), disk.model, disk.pci),
  );
}

function nameDiskKind(disk: DiskFacts): string {
  const turning = disk.rotational === null ? "" : disk.rotational ? " hard disk" : " SSD";
  return `${disk.removable ? "removable " : ""}${disk.transport ?? "disk"}${turning}`;
}

function describeIommu({ iommu, gpus }: Inventory): readonly Row[] {
  if (gpus !== null && gpus.length === 0) return [];
  const state = iommu.enabled === null ? "not known" : onOff(iommu.enabled);
  return row(
    "IOMMU",
    state,
    iommu.kind,
    iommu.acsOverride === true ? "groups split by pcie_acs_override: not real" : null,
  );
}

function describeNpus({ npus }: Inventory): readonly Row[] {
  return (npus ?? []).flatMap((npu) => row("NPU", npu.node, npu.driver, npu.address));
}

function describeGuests({ kvm, binfmt }: Inventory): readonly Row[] {
  const usable = kvm.usable === true ? "usable by this user" : "not usable by this user";
  const nested = kvm.nested === true ? "nested" : null;
  const platforms = (binfmt ?? []).filter((entry) => entry.enabled);
  const emulated = platforms.map(
    (entry) => `${entry.platform}${entry.fixBinary ? "" : " (not inside containers)"}`,
  );
  return [
    ...row("KVM", kvm.present === null ? "not known" : kvm.present ? usable : "none", nested),
    ...row("emulated", binfmt === null ? "not known" : emulated.join(", ") || "none"),
  ];
}

function describeContainers(inventory: Inventory): readonly Row[] {
  const docker = presentOrNull(inventory.docker);
  const nvidia = presentOrNull(inventory.nvidia);
  const amd = presentOrNull(inventory.amd);
  const podman = presentOrNull(inventory.podman);
  const cdi = docker?.cdi;
  return [
    ...row(
      "Docker",
      docker === null ? (noneOrNull(inventory.docker) ?? "not known") : (docker.engine ?? docker.problem),
      docker?.rootless === true ? "rootless" : null,
      docker?.cgroupDriver == null ? null : `cgroup driver ${docker.cgroupDriver}`,
      docker?.socketGid == null ? null : `socket group ${docker.socketGid}`,
    ),
    ...row("Compose", docker?.compose ?? null),
    ...row("buildx", docker?.buildx ?? null),
    ...row("runtimes", (docker?.runtimes ?? []).join(", ")),
    ...row("CDI", cdi == null ? null : cdi.enabled ? cdi.devices.join(", ") || "on, no devices" : "off"),
    ...row("Podman", podman?.version ?? null),
    ...row(
      "NVIDIA",
      nvidia === null ? null : nvidia.driver === null ? "no driver loaded" : `driver ${nvidia.driver}`,
      nvidia?.openModule === true ? "open module" : null,
      nvidia === null
        ? null
        : nvidia.toolkitInstalled === true
          ? `container toolkit ${nvidia.toolkit ?? ""}`.trimEnd()
          : "no container toolkit",
    ),
    ...row(
      "ROCm",
      amd === null ? null : amd.kfd ? "/dev/kfd" : "no /dev/kfd",
      amd?.renderGid == null ? null : `render group ${amd.renderGid}`,
    ),
  ];
}

/** Empty unless somebody asked for them. */
function describeIdentifiers({ identifiers }: Inventory): readonly Row[] {
  if (identifiers === null) return [];
  return [
    ...row("serial", identifiers.productSerial ?? "not known"),
    ...(identifiers.disks ?? []).flatMap((disk) => row(disk.name, disk.serial)),
    ...(identifiers.interfaces ?? []).flatMap((one) => row(one.name, one.mac)),
  ];
}

function describeMissing(inventory: Inventory): readonly Item[] {
  return findMissingPieces(inventory).map((piece) => ({ text: piece.what, remedy: piece.fix }));
}

function describeUnknown(sources: Readonly<Record<string, FactSource>>): readonly Item[] {
  return Object.entries(sources)
    .filter(([, source]) => source.unknown !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([fact, source]) => ({ text: `${fact}: ${source.unknown ?? ""}`, remedy: null }));
}

function orNotKnown(rows: readonly Row[]): readonly Row[] {
  return rows.length === 0 ? row("", "not known") : rows;
}

/** Only where the pretty name does not say it already. */
function nameCodename(os: Inventory["os"]): string | null {
  return os === null || os.codename === null || os.prettyName?.includes(os.codename) ? null : os.codename;
}

function describeGuest(vm: string | null): string | null {
  if (vm === null) return "guest or not is not known";
  return vm === "none" ? "bare metal" : `guest (${vm})`;
}

function describeContainer(container: string | null): string | null {
  return container === null || container === "none" ? null : `inside a container (${container})`;
}

function noneOrNull(facts: unknown): string | null {
  return facts === "none" ? "none" : null;
}

function runningWord(running: boolean | null | undefined): string | null {
  return running === true ? "running" : running === false ? "not running" : null;
}

function onOff(value: boolean): string {
  return value ? "on" : "off";
}

function count(value: number | null, noun: string): string | null {
  return value === null ? null : `${value} ${noun}${value === 1 ? "" : "s"}`;
}

function formatMemory(mib: number | null): string | null {
  if (mib === null) return null;
  return mib < 1024 ? `${mib} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

function formatSize(gib: number): string {
  return gib < 1024 ? `${gib} GiB` : `${(gib / 1024).toFixed(1)} TiB`;
}
