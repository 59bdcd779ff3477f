// A Proxmox node: resource mappings, the token's rights, and each guest. In: the plan, the node, the cloud-init files
// of its guests. Out: files.

import type { HypervisorPlan, PlannedMapping } from "../model/hypervisor-plan.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { bannerLines, hashBanner } from "./banner.ts";
import { fillTemplate } from "./fill-template.ts";
import { folderOf, renderGuest } from "./proxmox-guest.ts";
import { writePropertyString, writeProxmoxValue } from "./quote-proxmox.ts";

/** `seeds`: what cloud-init gets, by guest: files with paths that end in their names. */
export function renderProxmox(
  plan: Plan,
  host: PlannedHost,
  seeds: ReadonlyMap<string, readonly RenderedFile[]>,
): readonly RenderedFile[] {
  const node = host.hypervisor;
  if (node === null || (node.guests.length === 0 && node.mappings.length === 0)) return [];
  const guests = node.guests.flatMap((guest) => {
    const seed = (seeds.get(guest.name) ?? []).map((file) => ({
      ...file,
      path: `${folderOf(host, guest)}/cloud-init/${file.path.slice(file.path.lastIndexOf("/") + 1)}`,
    }));
    return [...renderGuest(plan, host, node, guest), ...seed];
  });
  return [...renderMappings(plan, host, node), renderAccess(plan, host, node), ...guests];
}

function renderMappings(plan: Plan, host: PlannedHost, node: HypervisorPlan): readonly RenderedFile[] {
  if (node.mappings.length === 0) return [];
  const folder = `hosts/${host.name}/mapping`;
  const script = fillTemplate("hosts/host/mapping/pci.sh", {
    banner: bannerLines(plan),
    node: node.node,
    fleet: plan.fleet,
    mappings: node.mappings.map((mapping) => ({
      id: mapping.id,
      description: mapping.description,
      maps: mapping.entries.map((entry) => writeMap(node, entry)),
    })),
  });
  return [
    {
      path: `${folder}/pci.cfg`,
      content: hashBanner(plan) + node.mappings.map((mapping) => writeSection(node, mapping)).join("\n"),
      mode: 0o644,
    },
    { path: `${folder}/pci.sh`, content: script, mode: 0o755 },
  ];
}

/** PVE::SectionConfig as /etc/pve/mapping/pci.cfg has it: a bare id, then lines with a tab. */
function writeSection(node: HypervisorPlan, mapping: PlannedMapping): string {
  const lines = [
    `description ${writeProxmoxValue(mapping.description)}`,
    ...mapping.entries.map((entry) => `map ${writeMap(node, entry)}`),
  ];
  return `${writeProxmoxValue(mapping.id)}\n${lines.map((line) => `\t${line}\n`).join("")}`;
}

/** Every one of these is compared with the device when a guest starts (PVE::Mapping::PCI, assert_valid). */
function writeMap(node: HypervisorPlan, entry: PlannedMapping["entries"][number]): string {
  return writePropertyString([
    ["id", entry.id],
    ["iommugroup", String(entry.group)],
    ["node", node.node],
    ["path", entry.path],
    ...(entry.subsystemId === null ? [] : [["subsystem-id", entry.subsystemId] as const]),
  ]);
}

function renderAccess(plan: Plan, host: PlannedHost, node: HypervisorPlan): RenderedFile {
  const { user, token, roles, grants } = node.access;
  const content = fillTemplate("hosts/host/access.sh", {
    banner: bannerLines(plan),
    host: host.name,
    user,
    token,
    secret: node.api.token,
    roles: roles.map(({ id, privileges }) => ({ id, privileges: privileges.join(" ") })),
    grants: grants.map(({ path, role }) => ({ pair: `${path} ${role}` })),
    others: listGrantsElsewhere(plan, host),
  });
  return { path: `hosts/${host.name}/access.sh`, content, mode: 0o755 };
}

/** Of the fleet's other nodes: nothing tells which of them are in the same cluster, and so share the token. */
function listGrantsElsewhere(plan: Plan, host: PlannedHost): readonly string[] {
  const others = plan.hosts.filter(({ name }) => name !== host.name);
  const grants = others.flatMap(({ hypervisor }) => hypervisor?.access.grants ?? []);
  return [...new Set(grants.map(({ path, role }) => `${path} ${role}`))].toSorted();
}
