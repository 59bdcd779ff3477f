// What a host does for its guests, decided: which cards go and how the kernel lets go of them, and on a Proxmox
// node each guest's settings. In: nothing. Out: records. Sizes are bytes.

import type { AcceptableRisk, GuestReset, Lifetime, OsName } from "./fleet.ts";

/** Cards that leave the host for guests. */
export interface VfioPlan {
  /** In PCI order. */
  readonly cards: readonly VfioCard[];
  /** Words for the kernel's command line that are not there for certain. */
  readonly kernelOptions: readonly { readonly token: string; readonly why: string }[];
  /** Who reads them; null: not known, so both ways are rendered. */
  readonly loader: "grub" | "systemd-boot" | null;
  /** No guest needs the card's old VGA ranges: all of them boot by UEFI. */
  readonly disableVga: boolean;
  /** proxmox-boot-tool copies kernels and command lines. */
  readonly bootTool: boolean;
  readonly accepted: readonly AcceptedRisk[];
}

export interface AcceptedRisk {
  readonly code: AcceptableRisk;
  readonly guest: string;
  /** What was found, in one line. */
  readonly words: string;
  readonly by: "spec" | "flag";
}

export interface VfioCard {
  /** As the spec names it: `0000:01:00`, or one function of it. */
  readonly address: string;
  readonly name: string | null;
  /** One of these has it at a time. */
  readonly guests: readonly string[];
  /** Every function that goes, in PCI order. */
  readonly functions: readonly CardFunction[];
  readonly binding: Binding;
  readonly why: string;
}

/**
 * Who binds the card to vfio-pci, and when. `id`: the driver itself, at boot, by vendor and device. `address`: the
 * same, where another device has that id too. `start`: the hypervisor, when the guest starts.
 */
export type Binding = "id" | "address" | "start";

export interface CardFunction {
  readonly address: string;
  /** `10de:2684` */
  readonly id: string;
  readonly subsystemId: string | null;
  readonly class: string;
  /** null: the IOMMU is off, or nobody looked. */
  readonly group: number | null;
}

export interface HypervisorPlan {
  /** Proxmox's name for the host. */
  readonly node: string;
  readonly storage: string;
  readonly snippets: string;
  readonly bridge: string;
  /** Those that ci-fleet makes; a guest may also name one that is there. */
  readonly mappings: readonly PlannedMapping[];
  /** In the order of the spec. */
  readonly guests: readonly PlannedGuest[];
  readonly access: PlannedAccess;
  readonly api: PlannedApi;
}

/** How the node's API is reached. Paths are the node's. */
export interface PlannedApi {
  readonly url: string;
  /** The file with the token. */
  readonly token: string;
  readonly ca: string;
}

export interface PlannedMapping {
  readonly id: string;
  /** The guests that ask for it. */
  readonly guests: readonly string[];
  readonly description: string;
  /** The first free one is taken, in this order. */
  readonly entries: readonly {
    /** With its domain, and its function where only that one goes. */
    readonly path: string;
    readonly id: string;
    readonly subsystemId: string | null;
    readonly group: number;
  }[];
}

/** One part of a Proxmox property string: `key=a;b`, or the value of the default key where `key` is null. */
export interface PropertyPart {
  readonly key: string | null;
  readonly values: readonly string[];
}

export interface Setting {
  readonly key: string;
  readonly parts: readonly PropertyPart[];
}

export interface PlannedGuest {
  readonly vmId: number;
  readonly name: string;
  /** First line of its description: how we know our own. */
  readonly mark: string;
  readonly lifetime: Lifetime;
  /** null: persistent. */
  readonly reset: GuestReset | null;
  readonly os: OsName;
  /** Everything but volumes, sorted by key. */
  readonly settings: readonly Setting[];
  /** Settings that ci-fleet takes away where a guest no longer has them. */
  readonly managed: readonly string[];
  readonly source: GuestSource;
  /** System disk, always `scsi0`. */
  readonly disk: { readonly size: number; readonly parts: readonly PropertyPart[] };
  /** Parts of `efidisk0`; null with SeaBIOS. */
  readonly efi: readonly PropertyPart[] | null;
  /** `local:snippets/…` for each of cloud-init's files. */
  readonly snippets: Readonly<Record<"user" | "meta" | "network", string>>;
  /** The read-only disk that ci-fleet is installed from; null: from `install`. */
  readonly programDisk: string | null;
  readonly card: { readonly mapping: string } | null;
  /** Of the node, for its caches: `mapping` is a directory mapping, and the tag by which the guest mounts it. */
  readonly folder: { readonly mapping: string; readonly path: string } | null;
  /** Proxmox's pool that it is a member of, and by which the token may do anything with it; null: none. */
  readonly pool: string | null;
  /** Why it must not be started yet, null: it may. */
  readonly held: string | null;
  readonly accepted: readonly AcceptedRisk[];
}

export type GuestSource =
  /** A linked clone shares the template's disk; a full one stands by itself. */
  | { readonly kind: "clone"; readonly template: number; readonly full: boolean }
  | ({ readonly kind: "image" } & CloudImage);

export interface CloudImage {
  readonly url: string;
  /** Where the sums are, and by which program they are checked. */
  readonly sums: { readonly url: string; readonly program: "sha256sum" | "sha512sum" };
}

/** What the API's token may do, and no more. */
export interface PlannedAccess {
  readonly user: string;
  readonly token: string;
  readonly roles: readonly { readonly id: string; readonly privileges: readonly string[] }[];
  readonly grants: readonly { readonly path: string; readonly role: string }[];
}
