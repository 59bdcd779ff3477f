// Calls every family of renderers for every host. In: a plan, the hosts that are meant. Out: all files.

import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { renderContainers } from "../render/compose.ts";
import { renderSystemd } from "../render/systemd.ts";
import { renderWorkflows } from "../render/workflows.ts";

/** `hosts` null: all of them, and what belongs to the fleet as a whole. */
export function renderPlan(plan: Plan, hosts: ReadonlySet<string> | null): readonly RenderedFile[] {
  const files: RenderedFile[] = hosts === null ? [...renderWorkflows(plan)] : [];
  for (const host of plan.hosts) {
    if (hosts === null || hosts.has(host.name)) files.push(...renderHost(plan, host));
  }
  return files;
}

function renderHost(plan: Plan, host: PlannedHost): readonly RenderedFile[] {
  return [...renderContainers(plan, host), ...renderSystemd(plan, host)];
}
