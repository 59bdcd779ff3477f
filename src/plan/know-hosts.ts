// Joins each host of the spec with what is known about the machine. In: the fleet and the inventories.
// Out: one site for each host that can be planned; findings for the others.

import type { Fleet, HostSpec, MachineSpec, VmSpec } from "../model/fleet.ts";
import type { Inventory } from "../model/inventory.ts";
import type { PlanInputs } from "../model/plan.ts";
import { MIN_SYSTEMD } from "../model/software-versions.ts";
import { expectGuest, expectProvisionedMachine } from "./expected-facts.ts";
import type { Findings } from "./findings.ts";
import { listMappings, listTaken } from "./give-away.ts";
import { listCards } from "./list-cards.ts";
import type { Site } from "./site.ts";
import { PLATFORMS } from "./site.ts";

const MIB = 2 ** 20;

export interface KnownHosts {
  /** In the order of the spec; hosts of which nothing is known are missing. */
  readonly sites: readonly Site[];
  /** Guests by their parent's name, in the order of the spec. */
  readonly guests: ReadonlyMap<string, readonly VmSpec[]>;
}

export function knowHosts(fleet: Fleet, inputs: PlanInputs, findings: Findings): KnownHosts {
  const guests = Map.groupBy(
    fleet.hosts.filter((host) => host.kind === "vm"),
    (vm) => vm.parent,
  );
  const sites: Site[] = [];
  for (const spec of fleet.hosts) {
    const facts = findFacts(spec, fleet, inputs, findings);
    if (facts === null) continue;
    const arch = chooseArch(spec, facts.inventory);
    if (arch === null) reportArch(spec, facts.inventory, findings);
    else sites.push(describeSite(spec, facts, arch, guests.get(spec.name) ?? []));
  }
  return { sites, guests };
}

interface Facts {
  readonly inventory: Inventory | null;
  readonly from: Site["factsFrom"];
}

/** null: nothing is known, and that was reported. */
function findFacts(spec: HostSpec, fleet: Fleet, inputs: PlanInputs, findings: Findings): Facts | null {
  if (spec.kind === "kubernetes") return { inventory: null, from: "expected" };
  const detected = inputs.inventories.get(spec.name) ?? null;
  if (detected !== null) return { inventory: detected, from: "detected" };
  if (spec.kind === "vm") {
    const parent = inputs.inventories.get(spec.parent) ?? null;
    // Without the parent's inventory nothing can be expected; that it is missing is said once, at the parent.
    if (parent === null) return null;
    return { inventory: expectGuest(spec, parent, listMappedCards(spec, fleet)), from: "expected" };
  }
  if (spec.kind === "machine" && spec.os !== null) {
    reportAssumed(spec, findings);
    return { inventory: expectProvisionedMachine(spec.os), from: "expected" };
  }
  findings.add({
    code: "CF701",
    path: spec.at,
    onKey: true,
    message: `nothing is known about host \`${spec.name}\`: there is no hosts/${spec.name}.yaml`,
    help: `run \`ci-fleet init --name ${spec.name}\` on that machine, in a clone of this repository, and commit the file`,
  });
  return null;
}

/** Cards of which the guest gets one, where the spec itself says what the mapping holds. */
function listMappedCards(vm: VmSpec, fleet: Fleet): readonly string[] {
  const parent = fleet.hosts.find(({ name }) => name === vm.parent);
  return parent === undefined ? [] : (listMappings(parent).find(({ name }) => name === vm.gpu)?.cards ?? []);
}

function reportAssumed(spec: MachineSpec, findings: Findings): void {
  findings.addOnHost({
    code: "CF702",
    path: spec.at,
    host: spec.name,
    message: (host) => `host ${host} has not been detected yet: an x64 machine without GPU is assumed`,
    help: (host) =>
      `after its first boot run \`ci-fleet init --name ${host}\` there, commit and render again`,
  });
}

function chooseArch(spec: HostSpec, inventory: Inventory | null): Site["arch"] | null {
  if (spec.kind === "kubernetes") return spec.arch;
  const arch = inventory?.arch ?? null;
  if (arch === "x64" || arch === "arm64") return arch;
  // Proxmox VE runs on x64 alone, so an unknown architecture is no riddle there.
  return spec.kind === "proxmox" && arch === null ? "x64" : null;
}

function reportArch(spec: HostSpec, inventory: Inventory | null, findings: Findings): void {
  const arch = inventory?.arch ?? null;
  findings.addOnHost({
    code: "CF703",
    path: spec.at,
    host: spec.name,
    group: String(arch),
    message: (hosts) =>
      arch === null
        ? `the architecture of ${hosts} is not known`
        : `${hosts} cannot run jobs: the official runner is not built for ${arch}`,
    help: (host) =>
      arch === null
        ? `run \`ci-fleet init --refresh --name ${host}\` on that machine`
        : "build for it on an x64 or arm64 host with `emulate`, and remove this host",
    fact: { message: "the architecture", path: ["arch"] },
  });
}

function describeSite(
  spec: HostSpec,
  { inventory, from }: Facts,
  arch: Site["arch"],
  guests: readonly VmSpec[],
): Site {
  return {
    name: spec.name,
    spec,
    inventory,
    factsFrom: from,
    arch,
    platform: PLATFORMS[arch],
    supervision: chooseSupervision(spec, inventory),
    cards: inventory === null ? [] : listCards(inventory, listTaken(spec, guests)),
    totals: { cpus: countCpus(inventory), memory: countMemory(inventory) },
  };
}

/**
 * Unknown counts as systemd: nearly every machine has it, and a warning says what was assumed. So does what
 * a container shows, which is not the machine that will be supervised.
 */
function chooseSupervision(spec: HostSpec, inventory: Inventory | null): Site["supervision"] {
  if (spec.kind === "kubernetes" || spec.kind === "proxmox") return "none";
  const systemd = inventory?.systemd ?? null;
  if (systemd === null) return "systemd";
  if (systemd !== "none" && systemd.version < MIN_SYSTEMD) return "compose";
  const isRunning = systemd !== "none" && systemd.running !== false;
  return isRunning || isInsideContainer(inventory) ? "systemd" : "compose";
}

function isInsideContainer(inventory: Inventory | null): boolean {
  const container = inventory?.virtualization.container ?? "none";
  return container !== "none" && container !== "wsl";
}

function countCpus(inventory: Inventory | null): number | null {
  if (inventory === null) return null;
  const { cap, threads } = inventory.cpu;
  if (typeof cap === "number") return threads === null ? cap : Math.min(cap, threads);
  return threads;
}

function countMemory(inventory: Inventory | null): number | null {
  if (inventory === null) return null;
  const { capMiB, totalMiB } = inventory.memory;
  const known = [capMiB, totalMiB].filter((size) => typeof size === "number");
  return known.length === 0 ? null : Math.min(...known) * MIB;
}
