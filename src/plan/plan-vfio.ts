// How the kernel of a host lets go of cards. Proxmox itself unbinds a card when the guest starts, but drivers of
// displays often do not let go: then vfio-pci has to have the card before they do. In: the host, the cards that go.
// Out: the plan of its boot; a finding where the boot loader is not known. Never decided by the driver that holds a
// card now: after the reboot it is another one, and the plan must not change.

import type { Binding, CardFunction, VfioCard, VfioPlan } from "../model/hypervisor-plan.ts";
import { type GpuFacts, type Inventory, type PciDevice, presentOrNull } from "../model/inventory.ts";
import { isAtLeast } from "../model/software-versions.ts";
import type { Departures } from "./check-guests.ts";
import type { Findings } from "./findings.ts";
import { type FoundCard, type GivenCard, isInSlotOf } from "./give-away.ts";
import type { Site } from "./site.ts";

/** Proxmox's kernels have Intel's IOMMU on from here (Proxmox VE Administration Guide, "PCI(e) Passthrough"). */
const INTEL_ON_BY_DEFAULT = "6.8.0";

export function planVfio(
  site: Site,
  departures: Departures | undefined,
  findings: Findings,
): VfioPlan | null {
  const { inventory } = site;
  const cards = (departures?.cards ?? []).flatMap((given) =>
    given.found === null ? [] : [{ given, found: given.found }],
  );
  if (departures === undefined || inventory === null || cards.length === 0) return null;
  const early = cards.filter(({ found }) => explainEarly(found) !== null);
  // A card's virtual functions end when it goes: as twins they would be gone after the reboot.
  const going = new Set(
    early.flatMap(({ found: { card, functions } }) =>
      [...functions, ...card.functions.filter((fn) => !isInSlotOf(card, fn.address))].map((fn) => fn.address),
    ),
  );
  const staying = new Set(listDevices(inventory).flatMap((one) => (going.has(one.address) ? [] : one.id)));
  const kernelOptions = listKernelOptions(inventory, early);
  const proxmox = presentOrNull(inventory.proxmox);
  const loader = proxmox?.bootLoader ?? (inventory.machine.secureBoot === true ? "grub" : null);
  if (kernelOptions.length > 0 && loader === null && proxmox !== null) {
    reportLoader(site, (cards[0] as { given: GivenCard }).given, findings);
  }
  return {
    cards: cards
      .map(({ given, found }) => planCard(given, found, inventory, staying))
      .toSorted((a, b) => (a.address < b.address ? -1 : 1)),
    kernelOptions,
    loader: loader ?? (site.spec.kind === "machine" ? "grub" : null),
    disableVga: cards.every(({ given }) => given.guests.every((vm) => vm.hardware.bios === "ovmf")),
    bootTool: proxmox?.bootTool ?? false,
    accepted: departures.accepted,
  };
}

function planCard(
  given: GivenCard,
  found: FoundCard,
  inventory: Inventory,
  staying: ReadonlySet<string>,
): VfioCard {
  const reason = explainEarly(found);
  const twin = found.functions.find((fn) => staying.has(fn.id));
  const [binding, why]: readonly [Binding, string] =
    reason === null
      ? ["start", "no driver of the host holds it that would not let go"]
      : twin === undefined
        ? ["id", reason]
        : ["address", `${reason}; another device of the host is a ${twin.id} too`];
  return {
    address: given.address,
    name: found.card.name,
    guests: given.guests.map((vm) => vm.name),
    functions: found.functions.map((fn) => describeFunction(fn, inventory)),
    binding,
    why,
  };
}

function describeFunction(fn: PciDevice, inventory: Inventory): CardFunction {
  const group = inventory.iommu.groups.find(({ devices }) =>
    devices.some(({ address }) => address === fn.address),
  );
  const { address, id, subsystemId } = fn;
  return { address, id, subsystemId, class: fn.class, group: group?.id ?? null };
}

/** null: it can be bound when the guest starts. */
function explainEarly({ card, virtual }: FoundCard): string | null {
  if (virtual) return null;
  switch (card.vendor) {
    case "nvidia":
      return "nouveau and NVIDIA's driver do not let go of a card in use";
    case "amd":
      return "not every card of AMD can be reset after amdgpu had it";
    case "intel":
      return "i915 and xe hold the console";
    case "other":
      return null;
  }
}

/** Every function that the inventory knows, once. */
function listDevices(inventory: Inventory): readonly PciDevice[] {
  const all = [
    ...(inventory.gpus ?? []).flatMap((gpu) => gpu.functions),
    ...inventory.iommu.groups.flatMap((group) => group.devices),
  ];
  return [...new Map(all.map((device) => [device.address, device])).values()];
}

function listKernelOptions(
  inventory: Inventory,
  early: readonly { readonly found: FoundCard }[],
): VfioPlan["kernelOptions"] {
  const { kernel } = inventory;
  const isOn = kernel?.proxmox === true && isAtLeast(kernel.release, INTEL_ON_BY_DEFAULT);
  const intel =
    isIntel(inventory) && !isOn
      ? [
          {
            token: "intel_iommu=on",
            why: "this kernel may leave Intel's IOMMU off, or off for the integrated card",
          },
        ]
      : [];
  const holdsScreen = early.some(({ found }) => isFirstScreen(found.card));
  const screen = holdsScreen
    ? [
        {
          token: "initcall_blacklist=sysfb_init",
          why: "a card that goes shows the firmware's screen, and the kernel's console would hold its memory",
        },
      ]
    : [];
  return [...intel, ...screen];
}

function isFirstScreen(card: GpuFacts): boolean {
  return card.bootVga === true;
}

function isIntel({ cpu, iommu }: Inventory): boolean {
  if (iommu.kind !== null) return iommu.kind === "intel";
  return /\bIntel\b/i.test(cpu.model ?? "");
}

function reportLoader(site: Site, given: GivenCard, findings: Findings): void {
  findings.add({
    code: "CF739",
    path: given.path,
    message: `\`${site.name}\` needs a kernel option, and whether GRUB or systemd-boot starts its kernel is not known`,
    help: `run \`ci-fleet init --refresh --name ${site.name}\` there as root`,
    related: [
      {
        message: "its boot loader",
        doc: { kind: "inventory", host: site.name },
        path: ["proxmox", "bootLoader"],
      },
    ],
  });
}
