// What one machine really has: written by `init` on that machine to hosts/<name>.yaml, read by plan.
// `null` means unknown; an empty list or "none" means that there is none. Where a field says otherwise, its
// comment does. Volatile values (free memory, temperatures) have no place here; what identifies a person's
// machine (serial numbers, MAC addresses) only in `identifiers`, which is there when it was asked for. In: nothing.
// Out: records.

export type Arch = "x64" | "arm64" | "arm" | "riscv64" | "ppc64le" | "s390x" | "other";
export type GpuVendor = "nvidia" | "amd" | "intel" | "other";

export interface Inventory {
  /** Format of this document. */
  readonly version: 1;
  readonly arch: Arch | null;
  readonly machine: MachineFacts;
  readonly os: OsFacts | null;
  readonly kernel: KernelFacts | null;
  readonly cpu: CpuFacts;
  readonly memory: MemoryFacts;
  readonly disks: readonly DiskFacts[] | null;
  readonly virtualization: VirtualizationFacts;
  /** 2 unified, "hybrid" v1 with a v2 tree for systemd, 1 legacy. */
  readonly cgroup: 1 | 2 | "hybrid" | null;
  readonly iommu: IommuFacts;
  /** Every display or compute adapter a job or a guest could use; BMC and virtual adapters excluded. */
  readonly gpus: readonly GpuFacts[] | null;
  /** Neural processing units with a device node: `/dev/accel/accel0`. */
  readonly npus: readonly NpuFacts[] | null;
  readonly nvidia: NvidiaFacts | None | null;
  readonly amd: AmdFacts | None | null;
  readonly kvm: KvmFacts;
  readonly binfmt: readonly BinfmtFacts[] | null;
  readonly docker: DockerFacts | None | null;
  readonly podman: PodmanFacts | None | null;
  readonly systemd: SystemdFacts | None | null;
  readonly proxmox: ProxmoxFacts | None | null;
  /** null: nobody asked for it. */
  readonly identifiers: IdentifierFacts | null;
}

/** Looked for and not there: no such software, hardware or limit on this machine. */
export type None = "none";

/** The facts where there are some: null for "none" and for unknown alike. */
export function presentOrNull<T extends object>(facts: T | None | null): T | null {
  return facts === "none" ? null : facts;
}

export type MachineModel = "dgx-spark" | "jetson" | "raspberry-pi" | "wsl";

export interface MachineFacts {
  readonly vendor: string | null;
  readonly product: string | null;
  /** A machine with its own rules, null where none applies. `dgx-spark` is every machine with a GB10. */
  readonly model: MachineModel | null;
  readonly secureBoot: boolean | null;
  readonly firmware: "uefi" | "bios" | "device-tree" | null;
}

/** From os-release: `debian`, `["debian"]`, `12`, `bookworm`. */
export interface OsFacts {
  readonly id: string;
  readonly idLike: readonly string[];
  readonly versionId: string | null;
  readonly codename: string | null;
  readonly prettyName: string | null;
}

export interface KernelFacts {
  /** `6.8.12-4-pve`. */
  readonly release: string;
  readonly proxmox: boolean;
  /** Tokens of the command line that matter here: iommu, vfio, ACS override, console, cgroup. */
  readonly options: readonly string[];
}

export interface CpuFacts {
  readonly model: string | null;
  readonly packages: number | null;
  /** Physical cores online. */
  readonly cores: number | null;
  /** Logical CPUs online. */
  readonly threads: number | null;
  /** Logical CPUs present but offline. */
  readonly offline: number | null;
  readonly smt: boolean | null;
  /** More than one kind of core: performance and efficiency, big and little. Empty: all cores are equal. */
  readonly hybrid: readonly CpuKind[] | null;
  readonly numa: readonly NumaNode[] | null;
  /** CPUs that a cgroup quota or cpuset leaves to us, where fewer than `threads`; may be a fraction. */
  readonly cap: number | None | null;
}

export interface CpuKind {
  /** `performance`, `efficiency`, `low-power`, or `kind-0` where the kernel gives only a capacity. */
  readonly name: string;
  readonly cores: number;
  readonly threads: number;
  /** Linux cpulist, `0-11`. */
  readonly cpus: string;
}

export interface NumaNode {
  readonly id: number;
  readonly cpus: string;
  readonly memoryMiB: number | null;
}

export interface MemoryFacts {
  readonly totalMiB: number | null;
  /** The limit of the cgroup we run in, or of one above it. */
  readonly capMiB: number | None | null;
  /** CPU and GPU share one memory (GB10, Jetson, APU). */
  readonly unified: boolean | null;
}

export interface DiskFacts {
  readonly name: string;
  readonly sizeGiB: number;
  readonly rotational: boolean | null;
  readonly removable: boolean;
  readonly transport: "nvme" | "sata" | "usb" | "virtio" | "mmc" | "scsi" | null;
  readonly model: string | null;
  /** Address of the controller, joins IOMMU groups with disks: `0000:03:00.0`. */
  readonly pci: string | null;
}

export interface VirtualizationFacts {
  /** systemd-detect-virt's words: `kvm`, `vmware`, `vm-other`, `none`. */
  readonly vm: string | null;
  /** The same for containers: `docker`, `podman`, `lxc`, `wsl`, `container-other`, `none`. */
  readonly container: string | null;
}

export interface IommuFacts {
  readonly enabled: boolean | null;
  readonly kind: "intel" | "amd" | "arm" | null;
  /** `pcie_acs_override=` makes the groups untrue. */
  readonly acsOverride: boolean | null;
  /** Groups that hold a GPU, with every member; the rest would only be noise in a diff. */
  readonly groups: readonly IommuGroup[];
}

export interface IommuGroup {
  readonly id: number;
  readonly devices: readonly PciDevice[];
}

export interface PciDevice {
  /** `0000:01:00.0`, domain of four or more lower-case hex digits. */
  readonly address: string;
  /** `10de:2684`. */
  readonly id: string;
  readonly subsystemId: string | null;
  /** Six hex digits, `030000`. */
  readonly class: string;
  /** null: no driver is bound. */
  readonly driver: string | null;
  /** From pci.ids, a label only: never decide by it. */
  readonly name: string | null;
  readonly bridge: boolean;
}

export interface GpuFacts {
  readonly address: string | null;
  readonly vendor: GpuVendor;
  readonly name: string | null;
  readonly id: string | null;
  readonly subsystemId: string | null;
  readonly class: string | null;
  readonly driver: string | null;
  /** All functions of the card, virtual ones with them: `["0000:01:00.0", "0000:01:00.1"]`. */
  readonly functions: readonly PciDevice[];
  readonly numaNode: number | null;
  readonly iommuGroup: number | null;
  readonly bootVga: boolean | null;
  readonly integrated: boolean | null;
  readonly passthrough: PassthroughVerdict | null;
  /** The card's own memory; null where the vendor tool does not say (GB10: use memory.unified). */
  readonly memoryMiB: number | null;
  /** NVIDIA `GPU-…`, AMD unique id; never a serial number. */
  readonly uuid: string | null;
  /** NVIDIA index by nvidia-smi; changes when cards move, uuid does not. */
  readonly index: number | null;
  readonly computeCapability: string | null;
  readonly gfx: string | null;
  /** `/dev/dri/renderD128`. */
  readonly renderNode: string | null;
  /** Numeric group of the render node: AMD and Intel runners join it, for names differ between images. */
  readonly renderGid: number | null;
  readonly mig: readonly MigDevice[] | null;
  /** null: the card offers no virtual functions. */
  readonly sriov: { readonly totalVfs: number; readonly numVfs: number } | null;
}

export interface MigDevice {
  readonly uuid: string;
  /** `1g.10gb`. */
  readonly profile: string;
}

/** May this card be given to a guest? Says with whom it shares its group when not. */
export type PassthroughVerdict =
  | { readonly kind: "isolated" }
  | { readonly kind: "shared"; readonly with: readonly string[] }
  | { readonly kind: "no-iommu" };

export interface NpuFacts {
  readonly node: string;
  /** Numeric group of the node. */
  readonly gid: number | null;
  readonly driver: string | null;
  readonly address: string | null;
}

export interface NvidiaFacts {
  readonly driver: string | null;
  readonly openModule: boolean | null;
  /** `nvidia-container-toolkit` found: its version, or null where only the binary is there. */
  readonly toolkit: string | null;
  readonly toolkitInstalled: boolean | null;
  /** Where nvidia-smi failed: its exit code and meaning. */
  readonly problem: string | null;
}

export interface AmdFacts {
  /** `/dev/kfd` exists: compute possible. */
  readonly kfd: boolean;
  readonly renderGid: number | null;
  readonly videoGid: number | null;
}

export interface KvmFacts {
  readonly present: boolean | null;
  /** Opened for reading and writing by the user who ran detect. */
  readonly usable: boolean | null;
  readonly gid: number | null;
  readonly nested: boolean | null;
}

export interface BinfmtFacts {
  /** `linux/riscv64`. */
  readonly platform: string;
  readonly interpreter: string;
  /** Flag F: works inside containers. */
  readonly fixBinary: boolean;
  readonly enabled: boolean;
}

export interface DockerFacts {
  /** Engine version; null where the client is there but no engine answers. */
  readonly engine: string | null;
  /** `2.40.3`; `none` where the plugin is not installed. */
  readonly compose: string | null;
  /** The same. */
  readonly buildx: string | null;
  readonly runtimes: readonly string[];
  readonly defaultRuntime: string | null;
  /** Whether the engine reads CDI specifications, and the device names that those on this host offer. */
  readonly cdi: { readonly enabled: boolean; readonly devices: readonly string[] } | null;
  readonly cgroupDriver: string | null;
  readonly rootless: boolean | null;
  readonly storageDriver: string | null;
  readonly socketGid: number | null;
  readonly problem: string | null;
}

export interface PodmanFacts {
  readonly version: string;
}

export interface SystemdFacts {
  readonly version: number;
  /** It is PID 1 here and now. */
  readonly running: boolean | null;
}

export interface ProxmoxFacts {
  /** `9.1.1`. */
  readonly version: string | null;
  readonly node: string | null;
  readonly bootLoader: "grub" | "systemd-boot" | null;
  /** Kernels and initramfs are placed by proxmox-boot-tool. */
  readonly bootTool: boolean | null;
}

/** Serial numbers and hardware addresses, for people who keep a list of their machines; no decision reads them. */
export interface IdentifierFacts {
  readonly productSerial: string | null;
  /** Disks that say a serial number; virtual ones rarely do. */
  readonly disks: readonly { readonly name: string; readonly serial: string }[] | null;
  /** Network hardware by the address that it was made with. */
  readonly interfaces: readonly { readonly name: string; readonly mac: string }[] | null;
}

/** How one fact was learned, or why it is not known. Keyed by dotted path in `Detection.sources`. */
export interface FactSource {
  /** A file below the root, or a command line: `/proc/meminfo`, `nvidia-smi --query-gpu=…`. */
  readonly from: string | null;
  /** Only for unknown facts: `EACCES`, `timed out after 5 s`, `not installed`. */
  readonly unknown?: string;
}

/** An inventory with the story of how it was learned; only the inventory is written to the repo. */
export interface Detection {
  readonly inventory: Inventory;
  readonly sources: Readonly<Record<string, FactSource>>;
  /** Things a person should know that are no field: a stale CDI spec, a device node without driver. */
  readonly remarks: readonly string[];
}
