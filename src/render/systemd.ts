// systemd units of one host: a target for the fleet, a template unit for each run mode, drop-ins for single
// slots, watchdog, caches, QEMU handlers, rootless engine. Twice: for the whole system, and below `user/` for
// someone without root. In: the plan and a host. Out: files; those of `systemd/` are installed in
// /etc/systemd/system (`user/`: ~/.config/systemd/user), scripts of `runner/` in the host's folder of
// configuration. Correct on systemd 249 to 257.

import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { renderGuestUnits } from "./kvm.ts";
import { renderContainerUnits, renderProcessUnits } from "./systemd-slots.ts";
import { renderUpkeepScripts, renderUpkeepUnits } from "./systemd-upkeep.ts";

/** Nothing where systemd does not supervise, and on hosts that run no runners of their own. */
export function renderSystemd(plan: Plan, host: PlannedHost): readonly RenderedFile[] {
  if (host.kind === "proxmox") return renderNodeUnits(plan, host);
  if (host.supervision !== "systemd" || host.kind === "kubernetes") return [];
  const folder = `hosts/${host.name}`;
  const units = (["system", "user"] as const).flatMap((flavour) =>
    [
      ...renderUpkeepUnits(plan, host, flavour),
      ...renderContainerUnits(plan, host, flavour),
      ...renderProcessUnits(plan, host, flavour),
      ...(flavour === "system" ? renderGuestUnits(plan, host) : []),
    ].map(({ path, content }) => ({
      path: `${folder}/systemd/${flavour === "user" ? "user/" : ""}${path}`,
      content,
      mode: 0o644 as const,
    })),
  );
  const scripts = renderUpkeepScripts(plan, host).map(({ path, content }) => ({
    path: `${folder}/${path}`,
    content,
    mode: 0o755 as const,
  }));
  return [...units, ...scripts].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** A node has no slots: its watchdog brings back guests that end with their job. Others look after themselves. */
function renderNodeUnits(plan: Plan, host: PlannedHost): readonly RenderedFile[] {
  const guests = host.hypervisor?.guests ?? [];
  if (guests.every(({ reset }) => reset === null)) return [];
  return renderUpkeepUnits(plan, host, "system")
    .map(({ path, content }) => ({
      path: `hosts/${host.name}/systemd/${path}`,
      content,
      mode: 0o644 as const,
    }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
