// A machine with KVM and the guests that it runs by itself, each from a unit. In: the fleet, the machine, its guests,
// the cards that go. Out: the plan of its guests; null where there are none.

import { hashText } from "../base/hash-text.ts";
import type { Fleet, MachineSpec, VmSpec } from "../model/fleet.ts";
import type { VfioPlan } from "../model/hypervisor-plan.ts";
import { IMAGE_FOLDER, type KvmCard, type KvmGuest, type KvmPlan } from "../model/kvm-plan.ts";
import { nameUnits, placesOf } from "../model/names.ts";
import type { PlanInputs } from "../model/plan.ts";
import type { Departures } from "./check-guests.ts";
import { findCloudImage } from "./cloud-images.ts";
import { chooseMac } from "./describe-guest.ts";
import type { Site } from "./site.ts";

export interface MachineParts {
  readonly fleet: Fleet;
  readonly inputs: PlanInputs;
  readonly site: Site;
  readonly guests: readonly VmSpec[];
  readonly vfio: VfioPlan | null;
  readonly departures: Departures | undefined;
}

export function planKvm(parts: MachineParts): KvmPlan | null {
  const { site, guests } = parts;
  const { spec } = site;
  if (spec.kind !== "machine" || guests.length === 0) return null;
  return { guests: guests.map((vm) => planGuest(parts, spec, vm)) };
}

function planGuest(parts: MachineParts, machine: MachineSpec, vm: VmSpec): KvmGuest {
  const { fleet, inputs } = parts;
  const { config, state, run } = placesOf(fleet.name);
  const { network } = vm;
  const mac = (network.kind === "static" ? network.mac : null) ?? chooseMac(fleet.name, vm.name);
  return {
    name: vm.name,
    unit: `${nameUnits(fleet.name).vm}${vm.name}.service`,
    starts: vm.hardware.onboot,
    lifetime: vm.lifetime,
    os: vm.os,
    places: {
      config: `${config}/vm/${vm.name}`,
      state: `${state}/vm/${vm.name}`,
      run: `${run}/vm/${vm.name}`,
    },
    image: findCloudImage(vm.os),
    disk: vm.disk,
    cpus: vm.limits.cpus,
    memory: vm.limits.memory,
    hardware: vm.hardware,
    network: {
      mac: mac.toLowerCase(),
      bridge: machine.bridge === null ? null : { name: machine.bridge, tap: nameTap(fleet.name, vm.name) },
      sshPort: machine.bridge === null ? vm.sshPort : null,
    },
    programDisk: fleet.install === null ? `${IMAGE_FOLDER}/ci-fleet-${inputs.ciFleetVersion}.iso` : null,
    card: findCard(parts, vm),
    accepted: (parts.vfio?.accepted ?? []).filter(({ guest }) => guest === vm.name),
  };
}

/** Linux has 15 characters for an interface's name (IFNAMSIZ). */
function nameTap(fleet: string, guest: string): string {
  return `cf-${hashText(`ci-fleet guest ${fleet}/${guest}`).slice(0, 10)}`;
}

function findCard({ site, vfio, departures }: MachineParts, vm: VmSpec): KvmCard | null {
  const given = departures?.cards.find(({ guests }) => guests.includes(vm));
  const planned = vfio?.cards.find(({ address }) => address === given?.address);
  if (given?.found == null || planned === undefined || site.inventory === null) return null;
  const { hardware } = vm;
  return {
    binding: planned.binding,
    functions: planned.functions,
    isExpress: hardware.pcie ?? hardware.machine === "q35",
  };
}
