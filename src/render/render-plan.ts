// Calls every family of renderers for every host. In: a plan, the hosts that are meant. Out: all files.

import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { renderAuthority } from "./authority-file.ts";
import { renderCloudInit } from "./cloud-init.ts";
import { renderContainers } from "./compose.ts";
import { renderSystemd } from "./systemd.ts";
import { renderWorkflows } from "./workflows.ts";

/** `hosts` null: all of them, and what belongs to the fleet as a whole. */
export function renderPlan(plan: Plan, hosts: ReadonlySet<string> | null): readonly RenderedFile[] {
  const files: RenderedFile[] = hosts === null ? [...renderWorkflows(plan)] : [];
  for (const host of plan.hosts) {
    if (hosts === null || hosts.has(host.name)) files.push(...renderHost(plan, host));
  }
  return files;
}

/** cloud-init last: its user-data carries what the others made. */
function renderHost(plan: Plan, host: PlannedHost): readonly RenderedFile[] {
  const files = [
    ...renderContainers(plan, host),
    ...renderSystemd(plan, host),
    ...renderAuthority(plan, host),
  ];
  return [...files, ...renderCloudInit(plan, host, files)];
}
