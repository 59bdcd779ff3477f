// One look at this host as a Proxmox node, or as one that gives cards away, for doctor and status. In: the plan, this
// host, what would be installed. Out: facts; null where it is neither.

import { observeNode } from "../../adapters/observe-node.ts";
import type { NodeFacts } from "../../doctor/facts.ts";
import type { Wanted } from "../../model/apply.ts";
import type { Plan, PlannedHost } from "../../model/plan.ts";
import type { HostFiles, HostTools } from "../../model/ports.ts";
import { lookAtNode } from "../apply/look-at-node.ts";

export interface NodeRequest {
  readonly plan: Plan;
  readonly host: PlannedHost;
  /** null: its scripts are not asked what they would do. */
  readonly wanted: Wanted | null;
  readonly isRoot: boolean;
}

export async function lookAtNodeHere(
  { plan, host, wanted, isRoot }: NodeRequest,
  ports: { readonly tools: HostTools; readonly files: HostFiles },
): Promise<NodeFacts | null> {
  const { hypervisor, vfio, spec } = host;
  if (hypervisor === null && vfio === null) return null;
  const state = await lookAtNode(wanted, ports, isRoot);
  const seen = await observeNode(
    {
      addresses: (vfio?.cards ?? []).flatMap(({ functions }) => functions.map(({ address }) => address)),
      proxmox:
        hypervisor === null
          ? null
          : {
              node: hypervisor.node,
              snippets: hypervisor.snippets,
              template: spec.kind === "proxmox" ? spec.template : null,
              mark: `ci-fleet guest ${plan.fleet}/`,
              user: hypervisor.access.user,
              token: hypervisor.access.token,
            },
      state,
    },
    ports,
  );
  return { seen, needed: listNeeded(plan) };
}

function listNeeded(plan: Plan): NodeFacts["needed"] {
  const needed = new Map<string, Set<string>>();
  for (const { hypervisor } of plan.hosts) {
    const access = hypervisor?.access;
    for (const { path, role } of access?.grants ?? []) {
      const privileges = access?.roles.find(({ id }) => id === role)?.privileges ?? [];
      needed.set(path, new Set([...(needed.get(path) ?? []), ...privileges]));
    }
  }
  return needed;
}
