// Every decision made before a byte is rendered: names, sizes, devices, paths, images. Render and act
// choose nothing. Sizes are bytes, durations milliseconds. In: nothing. Out: records.

import type { AuthorityRead, PlannedNetwork } from "./authority.ts";
import type { Capacity } from "./capacity.ts";
import type {
  AcceptableRisk,
  CacheSpec,
  DockerMode,
  GuestNetwork,
  HostSpec,
  InstallSpec,
  Lifetime,
  OsName,
  RunMode,
  TargetSpec,
  VolumeSpec,
} from "./fleet.ts";
import type { HypervisorPlan, VfioPlan } from "./hypervisor-plan.ts";
import type { GpuVendor, Inventory } from "./inventory.ts";
import type { KvmPlan } from "./kvm-plan.ts";
import type { PlannedWatchdog } from "./planned-watchdog.ts";

export interface Plan {
  readonly fleet: string;
  /** Of ci-fleet itself, for banners and manifests. */
  readonly ciFleetVersion: string;
  /** File name of the spec, for banners: `fleet.yaml`. */
  readonly specFile: string;
  /** Unit and folder names on every host. */
  readonly units: UnitNames;
  readonly targets: readonly TargetSpec[];
  readonly runner: PlannedRunner;
  readonly network: PlannedNetwork;
  readonly install: InstallSpec | null;
  /** In the order of the spec. */
  readonly hosts: readonly PlannedHost[];
  readonly pools: readonly PlannedPool[];
  readonly watchdog: PlannedWatchdog;
}

/** systemd unit names of one fleet; instances are slot names. */
export interface UnitNames {
  /** `acme.target` */
  readonly target: string;
  /** `acme-container@` (add `<slot>.service`) */
  readonly container: string;
  readonly process: string;
  readonly mint: string;
  /** `acme-watchdog` (add `.service`, `.timer`) */
  readonly watchdog: string;
  /** `acme-cache` (add `.service`, `.timer`): rotation and pruning of caches. */
  readonly cache: string;
  /** `acme-binfmt.service` */
  readonly binfmt: string;
  /** `acme-rootless.service`: the rootless engine jobs may use. */
  readonly rootless: string;
  /** `acme-vm@` (add `<guest>.service`): guests of a machine with KVM. */
  readonly vm: string;
}

export interface PlannedRunner {
  /** Never null: `2.337.0`. */
  readonly version: string;
  readonly versionFrom: "spec" | "built-in";
  readonly checksums: Readonly<Record<"linux-x64" | "linux-arm64", string | null>>;
}

/** Where things lie on a host installed for the whole system; `--user` uses the XDG equivalents. */
export interface Places {
  /** `/usr/bin/ci-fleet` */
  readonly binary: string;
  /** `/etc/ci-fleet/acme`: rendered copies. */
  readonly config: string;
  /** `/var/lib/ci-fleet/acme`: below it `<slot>/state`, `<slot>/work`, `<slot>/cache/<name>`, `drained/<slot>`. */
  readonly state: string;
  /** `/run/ci-fleet/acme`: below it `<slot>/runner`, the folder a runner reads its secret from. */
  readonly run: string;
  /** `/opt/ci-fleet/runner`: below it `<version>`. */
  readonly runner: string;
}

export interface PlannedHost {
  readonly name: string;
  readonly spec: HostSpec;
  readonly kind: HostSpec["kind"];
  readonly arch: "x64" | "arm64";
  /** `linux/amd64` */
  readonly platform: string;
  /** `detected`: from hosts/<name>.yaml; `expected`: from the spec and the parent, before its first boot. */
  readonly factsFrom: "detected" | "expected";
  readonly facts: HostFacts;
  /** `none`: clusters and hypervisors, which hold no slots of their own. */
  readonly supervision: "systemd" | "compose" | "none";
  readonly places: Places;
  readonly placements: readonly Placement[];
  /** Credential files that units load: one for each target that mints on this host. */
  readonly credentials: readonly CredentialFile[];
  /** Platforms whose QEMU handlers jobs here need: `linux/riscv64`. */
  readonly emulate: readonly string[];
  readonly capacity: Capacity;
  readonly provisioning: Provisioning | null;
  /** null: it is no guest that powers off after a job. */
  readonly oneJob: OneJob | null;
  /** Cards that leave for guests; null: none does. */
  readonly vfio: VfioPlan | null;
  /** null: no Proxmox node. */
  readonly hypervisor: HypervisorPlan | null;
  /** null: no machine, or one without guests. */
  readonly kvm: KvmPlan | null;
}

/** The few facts that decide what is rendered. */
export interface HostFacts {
  readonly os: {
    readonly id: string;
    readonly versionId: string | null;
    readonly codename: string | null;
  } | null;
  readonly systemd: number | null;
  readonly docker: {
    readonly engine: string | null;
    readonly compose: string | null;
    readonly rootless: boolean;
    readonly socketGid: number | null;
    readonly cgroup: 1 | 2 | "hybrid" | null;
  } | null;
  readonly cpus: number | null;
  readonly memory: number | null;
  readonly machine: string | null;
}

export interface CredentialFile {
  readonly target: string;
  /** systemd credential name, `default.pem` or `default.token`. */
  readonly id: string;
  /** Absolute path on the host. */
  readonly path: string;
}

/** One pool on one host. */
export interface Placement {
  readonly pool: string;
  readonly target: string;
  readonly run: RunMode;
  readonly lifetime: Lifetime;
  readonly slots: readonly PlannedSlot[];
  /** All labels, lower case, derived ones first, no duplicates. */
  readonly labels: readonly string[];
  /** `linux/arm64`; differs from the host's when the runner itself is emulated. */
  readonly platform: string;
  readonly emulated: boolean;
  /** null for process slots. */
  readonly image: PlannedImage | null;
  readonly limits: {
    readonly cpus: number | null;
    readonly memory: number | null;
    readonly pids: number | null;
  };
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: readonly VolumeSpec[];
  readonly caches: readonly PlannedCache[];
  readonly docker: DockerMode;
  readonly gpu: GpuAccess | null;
  /**
   * Work folder as the runner sees it: container slots without Docker use
   * `/home/runner/_work`; where jobs may use Docker it is `<state>/<slot>/work`, the same path on the
   * host, because bind mounts of container jobs are resolved by the engine.
   */
  readonly work: "inside-image" | "same-as-host";
  /** uid and gid of the runner: 1001 and 1001 in the official image; null for process slots (their user's). */
  readonly uid: number | null;
  /** System user of process slots: `ci-fleet`. */
  readonly user: string | null;
  readonly maxJob: number;
}

export interface PlannedSlot {
  /** `<fleet>-<pool>-<host>-<n>`, n from 1. */
  readonly name: string;
  readonly index: number;
  /** Started at boot; the others wait for the watchdog. */
  readonly always: boolean;
  readonly gpus: readonly SlotGpu[];
}

export interface SlotGpu {
  readonly vendor: GpuVendor;
  /** How messages name it: UUID, MIG UUID, PCI address, or render node. */
  readonly id: string;
  /**
   * What to write where the card is chosen. NVIDIA: UUID or MIG UUID, an index only where no UUID is known
   * yet (`nvidia.com/gpu=<selector>`, `device_ids`, NVIDIA_VISIBLE_DEVICES, CUDA_VISIBLE_DEVICES). AMD: what
   * ROCR_VISIBLE_DEVICES takes. Intel: what ZE_AFFINITY_MASK takes. Containers with `nodes` use `renderNode`.
   */
  readonly selector: string;
  readonly name: string | null;
  readonly address: string | null;
  readonly renderNode: string | null;
  readonly index: number | null;
}

/** How the cards of a placement reach its containers or processes; the ids are in the slots. */
export type GpuAccess =
  /** `devices: ["nvidia.com/gpu=<uuid>"]`; survives daemon-reload. */
  | { readonly kind: "cdi"; readonly vendor: "nvidia"; readonly why: string }
  /** `deploy.resources.reservations.devices` */
  | {
      readonly kind: "reservation";
      readonly vendor: "nvidia";
      readonly driver: "nvidia" | "cdi";
      readonly capabilities: readonly string[];
      readonly why: string;
    }
  /** `runtime: nvidia` and environment. */
  | {
      readonly kind: "runtime";
      readonly vendor: "nvidia";
      readonly capabilities: readonly string[];
      readonly why: string;
    }
  /** Device nodes and numeric groups: AMD, Intel. `shared`: nodes for every slot (`/dev/kfd`). */
  | {
      readonly kind: "nodes";
      readonly vendor: "amd" | "intel";
      readonly shared: readonly string[];
      readonly groups: readonly number[];
      readonly why: string;
    }
  /** Process slots: an environment variable restricts what the job sees. */
  | {
      readonly kind: "environment";
      readonly vendor: "nvidia" | "amd" | "intel";
      readonly variable: string;
      /** A second variable, where selectors are indices: it makes the driver count in PCI order. */
      readonly order: { readonly variable: string; readonly value: string } | null;
      /** Numeric groups that may open the device nodes. */
      readonly groups: readonly number[];
      readonly why: string;
    };

export type PlannedImage =
  | { readonly kind: "pull"; readonly reference: string }
  /** Built on the host by `apply`; the tag is a hash of everything that goes in. */
  | {
      readonly kind: "build";
      /** `localhost/ci-fleet/<fleet>/<pool>:<hash>`: no registry can answer for it, so nobody can plant it. */
      readonly reference: string;
      /** What the Dockerfile starts from; null where the repo's own Dockerfile says it. */
      readonly base: string | null;
      readonly context: ImageContext;
    };

export type ImageContext =
  | { readonly kind: "packages"; readonly packages: readonly string[] }
  /** Files of the repo's own folder, Dockerfile among them; paths relative to it. */
  | {
      readonly kind: "files";
      /** Name of the Dockerfile among `files`. */
      readonly dockerfile: string;
      readonly files: readonly {
        readonly path: string;
        readonly content: string;
        readonly executable: boolean;
      }[];
    };

export interface PlannedCache {
  readonly spec: CacheSpec;
  /** buildx: one folder for each; folder caches: empty. */
  readonly platforms: readonly string[];
  /**
   * Where it is mounted for the job. null: nowhere, the host folder `<state>/<slot>/cache/<name>` itself is
   * used (buildx caches of process slots). Below a buildx cache lies a folder for each platform, `linux-arm64`.
   */
  readonly path: string | null;
  /** Variable in the job's environment that holds the folder as the job sees it: `CI_FLEET_CACHE_BUILDX`. */
  readonly variable: string;
}

export interface PlannedPool {
  readonly name: string;
  readonly target: string;
  readonly run: RunMode;
  readonly lifetime: Lifetime;
  readonly runnerGroup: string | null;
  readonly hosts: readonly string[];
  /** Hosts that a pool without `hosts:` passes over, each with the reason. */
  readonly leftOut: readonly { readonly host: string; readonly why: string }[];
  /** Slots in all. */
  readonly slots: number;
  readonly scaling: { readonly min: number; readonly max: number; readonly idle: number } | null;
  /** Labels that every one of its slots has: what a workflow may ask of the whole pool. */
  readonly labels: readonly string[];
  /** Different label sets within the pool (architectures), each with its hosts. */
  readonly variants: readonly {
    readonly labels: readonly string[];
    readonly hosts: readonly string[];
    readonly arch: "x64" | "arm64";
  }[];
  readonly gpu: { readonly vendor: "nvidia" | "amd" | "intel"; readonly perRunner: number } | null;
  readonly docker: DockerMode;
  readonly caches: readonly PlannedCache[];
  readonly emulate: readonly string[];
  readonly timeoutMinutes: number;
}

/** A guest that runs one job and powers off, to be made clean by its parent. */
export interface OneJob {
  /**
   * `once`: its first boot sets it up and powers off, and what it is then is what each job finds. `each-boot`: every
   * boot is a first one, and serves when it is set up.
   */
  readonly setUp: "once" | "each-boot";
}

/** What cloud-init does on a host's first boot. */
export interface Provisioning {
  readonly os: OsName;
  readonly hostname: string;
  readonly network: GuestNetwork;
  readonly sshKeys: readonly string[];
  /** By which it mounts a folder of its parent's for the caches of its slots (virtiofs); null: they are on its disk. */
  readonly cacheTag: string | null;
  /** Its Proxmox node asks QEMU's agent in it to shut down (qm.conf(5), `agent`), and nothing else. */
  readonly agent: boolean;
  readonly nvidia: boolean;
  readonly docker: boolean;
}

/** What plan needs beside the fleet; cli reads the files. */
export interface PlanInputs {
  readonly specFile: string;
  readonly ciFleetVersion: string;
  /** null: the file does not exist. Absent: not a host that has one. */
  readonly inventories: ReadonlyMap<string, Inventory | null>;
  /** Folder of each `image.dockerfile`, by the path as written in the spec; a string is why it could not be read. */
  readonly imageFolders: ReadonlyMap<string, Extract<ImageContext, { kind: "files" }>["files"] | string>;
  /** The file of `network.ca`; null where the spec names none of its repository. */
  readonly authority: AuthorityRead | null;
  /** Accepted for this run, for every guest. */
  readonly acceptedRisks: readonly AcceptableRisk[];
}
