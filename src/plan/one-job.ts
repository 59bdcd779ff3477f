// Guests that run one job and power off: what makes them clean again, and what such a guest cannot hold. In: the fleet,
// a guest, what is placed on it. Out: how it lives, findings.

import type { Fleet, HostSpec, VmSpec } from "../model/fleet.ts";
import type { OneJob, Placement } from "../model/plan.ts";
import type { Findings } from "./findings.ts";

/** null: the host is no guest of one job. */
export function planOneJob(spec: HostSpec): OneJob | null {
  if (spec.kind !== "vm" || spec.lifetime === "persistent") return null;
  return { setUp: spec.reset === "clone" ? "each-boot" : "once" };
}

export function checkOneJob(
  fleet: Fleet,
  spec: HostSpec,
  placements: readonly Placement[],
  findings: Findings,
): void {
  if (spec.kind !== "vm") return;
  checkReset(fleet, spec, findings);
  if (spec.lifetime === "persistent") return;
  const held = placements.filter(({ slots }) => slots.length > 0);
  const count = held.reduce((sum, { slots }) => sum + slots.length, 0);
  const lasting = held.filter(({ lifetime }) => lifetime === "persistent").map(({ pool }) => `\`${pool}\``);
  const what = [
    ...(lasting.length > 0 ? [`persistent runners (of ${lasting.join(", ")})`] : []),
    ...(count > 1 ? [`${count} runners (of ${held.map(({ pool }) => `\`${pool}\``).join(", ")})`] : []),
  ];
  if (what.length === 0) return;
  findings.addOnHost({
    code: "CF745",
    path: [...spec.at, "lifetime"],
    host: spec.name,
    group: what.join(),
    message: (hosts) =>
      `the power goes off after one job on ${hosts}, where there would be ${what.join(" and ")}`,
    help: () =>
      "place one ephemeral runner on it, more guests come by `count`; or say `lifetime: persistent` at the guest",
  });
}

function checkReset(fleet: Fleet, spec: VmSpec, findings: Findings): void {
  const { reset, lifetime, name, at } = spec;
  if (reset === null) return;
  const parent = findParent(fleet, spec);
  const why =
    lifetime === "persistent"
      ? "is persistent, and nothing resets it"
      : parent?.kind !== "proxmox"
        ? "is given a clean disk at each start, for its parent is no Proxmox node"
        : reset === "clone" && parent.template === null
          ? `would be cloned, and its node \`${parent.name}\` names no \`template\``
          : null;
  if (why === null) return;
  findings.addOnHost({
    code: "CF746",
    path: [...at, "reset"],
    host: name,
    group: why,
    message: (hosts) => `${hosts} has \`reset: ${reset}\` and ${why}`,
    help: () => (why.includes("template") ? "set `template` at the node, or use `rollback`" : "remove it"),
  });
}

function findParent(fleet: Fleet, { parent }: VmSpec): HostSpec | undefined {
  return fleet.hosts.find(({ name }) => name === parent);
}
