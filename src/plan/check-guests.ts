// Cards and memory that guests take from their parent. A card is given away by its address, with all that
// shares its IOMMU group, so a wrong address or a shared group takes the wrong thing from the host.
// In: the parents with their guests. Out: findings.

import type { DocPath } from "../base/diagnostic.ts";
import type { VmSpec } from "../model/fleet.ts";
import type { GpuFacts, Inventory } from "../model/inventory.ts";
import type { Findings } from "./findings.ts";
import type { KnownHosts } from "./know-hosts.ts";
import { isAtAddress, isPciAddress } from "./list-cards.ts";
import type { Site } from "./site.ts";

export function checkGuests(known: KnownHosts, findings: Findings): void {
  for (const site of known.sites) {
    const guests = known.guests.get(site.name) ?? [];
    if (guests.length === 0 || site.inventory === null) continue;
    checkKvm(site, guests, findings);
    checkAcsOverride(site, guests, findings);
    /** Guest by the name of its card. */
    const taken = new Map<string, VmSpec>();
    for (const guest of guests) {
      if (guest.gpu !== null) checkCard(site, guest, site.inventory, taken, findings);
    }
  }
}

function checkCard(
  site: Site,
  guest: VmSpec,
  inventory: Inventory,
  taken: Map<string, VmSpec>,
  findings: Findings,
): void {
  const wanted = (guest.gpu as string).toLowerCase();
  const path = [...guest.at, "gpu"];
  const other = taken.get(wanted);
  if (other !== undefined) {
    findings.add({
      code: "CF725",
      path,
      message: `guests \`${other.name}\` and \`${guest.name}\` both take ${wanted} from \`${site.name}\``,
      help: "give each guest a card of its own; a guest with `count` above 1 cannot name one card",
      related: [
        { message: `\`${other.name}\` takes it here`, doc: { kind: "spec" }, path: [...other.at, "gpu"] },
      ],
    });
    return;
  }
  taken.set(wanted, guest);
  if (!isPciAddress(wanted)) return;
  const position = (inventory.gpus ?? []).findIndex((gpu) => isAtAddress(gpu, wanted));
  const card = inventory.gpus?.[position];
  if (card === undefined) reportMissing(site, path, wanted, inventory, findings);
  else checkIsolation(site, path, { card, position }, findings);
}

function reportMissing(
  site: Site,
  path: DocPath,
  wanted: string,
  inventory: Inventory,
  findings: Findings,
): void {
  const addresses = (inventory.gpus ?? []).flatMap((gpu) => gpu.address ?? []);
  const has =
    inventory.gpus === null
      ? "whose cards are not known"
      : addresses.length === 0
        ? "which has none"
        : `which has ${addresses.join(", ")}`;
  findings.add({
    code: "CF724",
    path,
    message: `there is no card at ${wanted} in \`${site.name}\`, ${has}`,
    help: "write the address as `0000:01:00`, without the function, or the name of a resource mapping",
    related: [
      { message: "the cards of the parent", doc: { kind: "inventory", host: site.name }, path: ["gpus"] },
    ],
  });
}

function checkIsolation(
  site: Site,
  path: DocPath,
  { card, position }: { readonly card: GpuFacts; readonly position: number },
  findings: Findings,
): void {
  const verdict = card.passthrough;
  if (verdict === null || verdict.kind === "isolated") return;
  const related = [
    {
      message: "the card",
      doc: { kind: "inventory" as const, host: site.name },
      path: ["gpus", position, "passthrough"],
    },
  ];
  if (verdict.kind === "no-iommu") {
    findings.add({
      code: "CF727",
      path,
      message: `the IOMMU of \`${site.name}\` is off, so ${card.address} cannot be given to a guest yet`,
      help: `apply the rendered kernel options there, reboot, run \`ci-fleet init --refresh --name ${site.name}\` and look at its groups`,
      related,
    });
    return;
  }
  findings.add({
    code: "CF726",
    path,
    message: `${card.address} of \`${site.name}\` shares its IOMMU group with ${verdict.with.join(", ")}, which the guest would take along`,
    help: "move the card to another slot, or give the guest another card",
    related,
  });
}

function checkAcsOverride(site: Site, guests: readonly VmSpec[], findings: Findings): void {
  const first = guests.find((guest) => guest.gpu !== null);
  if (first === undefined || site.inventory?.iommu.acsOverride !== true) return;
  findings.add({
    code: "CF213",
    path: [...first.at, "gpu"],
    message: `the kernel of \`${site.name}\` runs with pcie_acs_override, so its IOMMU groups isolate nothing for certain`,
    help: "remove the option and use a slot with a group of its own, or give cards only to guests you trust",
    related: [
      {
        message: "the kernel's options",
        doc: { kind: "inventory", host: site.name },
        path: ["iommu", "acsOverride"],
      },
    ],
  });
}

function checkKvm(site: Site, guests: readonly VmSpec[], findings: Findings): void {
  if (site.inventory?.kvm.present !== false) return;
  findings.addOnHost({
    code: "CF731",
    path: [...(guests[0] as VmSpec).at, "parent"],
    host: site.name,
    message: (hosts) => `${hosts} has no KVM, so it cannot run guests`,
    help: (host) =>
      `switch on virtualization in the firmware, then run \`ci-fleet init --refresh --name ${host}\` there`,
    fact: { message: "KVM", path: ["kvm"] },
  });
}
