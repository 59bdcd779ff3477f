// Calls every family of renderers for every host. In: a plan, the hosts that are meant, what the plan was made of.
// Out: all files.

import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { renderAuthority } from "./authority-file.ts";
import { renderCloudInit } from "./cloud-init.ts";
import { renderContainers } from "./compose.ts";
import { renderKvm } from "./kvm.ts";
import { renderProxmox } from "./proxmox.ts";
import { renderSystemd } from "./systemd.ts";
import { renderVfio } from "./vfio.ts";
import { renderWorkflows } from "./workflows.ts";

/**
 * `hosts` null: all of them, and what belongs to the fleet as a whole. `copies`: what the plan was made of, by path below
 * the spec's folder, for machines that have no other way to it on their first boot.
 */
export function renderPlan(
  plan: Plan,
  hosts: ReadonlySet<string> | null,
  copies: readonly RenderedFile[],
): readonly RenderedFile[] {
  const files: RenderedFile[] = hosts === null ? [...renderWorkflows(plan)] : [];
  const desk = openDesk(plan, copies);
  for (const host of plan.hosts) {
    if (hosts === null || hosts.has(host.name)) files.push(...desk.renderHost(host));
  }
  return files;
}

/** A guest's seed lies with the node that gives it to the guest. */
function openDesk(plan: Plan, copies: readonly RenderedFile[]) {
  const onNode = new Set(plan.hosts.flatMap(listGuestNames));
  const byName = new Map(onNode.size === 0 ? [] : plan.hosts.map((host) => [host.name, host]));
  const renderSeed = (name: string): readonly RenderedFile[] => {
    const guest = byName.get(name);
    return guest === undefined ? [] : renderCloudInit(plan, guest, copies);
  };
  return {
    renderHost(host: PlannedHost): readonly RenderedFile[] {
      const files = [
        ...renderContainers(plan, host),
        ...renderSystemd(plan, host),
        ...renderAuthority(plan, host),
        ...renderVfio(plan, host),
      ];
      if (onNode.has(host.name)) return files;
      const seeds = new Map(listGuestNames(host).map((name) => [name, renderSeed(name)]));
      return [
        ...files,
        ...renderCloudInit(plan, host, copies),
        ...renderProxmox(plan, host, seeds),
        ...renderKvm(plan, host, seeds),
      ];
    },
  };
}

function listGuestNames({ hypervisor, kvm }: PlannedHost): readonly string[] {
  return [...(hypervisor?.guests ?? []), ...(kvm?.guests ?? [])].map(({ name }) => name);
}
