// The one table of what an inventory file may hold: the order it is written in, what the reader accepts, and what
// tells two entries of a list apart when inventories are compared. TypeScript checks that no field of the model's
// records is forgotten. In: nothing. Out: the shape.

import type {
  AmdFacts,
  BinfmtFacts,
  CpuFacts,
  CpuKind,
  DiskFacts,
  DockerFacts,
  GpuFacts,
  IdentifierFacts,
  Inventory,
  IommuFacts,
  IommuGroup,
  KernelFacts,
  KvmFacts,
  MachineFacts,
  MemoryFacts,
  MigDevice,
  NpuFacts,
  NumaNode,
  NvidiaFacts,
  OsFacts,
  PciDevice,
  PodmanFacts,
  ProxmoxFacts,
  SystemdFacts,
  VirtualizationFacts,
} from "../model/inventory.ts";

export type Shape =
  | { readonly kind: "text"; readonly pattern: RegExp | null; readonly what: string }
  | { readonly kind: "number"; readonly whole: boolean; readonly max: number }
  | { readonly kind: "boolean" }
  | { readonly kind: "word"; readonly words: readonly (string | number)[] }
  /** `identity`: the first of these fields that is known names the entry. */
  | { readonly kind: "list"; readonly of: Shape; readonly identity: readonly string[] }
  | { readonly kind: "record"; readonly fields: Fields; readonly oneLine: boolean }
  | { readonly kind: "or-none"; readonly of: Shape }
  /** `isolated`, `no-iommu` or `{sharedWith: [addresses]}`. */
  | { readonly kind: "verdict" };

export interface Field {
  readonly shape: Shape;
  /** May be unknown, and is then left out of the file. */
  readonly nullable: boolean;
  /** Left out where it has this value. */
  readonly default?: boolean;
}

export type Fields = Readonly<Record<string, Field>>;
type FieldsOf<T> = { readonly [K in keyof T]-?: Field };

const ADDRESS = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;
const PCI_ID = /^[0-9a-f]{4}:[0-9a-f]{4}$/;
/** A label of a DNS name: Proxmox takes no others for nodes. */
export const NODE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const CPU_LIST = /^(?:\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*)?$/;

const label: Shape = { kind: "text", pattern: null, what: "a text" };
const yesNo: Shape = { kind: "boolean" };
const count: Shape = { kind: "number", whole: true, max: 2 ** 31 };
const amount: Shape = { kind: "number", whole: false, max: 2 ** 40 };
const address = pattern(ADDRESS, 'a PCI address like "0000:01:00.0"');
const pciId = pattern(PCI_ID, 'a PCI id like "10de:2684"');
const mac = pattern(/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/, 'a MAC address like "bc:24:11:00:00:01"');
const cpuList = pattern(CPU_LIST, 'a list of CPUs like "0-3,8"');

const pciDevice = record<PciDevice>(
  {
    address: must(address),
    id: must(pciId),
    subsystemId: may(pciId),
    class: must(pattern(/^[0-9a-f]{6}$/, 'six hex digits like "030000"')),
    driver: may(label),
    name: may(label),
    bridge: { shape: yesNo, nullable: false, default: false },
  },
  { oneLine: true },
);

const gpu = record<GpuFacts>({
  address: may(address),
  vendor: must(words("nvidia", "amd", "intel", "other")),
  name: may(label),
  id: may(pciId),
  subsystemId: may(pciId),
  class: may(pattern(/^[0-9a-f]{6}$/, 'six hex digits like "030000"')),
  driver: may(label),
  uuid: may(pattern(/^[A-Za-z0-9-]{1,80}$/, 'an id like "GPU-…"')),
  index: may(count),
  memoryMiB: may(count),
  computeCapability: may(pattern(/^\d{1,2}\.\d{1,2}$/, 'a version like "8.9"')),
  gfx: may(pattern(/^gfx[0-9a-f]{3,6}$/, "a name like gfx1100")),
  renderNode: may(pattern(/^\/dev\/dri\/renderD\d{1,4}$/, "a node like /dev/dri/renderD128")),
  renderGid: may(count),
  integrated: may(yesNo),
  bootVga: may(yesNo),
  numaNode: may(count),
  iommuGroup: may(count),
  passthrough: may({ kind: "verdict" }),
  mig: may(list(record<MigDevice>({ uuid: must(label), profile: must(label) }, { oneLine: true }), "uuid")),
  sriov: may(
    record<NonNullable<GpuFacts["sriov"]>>({ totalVfs: must(count), numVfs: must(count) }, { oneLine: true }),
  ),
  functions: must(list(pciDevice, "address")),
});

const cpu = record<CpuFacts>({
  model: may(label),
  packages: may(count),
  cores: may(count),
  threads: may(count),
  offline: may(count),
  smt: may(yesNo),
  cap: may(orNone(amount)),
  hybrid: may(
    list(
      record<CpuKind>(
        { name: must(label), cores: must(count), threads: must(count), cpus: must(cpuList) },
        { oneLine: true },
      ),
      "name",
    ),
  ),
  numa: may(
    list(
      record<NumaNode>({ id: must(count), cpus: must(cpuList), memoryMiB: may(count) }, { oneLine: true }),
      "id",
    ),
  ),
});

const disk = record<DiskFacts>(
  {
    name: must(label),
    sizeGiB: must(amount),
    transport: may(words("nvme", "sata", "usb", "virtio", "mmc", "scsi")),
    rotational: may(yesNo),
    removable: { shape: yesNo, nullable: false, default: false },
    model: may(label),
    pci: may(address),
  },
  { oneLine: true },
);

const iommu = record<IommuFacts>({
  enabled: may(yesNo),
  kind: may(words("intel", "amd", "arm")),
  acsOverride: may(yesNo),
  groups: must(
    list(record<IommuGroup>({ id: must(count), devices: must(list(pciDevice, "address")) }), "id"),
  ),
});

type ListOf<K extends keyof IdentifierFacts> = Extract<IdentifierFacts[K], readonly unknown[]>[number];

const identifiers = record<IdentifierFacts>({
  productSerial: may(label),
  disks: may(
    list(record<ListOf<"disks">>({ name: must(label), serial: must(label) }, { oneLine: true }), "name"),
  ),
  interfaces: may(
    list(record<ListOf<"interfaces">>({ name: must(label), mac: must(mac) }, { oneLine: true }), "name"),
  ),
});

const docker = record<DockerFacts>({
  engine: may(label),
  problem: may(label),
  compose: may(label),
  buildx: may(label),
  rootless: may(yesNo),
  socketGid: may(count),
  cgroupDriver: may(label),
  storageDriver: may(label),
  defaultRuntime: may(label),
  runtimes: must(list(label)),
  cdi: may(record<NonNullable<DockerFacts["cdi"]>>({ enabled: must(yesNo), devices: must(list(label)) })),
});

/** Top level: an inventory, in the order of the file. */
export const INVENTORY_FIELDS: FieldsOf<Inventory> = {
  version: must(words(1)),
  arch: may(words("x64", "arm64", "arm", "riscv64", "ppc64le", "s390x", "other")),
  machine: must(
    record<MachineFacts>({
      vendor: may(label),
      product: may(label),
      model: may(words("dgx-spark", "jetson", "raspberry-pi", "wsl")),
      firmware: may(words("uefi", "bios", "device-tree")),
      secureBoot: may(yesNo),
    }),
  ),
  virtualization: must(record<VirtualizationFacts>({ vm: may(label), container: may(label) })),
  os: may(
    record<OsFacts>({
      id: must(pattern(/^[a-z0-9][a-z0-9._-]{0,63}$/, "an os-release ID like debian")),
      idLike: must(list(label)),
      versionId: may(label),
      codename: may(label),
      prettyName: may(label),
    }),
  ),
  kernel: may(
    record<KernelFacts>({ release: must(label), proxmox: must(yesNo), options: must(list(label)) }),
  ),
  systemd: may(orNone(record<SystemdFacts>({ version: must(count), running: may(yesNo) }))),
  cgroup: may(words(1, 2, "hybrid")),
  cpu: must(cpu),
  memory: must(
    record<MemoryFacts>({ totalMiB: may(count), capMiB: may(orNone(count)), unified: may(yesNo) }),
  ),
  disks: may(list(disk, "name")),
  gpus: may(list(gpu, "address", "uuid", "index", "name")),
  npus: may(
    list(
      record<NpuFacts>(
        {
          node: must(pattern(/^\/dev\/accel\/accel\d{1,3}$/, "a node like /dev/accel/accel0")),
          gid: may(count),
          driver: may(label),
          address: may(address),
        },
        { oneLine: true },
      ),
      "node",
    ),
  ),
  iommu: must(iommu),
  nvidia: may(
    orNone(
      record<NvidiaFacts>({
        driver: may(label),
        openModule: may(yesNo),
        toolkitInstalled: may(yesNo),
        toolkit: may(label),
        problem: may(label),
      }),
    ),
  ),
  amd: may(orNone(record<AmdFacts>({ kfd: must(yesNo), renderGid: may(count), videoGid: may(count) }))),
  kvm: must(
    record<KvmFacts>({ present: may(yesNo), usable: may(yesNo), gid: may(count), nested: may(yesNo) }),
  ),
  binfmt: may(
    list(
      record<BinfmtFacts>(
        { platform: must(label), interpreter: must(label), fixBinary: must(yesNo), enabled: must(yesNo) },
        { oneLine: true },
      ),
      "platform",
    ),
  ),
  docker: may(orNone(docker)),
  podman: may(orNone(record<PodmanFacts>({ version: must(label) }))),
  proxmox: may(
    orNone(
      record<ProxmoxFacts>({
        version: may(label),
        node: may(pattern(NODE_NAME, 'a host name like "pve1"')),
        bootLoader: may(words("grub", "systemd-boot")),
        bootTool: may(yesNo),
      }),
    ),
  ),
  identifiers: may(identifiers),
};

function must(shape: Shape): Field {
  return { shape, nullable: false };
}

function may(shape: Shape): Field {
  return { shape, nullable: true };
}

function pattern(regexp: RegExp, what: string): Shape {
  return { kind: "text", pattern: regexp, what };
}

function words(...list: readonly (string | number)[]): Shape {
  return { kind: "word", words: list };
}

function orNone(of: Shape): Shape {
  return { kind: "or-none", of };
}

function list(of: Shape, ...identity: readonly string[]): Shape {
  return { kind: "list", of, identity };
}

function record<T>(fields: FieldsOf<T>, how: { readonly oneLine: boolean } = { oneLine: false }): Shape {
  return { kind: "record", fields, oneLine: how.oneLine };
}
