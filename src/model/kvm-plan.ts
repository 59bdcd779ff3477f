// What a machine with KVM does for its guests, decided: each is a unit that runs QEMU. In: nothing. Out: records.
// Sizes are bytes, paths absolute.

import type { Flavour } from "./apply.ts";
import type { GuestHardware, Lifetime, OsName } from "./fleet.ts";
import type { AcceptedRisk, Binding, CardFunction, CloudImage } from "./hypervisor-plan.ts";

export interface KvmPlan {
  /** In the order of the spec. */
  readonly guests: readonly KvmGuest[];
}

/** A user's install has none: only root gives a guest its network, its card and its user. */
export function listOwnGuests(
  { kvm }: { readonly kvm: KvmPlan | null },
  flavour: Flavour,
): readonly KvmGuest[] {
  return flavour === "system" ? (kvm?.guests ?? []) : [];
}

export interface KvmGuest {
  readonly name: string;
  /** `acme-vm@gpu-vm.service` */
  readonly unit: string;
  /** Started with the fleet. */
  readonly starts: boolean;
  readonly lifetime: Lifetime;
  readonly os: OsName;
  readonly places: {
    /** `/etc/ci-fleet/acme/vm/gpu-vm`: its script and its seed. */
    readonly config: string;
    /** `/var/lib/ci-fleet/acme/vm/gpu-vm`: its disks. */
    readonly state: string;
    /** `/run/ci-fleet/acme/vm/gpu-vm`: monitor and console. */
    readonly run: string;
  };
  readonly image: CloudImage;
  readonly disk: number;
  readonly cpus: number;
  readonly memory: number;
  readonly hardware: GuestHardware;
  readonly network: {
    readonly mac: string;
    /** null: QEMU's own network, in which the guest reaches out and is not reached. */
    readonly bridge: { readonly name: string; readonly tap: string } | null;
    /** Port of the host's own 127.0.0.1 that leads to the guest's SSH. */
    readonly sshPort: number | null;
  };
  /** The read-only disk that ci-fleet is installed from; null: from `install`. */
  readonly programDisk: string | null;
  readonly card: KvmCard | null;
  readonly accepted: readonly AcceptedRisk[];
}

export interface KvmCard {
  readonly binding: Binding;
  /** In PCI order, the card itself first. */
  readonly functions: readonly CardFunction[];
  /** On a PCI Express port of its own. */
  readonly isExpress: boolean;
}

/** Where downloaded images lie: one for all guests and fleets, each written once. */
export const IMAGE_FOLDER = "/var/lib/ci-fleet/images";
