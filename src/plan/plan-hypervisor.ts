// A Proxmox node with all that it does for its guests: resource mappings, the guests, what the API's token may do.
// In: the fleet, the node, its guests with their ids, the cards that go. Out: the plan of the node.

import type { Fleet, ProxmoxSpec, VmSpec } from "../model/fleet.ts";
import type { HypervisorPlan, PlannedAccess, PlannedMapping, VfioPlan } from "../model/hypervisor-plan.ts";
import { presentOrNull } from "../model/inventory.ts";
import type { PlanInputs } from "../model/plan.ts";
import { describeGuest } from "./describe-guest.ts";
import { isPciAddress } from "./give-away.ts";
import type { Site } from "./site.ts";

export interface NodeParts {
  readonly fleet: Fleet;
  readonly inputs: PlanInputs;
  readonly site: Site;
  readonly guests: readonly VmSpec[];
  readonly ids: ReadonlyMap<string, number>;
  readonly vfio: VfioPlan | null;
}

export function planHypervisor(parts: NodeParts): HypervisorPlan | null {
  const { fleet, site, guests, ids, vfio } = parts;
  const { spec, inventory } = site;
  if (spec.kind !== "proxmox") return null;
  const mappings = listMappings(fleet, spec, vfio);
  const planned = guests.map((vm) => {
    const mapping = nameMapping(fleet, vm);
    return describeGuest({
      fleet,
      ciFleetVersion: parts.inputs.ciFleetVersion,
      node: spec,
      vm,
      vmId: ids.get(vm.name) as number,
      mapping,
      held: explainHold(vm, site, mappings),
      accepted: (vfio?.accepted ?? []).filter(({ guest }) => guest === vm.name),
    });
  });
  const access = planAccess(fleet, spec, planned);
  return {
    node: presentOrNull(inventory?.proxmox ?? null)?.node ?? spec.name,
    storage: spec.storage,
    snippets: spec.snippets,
    bridge: spec.bridge,
    mappings,
    guests: planned,
    access,
    api: { ...spec.api, token: spec.api.token ?? `/etc/ci-fleet/proxmox-${access.token}.json` },
  };
}

/** A card by its address gets a mapping of its own: it is checked at each start, and a token may use it. */
function nameMapping(fleet: Fleet, vm: VmSpec): string | null {
  if (vm.gpu === null) return null;
  return isPciAddress(vm.gpu) ? `ci-fleet-${fleet.name}-${vm.name}` : vm.gpu;
}

/**
 * Proxmox compares every entry with the device at each start and takes a group that is missing for a change of
 * hardware: before the groups are known no mapping can be made.
 */
function listMappings(fleet: Fleet, node: ProxmoxSpec, vfio: VfioPlan | null): readonly PlannedMapping[] {
  const cards = (vfio?.cards ?? []).flatMap((card) => {
    const first = card.functions[0];
    const mapped = node.mappings.find((one) => one.cards.includes(card.address));
    const id = mapped?.name ?? `ci-fleet-${fleet.name}-${card.guests[0]}`;
    return first === undefined || first.group === null ? [] : [{ id, card, first, group: first.group }];
  });
  return [...Map.groupBy(cards, ({ id }) => id)].map(([id, entries]) => {
    const guests = [...new Set(entries.flatMap(({ card }) => card.guests))];
    return {
      id,
      guests,
      description: `ci-fleet ${fleet.name}: ${guests.length === 0 ? "no guest yet" : guests.join(" ")}`,
      entries: entries.map(({ card, first, group }) => ({
        path: card.address,
        id: first.id,
        subsystemId: first.subsystemId,
        group,
      })),
    };
  });
}

function explainHold(vm: VmSpec, site: Site, mappings: readonly PlannedMapping[]): string | null {
  if (vm.gpu === null) return null;
  const isOurs = isPciAddress(vm.gpu) || site.spec.kind !== "proxmox";
  const declared = site.spec.kind === "proxmox" && site.spec.mappings.some(({ name }) => name === vm.gpu);
  if (!isOurs && !declared) return null;
  if (mappings.some(({ guests }) => guests.includes(vm.name))) return null;
  return `the IOMMU groups of ${site.name} are not known yet: put vfio/ in force, reboot, detect the node again, render`;
}

/** pveum(1): a token with privilege separation has what both it and its user were granted. */
function planAccess(fleet: Fleet, node: ProxmoxSpec, guests: HypervisorPlan["guests"]): PlannedAccess {
  const mappings = new Set(guests.flatMap(({ card }) => card?.mapping ?? []));
  const pools = [...new Set(guests.flatMap(({ pool }) => pool ?? []))];
  const grants = [
    ...guests
      .filter(({ pool }) => pool === null)
      .map(({ vmId }) => ({ path: `/vms/${vmId}`, role: "CiFleetGuest" })),
    ...guests
      .filter(({ reset }) => reset === "rollback")
      .map(({ vmId }) => ({ path: `/vms/${vmId}`, role: "CiFleetSnapshot" })),
    ...pools.map((pool) => ({ path: `/pool/${pool}`, role: "CiFleetGuest" })),
    // Of a guest that is in no pool, as while it is made anew, nobody else could tell that it is not there.
    ...(pools.length === 0 ? [] : [{ path: "/vms", role: "CiFleetLook" }]),
    ...(node.template === null ? [] : [{ path: `/vms/${node.template}`, role: "CiFleetTemplate" }]),
    { path: `/storage/${node.storage}`, role: "CiFleetStorage" },
    ...(node.snippets === node.storage ? [] : [{ path: `/storage/${node.snippets}`, role: "CiFleetRead" }]),
    { path: `/sdn/zones/localnetwork/${node.bridge}`, role: "CiFleetNetwork" },
    ...[...mappings].map((id) => ({ path: `/mapping/pci/${id}`, role: "CiFleetCard" })),
    ...guests.flatMap(({ folder }) =>
      folder === null ? [] : [{ path: `/mapping/dir/${folder.mapping}`, role: "CiFleetFolder" }],
    ),
  ];
  const used = new Set(grants.map(({ role }) => role));
  return {
    user: "ci-fleet@pve",
    token: fleet.name.length < 2 || !/^[a-z]/.test(fleet.name) ? `fleet-${fleet.name}` : fleet.name,
    roles: ROLES.filter(({ id }) => used.has(id)),
    grants,
  };
}

/** pve-access-control, PVE::AccessControl; which call wants which is in the API viewer, "permissions". */
const ROLES: PlannedAccess["roles"] = [
  {
    id: "CiFleetGuest",
    privileges: [
      "VM.Allocate",
      "VM.Audit",
      "VM.Config.CDROM",
      "VM.Config.CPU",
      "VM.Config.Cloudinit",
      "VM.Config.Disk",
      "VM.Config.HWType",
      "VM.Config.Memory",
      "VM.Config.Network",
      "VM.Config.Options",
      "VM.PowerMgmt",
    ],
  },
  // Rolls back, too: the API wants this or VM.Snapshot.Rollback for it.
  { id: "CiFleetSnapshot", privileges: ["VM.Snapshot"] },
  { id: "CiFleetLook", privileges: ["VM.Audit"] },
  { id: "CiFleetTemplate", privileges: ["VM.Clone"] },
  { id: "CiFleetStorage", privileges: ["Datastore.AllocateSpace"] },
  { id: "CiFleetRead", privileges: ["Datastore.Audit"] },
  { id: "CiFleetNetwork", privileges: ["SDN.Use"] },
  { id: "CiFleetCard", privileges: ["Mapping.Use"] },
  { id: "CiFleetFolder", privileges: ["Mapping.Use"] },
];
