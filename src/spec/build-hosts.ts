// From checked host records to the model's hosts; `count` becomes that many guests. In: what the table let
// through. Out: hosts in the order of the file, and which names a common name stands for.

import type { DocPath } from "../base/diagnostic.ts";
import type { GuestNetwork, HostSpec, ProxmoxSpec, VmSpec } from "../model/fleet.ts";
import type { RuleValue } from "./rule.ts";
import type { SPEC } from "./table.ts";
import type { HOST } from "./table-hosts.ts";

type HostValue = RuleValue<typeof HOST>;
type VmValue = Extract<HostValue, { kind: "vm" }>["value"];
type NetworkValue = VmValue["network"];
type SpecValue = RuleValue<typeof SPEC>;

export interface BuiltHosts {
  readonly hosts: readonly HostSpec[];
  /** `gpu-vm` → `gpu-vm-1`, `gpu-vm-2`; every plain host stands for itself. */
  readonly members: ReadonlyMap<string, readonly string[]>;
}

export function buildHosts(spec: SpecValue): BuiltHosts {
  const hosts: HostSpec[] = [];
  const members = new Map<string, readonly string[]>();
  for (const [name, value] of spec.hosts ?? []) {
    const built = buildHost(name, value, ["hosts", name]);
    hosts.push(...built);
    members.set(
      name,
      built.map((host) => host.name),
    );
  }
  return { hosts, members };
}

function buildHost(name: string, host: HostValue, at: DocPath): readonly HostSpec[] {
  switch (host.kind) {
    case "machine": {
      const { os, network, sshKeys, bridge } = host.value;
      return [{ kind: "machine", name, os, network: buildNetwork(network), sshKeys, bridge, at }];
    }
    case "proxmox":
      return [{ kind: "proxmox", name, ...host.value, mappings: listMappings(host.value.mappings), at }];
    case "kubernetes":
      return [{ kind: "kubernetes", name, ...host.value, at }];
    case "vm":
      return buildVms(name, host.value, at);
  }
}

function buildVms(base: string, vm: VmValue, at: DocPath): readonly VmSpec[] {
  const { count, network, vmId, sshPort, ...rest } = vm;
  const common = { kind: "vm", base, ...rest, network: buildNetwork(network), at } as const;
  if (count === null) return [{ ...common, name: base, ordinal: null, vmId, sshPort }];
  return Array.from({ length: count }, (_, i) => ({
    ...common,
    name: `${base}-${i + 1}`,
    ordinal: i + 1,
    vmId: vmId === null ? null : vmId + i,
    sshPort: sshPort === null ? null : sshPort + i,
  }));
}

function listMappings(mappings: ReadonlyMap<string, readonly string[]>): ProxmoxSpec["mappings"] {
  return [...mappings].map(([name, cards]) => ({ name, cards }));
}

function buildNetwork(network: NetworkValue): GuestNetwork {
  if (typeof network === "string" || network === null) return { kind: "dhcp" };
  return { kind: "static", ...network };
}
