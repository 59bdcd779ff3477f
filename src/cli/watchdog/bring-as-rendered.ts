// Brings a guest to what its api.json says, as it would be rendered now: cloned where it is not there, never started. In:
// the plan, the node, the guest. Out: how it ended.

import { bringGuest } from "../../apply/bring-guest.ts";
import { readGuestWish } from "../../apply/read-guest-wish.ts";
import type { PlannedGuest } from "../../model/hypervisor-plan.ts";
import type { Hypervisor } from "../../model/hypervisor-port.ts";
import type { Plan, PlannedHost } from "../../model/plan.ts";
import type { Brought } from "../../watchdog/guest-ports.ts";

export interface BringingSite {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly node: Hypervisor;
}

/** A full clone copies the whole disk; then the next pass asks for it. */
const PATIENCE_MS = 180_000;

export async function bringAsRendered(
  { plan, host, node }: BringingSite,
  guest: PlannedGuest,
  begun: (step: string, upid: string) => Promise<void>,
): Promise<Brought> {
  const { hypervisor } = host;
  if (hypervisor === null) throw new Error(`${host.name} is no node`);
  // Most passes bring nothing.
  const { renderGuest } = await import("../../render/proxmox-guest.ts");
  const files = renderGuest(plan, host, hypervisor, guest);
  const wish = readGuestWish(files.find(({ path }) => path.endsWith("/api.json"))?.content ?? "");
  if (wish === null) throw new Error(`the requests of guest ${guest.name} cannot be read`);
  const brought = await bringGuest(node, wish, {
    start: false,
    patience: PATIENCE_MS,
    begun: ({ upid }, step) => begun(step.kind, upid),
  });
  switch (brought.kind) {
    case "done":
      return { kind: "done", steps: [...brought.steps.map(({ kind }) => kind), ...brought.notes] };
    case "running":
      return { kind: "running", upid: brought.upid, step: brought.step.kind };
    case "failed":
      return { kind: "failed", failure: brought.failure };
    case "wait":
      return { kind: "not-possible", why: brought.why };
    case "refused":
      return { kind: "not-possible", why: `${brought.why}. ${brought.help}` };
  }
}
