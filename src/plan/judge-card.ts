// May this card leave its host? The group decides, not the card: whoever gets one member gets all, bridges
// excepted (kernel documentation, driver-api/vfio.rst: "Groups are the unit of ownership"). In: a host and a card
// that its guests are to have. Out: findings; what was accepted.

import type { RelatedPlace } from "../base/diagnostic.ts";
import type { AcceptableRisk } from "../model/fleet.ts";
import type { GpuFacts, Inventory, PciDevice } from "../model/inventory.ts";
import type { Acceptances } from "./accept-risks.ts";
import { describeDevice, drawGroup, isDisplay, isVital, staysBehind } from "./describe-device.ts";
import { type Findings, joinWords } from "./findings.ts";
import { type FoundCard, type GivenCard, isAtAddress } from "./give-away.ts";
import type { Site } from "./site.ts";

export interface Judged {
  readonly site: Site;
  readonly inventory: Inventory;
  readonly given: GivenCard;
  readonly found: FoundCard;
  /** Every card that leaves this host. */
  readonly all: readonly GivenCard[];
  readonly findings: Findings;
  readonly risks: Acceptances;
}

export function judgeCard(judged: Judged): void {
  if (isIommuOff(judged)) {
    reportIommu(judged);
    return;
  }
  judgeGroup(judged);
  judgeDisplay(judged);
  judgeUse(judged);
}

function isIommuOff({ inventory, found }: Judged): boolean {
  return inventory.iommu.enabled === false || found.card.passthrough?.kind === "no-iommu";
}

function reportIommu({ site, given, found, findings }: Judged): void {
  findings.add({
    code: "CF727",
    path: given.path,
    message: `the IOMMU of \`${site.name}\` is off, so ${found.card.address} cannot be given to a guest yet`,
    help: `apply the rendered kernel options there, reboot, run \`ci-fleet init --refresh --name ${site.name}\` and look at its groups`,
    related: relateCard(site, found, "passthrough"),
  });
}

function judgeGroup(judged: Judged): void {
  const { site, inventory, given, found, findings } = judged;
  const going = new Set(found.functions.map((fn) => fn.address));
  const others = found.groups
    .flatMap((group) => group.devices)
    .filter((device) => !going.has(device.address) && !staysBehind(device));
  if (found.groups.length === 0) {
    judgeByVerdict(judged);
    return;
  }
  if (others.length === 0) return;
  const vital = others.filter((device) => isVital(device) || isHostDisplay(device, judged));
  const told = vital.length > 0 ? vital : others;
  const list = joinWords(told.map((device) => describeDevice(device, inventory.disks ?? [])));
  const message = `${nameCard(found.card, given)} of \`${site.name}\` shares its IOMMU group with ${list}, which the guest would take along`;
  const taker = nameTaker(given);
  const drawing = found.groups.flatMap((group) => drawGroup(site.name, group, going, taker));
  const related = relateCard(site, found, "iommuGroup");
  const path = given.path;
  if (vital.length > 0) {
    const help = "move the card to another slot, or give the guest another card";
    findings.add({ code: "CF726", path, message, drawing, help, related });
    return;
  }
  const help = `move the card to another slot, or take it: \`acceptRisk: [CF734]\` at the guest`;
  offer(judged, "CF734", { message, drawing, help, related });
}

/** An inventory written by hand may say only what detection concluded from the groups. */
function judgeByVerdict({ site, given, found, findings }: Judged): void {
  const verdict = found.card.passthrough;
  if (verdict?.kind !== "shared") return;
  findings.add({
    code: "CF726",
    path: given.path,
    message: `${nameCard(found.card, given)} of \`${site.name}\` shares its IOMMU group with ${joinWords(verdict.with)}, which the guest would take along`,
    help: "move the card to another slot, or give the guest another card",
    related: relateCard(site, found, "passthrough"),
  });
}

/** Another card's display that no guest of this host gets, and that is its first or its last. */
function isHostDisplay(device: PciDevice, { inventory, all }: Judged): boolean {
  if (!isDisplay(device)) return false;
  const staying = (inventory.gpus ?? []).filter((gpu) => isDisplayCard(gpu) && !isGiven(gpu, all));
  const owner = staying.find((gpu) => isAtAddress(gpu, device.address));
  return owner !== undefined && (owner.bootVga === true || staying.length === 1);
}

function isDisplayCard(gpu: GpuFacts): boolean {
  return gpu.class?.startsWith("0300") ?? false;
}

function isGiven(gpu: GpuFacts, all: readonly GivenCard[]): boolean {
  return all.some(({ address, found }) => found?.virtual !== true && isAtAddress(gpu, address));
}

/** Management controllers are no cards of an inventory, but then the firmware's screen is theirs. */
function judgeDisplay(judged: Judged): void {
  const { site, inventory, given, found, findings, all } = judged;
  if (found.card.bootVga !== true || found.virtual) return;
  const staying = (inventory.gpus ?? []).filter((gpu) => isDisplayCard(gpu) && !isGiven(gpu, all));
  const related = relateCard(site, found, "bootVga");
  const card = nameCard(found.card, given);
  if (staying.length === 0) {
    const message = `${card} is the only display of \`${site.name}\``;
    const help = "let the host keep a card, or take it: `acceptRisk: [CF735]` at the guest";
    offer(judged, "CF735", { message, help, related });
    return;
  }
  findings.add({
    code: "CF736",
    path: given.path,
    message: `${card} is the card on which the firmware of \`${site.name}\` shows its first screen`,
    help: `choose ${staying[0]?.address} as the first display in the firmware, then run \`ci-fleet init --refresh --name ${site.name}\``,
    related,
  });
}

function judgeUse(judged: Judged): void {
  const { site, given, found } = judged;
  const { card } = found;
  const name = nameCard(card, given);
  const related = relateCard(site, found, "driver");
  const help = "give the guest another card, or take it: `acceptRisk: [CF737]` at the guest";
  if (!found.virtual && (card.sriov?.numVfs ?? 0) > 0) {
    const message = `${name} of \`${site.name}\` is in use: it has ${card.sriov?.numVfs} virtual functions`;
    offer(judged, "CF737", { message, help, related });
    return;
  }
  // Nobody loads it on a hypervisor but to use the card there; nouveau and amdgpu come with the kernel.
  if (site.spec.kind !== "proxmox" || card.driver !== "nvidia" || found.virtual) return;
  const message = `\`${site.name}\` itself works with ${name}: NVIDIA's driver holds it`;
  offer(judged, "CF737", { message, help, related });
}

interface Offer {
  readonly message: string;
  readonly help: string;
  readonly drawing?: readonly string[];
  readonly related: readonly RelatedPlace[];
}

/** Reported, unless somebody took it. */
function offer({ given, findings, risks }: Judged, code: AcceptableRisk, told: Offer): void {
  if (!risks.take(code, given.guests, told.message)) findings.add({ code, path: given.path, ...told });
}

function nameCard(card: GpuFacts, { address }: GivenCard): string {
  return card.address?.startsWith(address) === true ? card.address : address;
}

function nameTaker({ guests, mapping }: GivenCard): string {
  if (guests.length === 1) return guests[0]?.name ?? "";
  return guests.length === 0 ? `mapping ${mapping}` : `one of ${guests.map(({ name }) => name).join(", ")}`;
}

function relateCard(site: Site, { position }: FoundCard, key: string): readonly RelatedPlace[] {
  return [
    { message: "the card", doc: { kind: "inventory", host: site.name }, path: ["gpus", position, key] },
  ];
}
