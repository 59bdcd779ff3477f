// Cards that guests take from their parent. A card is given away by its address, with all that shares its IOMMU
// group, so a wrong address or a shared group takes the wrong thing from the host. In: the parents with their
// guests. Out: findings; for each parent the cards that go and what was accepted.

import type { AcceptableRisk, VmSpec } from "../model/fleet.ts";
import type { AcceptedRisk } from "../model/hypervisor-plan.ts";
import { type Inventory, presentOrNull } from "../model/inventory.ts";
import { isAtLeast, PROXMOX_WITH_FOLDERS } from "../model/software-versions.ts";
import { startAcceptances } from "./accept-risks.ts";
import { checkParent } from "./check-parent.ts";
import { count, type Findings } from "./findings.ts";
import { type GivenCard, isPciAddress, listGivenCards, listMappings, overlaps } from "./give-away.ts";
import { judgeCard } from "./judge-card.ts";
import type { KnownHosts } from "./know-hosts.ts";
import type { Site } from "./site.ts";

export interface Departures {
  readonly cards: readonly GivenCard[];
  readonly accepted: readonly AcceptedRisk[];
}

export function checkGuests(
  known: KnownHosts,
  flag: readonly AcceptableRisk[],
  findings: Findings,
): ReadonlyMap<string, Departures> {
  const departures = new Map<string, Departures>();
  for (const site of known.sites) {
    const guests = known.guests.get(site.name) ?? [];
    const { inventory } = site;
    if (inventory === null || (guests.length === 0 && listMappings(site.spec).length === 0)) continue;
    const risks = startAcceptances(flag);
    const all = listGivenCards(site.spec, inventory, guests);
    if (guests.length > 0) checkParent(site, guests, findings);
    checkFolders(site, guests, findings);
    checkMappings(site, guests, findings);
    checkAcsOverride(site, guests, all, risks.take, findings);
    const cards = withoutTwice(site, all, findings);
    for (const given of cards) {
      if (given.found === null) reportMissing(site, given, inventory, findings);
      else judgeCard({ site, inventory, given, found: given.found, all, findings, risks });
    }
    departures.set(site.name, { cards, accepted: risks.taken });
  }
  return departures;
}

/** Only one guest can run with a card, and ours all run. */
function withoutTwice(site: Site, all: readonly GivenCard[], findings: Findings): readonly GivenCard[] {
  const kept: GivenCard[] = [];
  for (const given of all) {
    const earlier = kept.find((each) => overlaps(each, given));
    if (earlier === undefined) {
      kept.push(given);
      continue;
    }
    findings.add({
      code: "CF725",
      path: given.path,
      message: `${namePair(earlier, given)} both take ${given.address} from \`${site.name}\``,
      help: "give each guest a card of its own; a guest with `count` above 1 cannot name one card",
      related: [
        { message: `${nameClaim(earlier)} takes it here`, doc: { kind: "spec" }, path: earlier.path },
      ],
    });
  }
  return kept;
}

function namePair(a: GivenCard, b: GivenCard): string {
  if (a.mapping !== null || b.mapping !== null) return `${nameClaim(a)} and ${nameClaim(b)}`;
  return `guests \`${a.guests[0]?.name}\` and \`${b.guests[0]?.name}\``;
}

function nameClaim({ guests, mapping }: GivenCard): string {
  return mapping === null ? `guest \`${guests[0]?.name}\`` : `mapping \`${mapping}\``;
}

function checkMappings(site: Site, guests: readonly VmSpec[], findings: Findings): void {
  const mappings = listMappings(site.spec);
  for (const vm of guests) {
    if (vm.gpu === null || isPciAddress(vm.gpu) || site.spec.kind === "proxmox") continue;
    findings.add({
      code: "CF724",
      path: [...vm.at, "gpu"],
      message: `\`${site.name}\` is no Proxmox node and has no resource mappings, so \`${vm.gpu}\` names no card`,
      help: "write the card's address as `0000:01:00`, in quotes",
    });
  }
  for (const { name, cards } of mappings) {
    const users = guests.filter((vm) => vm.gpu === name);
    const last = users[cards.length];
    if (last === undefined) continue;
    findings.add({
      code: "CF725",
      path: [...last.at, "gpu"],
      message: `${count(users.length, "guest")} share the mapping \`${name}\` of \`${site.name}\`, which has ${count(cards.length, "card")}`,
      help: "add a card to the mapping, or lower `count`",
      related: [{ message: "the mapping", doc: { kind: "spec" }, path: [...site.spec.at, "mappings", name] }],
    });
  }
}

function reportMissing(site: Site, given: GivenCard, inventory: Inventory, findings: Findings): void {
  const addresses = (inventory.gpus ?? []).flatMap((gpu) => gpu.address ?? []);
  const has =
    inventory.gpus === null
      ? "whose cards are not known"
      : addresses.length === 0
        ? "which has none"
        : `which has ${addresses.join(", ")}`;
  findings.add({
    code: "CF724",
    path: given.path,
    message: `there is no card at ${given.address} in \`${site.name}\`, ${has}`,
    help: "write the address as `0000:01:00`, without the function, or the name of a resource mapping",
    related: [
      { message: "the cards of the parent", doc: { kind: "inventory", host: site.name }, path: ["gpus"] },
    ],
  });
}

function checkAcsOverride(
  site: Site,
  guests: readonly VmSpec[],
  all: readonly GivenCard[],
  take: (code: AcceptableRisk, guests: readonly VmSpec[], words: string) => boolean,
  findings: Findings,
): void {
  const first = all[0];
  const withCards = guests.filter((vm) => vm.gpu !== null);
  if (first === undefined || site.inventory?.iommu.acsOverride !== true) return;
  const message = `the kernel of \`${site.name}\` runs with pcie_acs_override, so its IOMMU groups isolate nothing for certain`;
  if (take("CF213", withCards, message)) return;
  findings.add({
    code: "CF213",
    path: first.path,
    message,
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

function checkFolders(site: Site, guests: readonly VmSpec[], findings: Findings): void {
  const version = presentOrNull(site.inventory?.proxmox ?? null)?.version ?? null;
  const first = guests.find(({ cacheFolder }) => cacheFolder !== null);
  if (first === undefined || version === null || isAtLeast(version, PROXMOX_WITH_FOLDERS)) return;
  findings.add({
    code: "CF747",
    path: [...first.at, "cacheFolder"],
    message: `\`${site.name}\` has Proxmox VE ${version}, which cannot share folders with guests`,
    help: `upgrade it to ${PROXMOX_WITH_FOLDERS} or later, then run \`ci-fleet init --refresh --name ${site.name}\` there; or remove \`cacheFolder\``,
    related: [
      { message: "its version", doc: { kind: "inventory", host: site.name }, path: ["proxmox", "version"] },
    ],
  });
}
