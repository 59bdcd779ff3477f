// VM ids of guests that the spec gives none: the parent's `firstId` and up, past every id that is written
// anywhere in the fleet, for the nodes of a cluster share one range. In: the fleet. Out: ids by guest; a finding
// where two nodes have one id.

import type { Fleet, VmSpec } from "../model/fleet.ts";
import type { Findings } from "./findings.ts";

export function numberGuests(fleet: Fleet, findings: Findings): ReadonlyMap<string, number> {
  const nodes = new Map(fleet.hosts.flatMap((host) => (host.kind === "proxmox" ? [[host.name, host]] : [])));
  const guests = fleet.hosts.filter((host) => host.kind === "vm" && nodes.has(host.parent)) as VmSpec[];
  const written = guests.flatMap((vm) => (vm.vmId === null ? [] : [{ vm, id: vm.vmId }]));
  reportTwice(written, findings);
  const taken = new Set([
    ...written.map(({ id }) => id),
    ...[...nodes.values()].flatMap(({ template }) => template ?? []),
  ]);
  const ids = new Map(written.map(({ vm, id }) => [vm.name, id]));
  for (const vm of guests) {
    const node = nodes.get(vm.parent);
    if (vm.vmId !== null || node === undefined) continue;
    let id = node.firstId;
    while (taken.has(id)) id += 1;
    taken.add(id);
    ids.set(vm.name, id);
  }
  return ids;
}

/** On one node the spec room refuses it. */
function reportTwice(written: readonly { readonly vm: VmSpec; readonly id: number }[], findings: Findings) {
  const seen = new Map<number, VmSpec>();
  for (const { vm, id } of written) {
    const earlier = seen.get(id);
    if (earlier === undefined) seen.set(id, vm);
    else if (earlier.parent !== vm.parent) {
      findings.add({
        code: "CF738",
        path: [...vm.at, "vmId"],
        message: `\`${earlier.name}\` on \`${earlier.parent}\` and \`${vm.name}\` on \`${vm.parent}\` have the VM id ${id}`,
        help: "give one of them another id, unless the nodes are not in one cluster",
        related: [{ message: "the other one", doc: { kind: "spec" }, path: [...earlier.at, "vmId"] }],
      });
    }
  }
}
