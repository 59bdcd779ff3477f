// The fleet as a person means it: the spec with every default filled in and every value checked by
// itself. What machines really have is not yet known here. In: nothing. Out: records.
// Sizes are bytes, durations milliseconds, counts integers.

import type { DocPath } from "../base/diagnostic.ts";

export interface Fleet {
  readonly version: 1;
  /** Semver range of ci-fleet that may touch the files, null where none is asked. */
  readonly requires: string | null;
  readonly name: string;
  /** At least one; the sugar `github:` gives one named `default`. */
  readonly targets: readonly TargetSpec[];
  readonly runner: RunnerSpec;
  readonly network: NetworkSpec;
  readonly install: InstallSpec | null;
  /** In the order of the file; `count: 3` of a vm is three entries. */
  readonly hosts: readonly HostSpec[];
  readonly pools: readonly PoolSpec[];
  readonly watchdog: WatchdogSpec;
}

export type TargetScope =
  | { readonly kind: "organization"; readonly owner: string }
  | { readonly kind: "repository"; readonly owner: string; readonly repo: string }
  | { readonly kind: "enterprise"; readonly slug: string }
  /** A personal account: one registration per repository; names without their owner. */
  | { readonly kind: "repositories"; readonly owner: string; readonly repos: readonly string[] };

export interface TargetSpec {
  readonly name: string;
  /** As written, without a trailing slash: `https://github.com/acme`. */
  readonly url: string;
  readonly scope: TargetScope;
  readonly flavour: "github.com" | "ghe.com" | "ghes";
  readonly apiUrl: string;
  /** null: GitHub's default group (id 1); only organizations and enterprises have groups. */
  readonly runnerGroup: string | null;
  readonly auth: AuthSpec;
  /** Whether `auth` was written; if not, credentials are looked for in /etc/ci-fleet. */
  readonly authWritten: boolean;
  readonly at: DocPath;
}

export type AuthSpec =
  | { readonly kind: "app"; readonly clientId: string; readonly privateKey: string }
  | { readonly kind: "token"; readonly file: string }
  | { readonly kind: "gh"; readonly user: string }
  | {
      readonly kind: "broker";
      readonly url: string;
      readonly user: string | null;
      readonly host: string;
      readonly port: number | null;
    }
  /** Nothing was said: `app.pem` + `app.id`, else `token`, in this folder. */
  | { readonly kind: "search"; readonly folder: string };

export interface RunnerSpec {
  /** `2.338.1`; null: the newest that this ci-fleet knows. */
  readonly version: string | null;
  readonly image: string;
  /** `sha256:…` of the image. */
  readonly digest: string | null;
  /** sha256 in hex of the tarball by platform, written by `bump`. */
  readonly checksums: Readonly<Record<"linux-x64" | "linux-arm64", string | null>>;
  readonly at: DocPath;
}

export interface NetworkSpec {
  readonly proxy: string | null;
  readonly noProxy: readonly string[];
  /** Path of a PEM file: absolute on the hosts, relative in the repository. */
  readonly ca: string | null;
  /** `[{match: …}]`-free: base URLs that replace distribution and image registries on provisioned hosts. */
  readonly mirrors: { readonly apt: string | null; readonly docker: string | null };
}

export interface InstallSpec {
  readonly url: string;
  readonly sha256: string;
}

interface HostCommon {
  readonly name: string;
  readonly at: DocPath;
}

export interface MachineSpec extends HostCommon {
  readonly kind: "machine";
  /** Set: provisioned by cloud-init, so its files are rendered. */
  readonly os: OsName | null;
  /** That its guests are on; null: each has QEMU's own network. */
  readonly bridge: string | null;
  readonly network: GuestNetwork;
  readonly sshKeys: readonly string[];
}

export interface ProxmoxSpec extends HostCommon {
  readonly kind: "proxmox";
  readonly storage: string;
  readonly snippets: string;
  readonly bridge: string;
  /** VM id of a template to clone; null: created from a cloud image. */
  readonly template: number | null;
  readonly firstId: number;
  /** Resource mappings to make: cards that guests share one after another, by the name they ask for. */
  readonly mappings: readonly { readonly name: string; readonly cards: readonly string[] }[];
  /** `token`: a path; null: where access.sh puts it. */
  readonly api: { readonly url: string; readonly token: string | null; readonly ca: string };
}

export interface VmSpec extends HostCommon {
  readonly kind: "vm";
  readonly parent: string;
  /** Name before `count` was expanded. */
  readonly base: string;
  /** 1-based number among its kind, null without `count`. */
  readonly ordinal: number | null;
  readonly limits: { readonly cpus: number; readonly memory: number };
  readonly disk: number;
  /** On the parent; each guest has a folder of its own below. */
  readonly cacheFolder: string | null;
  /** PCI address without function, `0000:01:00`, or the name of a resource mapping. */
  readonly gpu: string | null;
  readonly os: OsName;
  readonly network: GuestNetwork;
  readonly sshKeys: readonly string[];
  readonly vmId: number | null;
  /** Port of the parent's 127.0.0.1 that leads to the guest's SSH; only where QEMU is its network. */
  readonly sshPort: number | null;
  readonly lifetime: Lifetime;
  /** null: nothing was said, which means `rollback` where it is ephemeral and its parent a Proxmox node. */
  readonly reset: GuestReset | null;
  readonly hardware: GuestHardware;
  /** Codes of findings about its card that the writer has weighed and takes. */
  readonly acceptRisk: readonly AcceptableRisk[];
}

/** How a guest's machine is made, in Proxmox's own words where it has one. null: chosen by plan. */
export interface GuestHardware {
  readonly machine: "q35" | "i440fx";
  readonly bios: "ovmf" | "seabios";
  readonly secureBoot: boolean;
  readonly cpu: string;
  /** `+pcid`, `-ibpb`. */
  readonly flags: readonly string[];
  readonly numa: boolean;
  readonly hugepages: "2MiB" | "1GiB" | "any" | null;
  readonly vga: "none" | "std" | "virtio" | "qxl" | "serial0" | null;
  readonly pcie: boolean | null;
  readonly rombar: boolean;
  readonly romfile: string | null;
  readonly xVga: boolean;
  readonly scsihw: string;
  readonly iothread: boolean | null;
  readonly cache: string;
  readonly discard: boolean;
  readonly ssd: boolean;
  readonly vlan: number | null;
  readonly firewall: boolean;
  readonly mtu: number | null;
  readonly queues: number | null;
  readonly onboot: boolean;
  readonly startup: {
    readonly order: number | null;
    /** Milliseconds. */
    readonly up: number | null;
    readonly down: number | null;
  } | null;
  readonly tags: readonly string[];
}

/** Findings about a guest's card that a person may accept; the others are never a matter of taste. */
export const ACCEPTABLE_RISKS = ["CF213", "CF734", "CF735", "CF737"] as const;
export type AcceptableRisk = (typeof ACCEPTABLE_RISKS)[number];

export interface KubernetesSpec extends HostCommon {
  readonly kind: "kubernetes";
  readonly namespace: string;
  readonly arch: "x64" | "arm64";
}

export type HostSpec = MachineSpec | ProxmoxSpec | VmSpec | KubernetesSpec;
export type OsName = "debian-12" | "debian-13" | "ubuntu-22.04" | "ubuntu-24.04" | "ubuntu-26.04" | "arch";

export type GuestNetwork =
  | { readonly kind: "dhcp" }
  | {
      readonly kind: "static";
      readonly address: string;
      readonly gateway: string | null;
      readonly dns: readonly string[];
      readonly mac: string | null;
    };

export type Lifetime = "ephemeral" | "persistent";
/** Back to the snapshot of its first boot, or destroyed and cloned anew. */
export type GuestReset = "rollback" | "clone";
export type RunMode = "container" | "process";
export type DockerMode = "none" | "socket" | "rootless" | "dind";

export interface PoolSpec {
  readonly name: string;
  /** null: every host that can. */
  readonly hosts: readonly string[] | null;
  readonly target: string;
  readonly run: RunMode;
  readonly lifetime: Lifetime;
  readonly runners: RunnerCount;
  readonly gpu: GpuRequest | null;
  /** Added to the derived ones, as written. */
  readonly labels: readonly string[];
  readonly limits: LimitsSpec;
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: readonly VolumeSpec[];
  readonly image: ImageSpec | null;
  readonly docker: DockerMode;
  /** The writer vouches for everyone who can send a job here. */
  readonly trusted: boolean;
  /** The writer accepts that jobs could read a credential on the host: product, promise 3. */
  readonly acceptLocalCredential: boolean;
  readonly caches: readonly CacheSpec[];
  /** Platforms that jobs may build and run under QEMU: `linux/riscv64`. */
  readonly emulate: readonly string[];
  /** Runs the runner itself emulated; null: the host's own. */
  readonly platform: "linux/amd64" | "linux/arm64" | null;
  /** Longest job; GitHub's ceiling is five days. */
  readonly maxJob: number;
  readonly at: DocPath;
}

/** `fixed`: the same number on each host. `range`: min and max count the whole pool. */
export type RunnerCount =
  | { readonly kind: "fixed"; readonly perHost: number }
  | {
      readonly kind: "range";
      readonly min: number;
      readonly max: number;
      readonly perHost: number | null;
      readonly idle: number;
    };

export interface GpuRequest {
  readonly vendor: "nvidia" | "amd" | "intel";
  /** Whole cards (or MIG devices) for each runner. */
  readonly perRunner: number;
  readonly match: { readonly model: string | null; readonly memory: number | null };
  /** MIG profile, `1g.10gb`. */
  readonly mig: string | null;
  /** Slots that share one card; 1: not shared. */
  readonly share: number;
  /** NVIDIA driver capabilities. */
  readonly capabilities: readonly string[];
}

export interface LimitsSpec {
  /** May be fractional for containers. */
  readonly cpus: number | null;
  readonly memory: number | null;
  readonly pids: number | null;
}

export interface VolumeSpec {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export type ImageSpec =
  | { readonly kind: "packages"; readonly packages: readonly string[]; readonly from: string | null }
  | { readonly kind: "dockerfile"; readonly dockerfile: string }
  | { readonly kind: "from"; readonly from: string };

export type CacheSpec =
  | { readonly kind: "folder"; readonly name: string; readonly path: string; readonly size: number }
  /** One folder per platform, rotated. */
  | { readonly kind: "buildx"; readonly name: string; readonly size: number };

export interface WatchdogSpec {
  readonly mode: "timer" | "daemon";
  readonly every: number;
  readonly offlineAfter: number;
  /** Host that prunes the ghosts of hosts that are gone; null: the first machine. */
  readonly deputy: string | null;
  readonly scale: { readonly activeWithin: number };
  readonly budget: { readonly githubRequestsPerHour: number; readonly removalsPerPass: number };
  readonly metrics: string | null;
  readonly ping: string | null;
  /** `ADDRESS:PORT`, or `none`. */
  readonly listen: string;
  readonly webhook: { readonly secret: string } | null;
  readonly at: DocPath;
}
