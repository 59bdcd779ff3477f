// The lines of the plan's page about a host's guests: which card goes to whom, how it is bound, what the kernel is
// told, which guest has which id. In: a planned host. Out: lines.

import { layField } from "../base/page-layout.ts";
import { formatSize } from "../base/units.ts";
import type { VfioCard, VfioPlan } from "../model/hypervisor-plan.ts";
import type { KvmGuest } from "../model/kvm-plan.ts";
import type { PlannedHost } from "../model/plan.ts";

const BINDINGS = {
  id: "vfio-pci has it from boot on, by id",
  address: "vfio-pci has it from boot on, by address",
  start: "bound when the guest starts",
} as const;

export function describeHypervisor({ vfio, hypervisor, kvm }: PlannedHost): readonly string[] {
  const guests = hypervisor?.guests ?? [];
  return [
    ...(vfio === null ? [] : describeVfio(vfio)),
    ...guests.flatMap(({ vmId, name, source, disk, card, held }) => {
      const from = source.kind === "clone" ? `a clone of ${source.template}` : "from a cloud image";
      const by = card === null ? "" : `, card by mapping ${card.mapping}`;
      const line = `${vmId} ${name}: ${from}, disk ${formatSize(disk.size)}${by}`;
      return [...layField("guest", line), ...(held === null ? [] : layField("", `not started: ${held}`))];
    }),
    ...(kvm?.guests ?? []).flatMap((guest) => layField("guest", describeKvmGuest(guest))),
  ];
}

function describeKvmGuest({ name, lifetime, disk, network, card, starts }: KvmGuest): string {
  const reach =
    network.bridge !== null
      ? `on bridge ${network.bridge.name}`
      : network.sshPort === null
        ? "not reached from outside"
        : `SSH at 127.0.0.1:${network.sshPort}`;
  const address = card?.functions[0]?.address;
  const by = address === undefined ? "" : `, card ${address}`;
  const when = starts ? "" : ", not started by itself";
  return `${name}: ${lifetime}, by QEMU from a cloud image, disk ${formatSize(disk)}${by}, ${reach}${when}`;
}

function describeVfio({ cards, kernelOptions, loader, accepted }: VfioPlan): readonly string[] {
  return [
    ...cards.flatMap((card) => layField("vfio", describeCard(card))),
    ...kernelOptions.flatMap(({ token, why }) =>
      layField("kernel", `${token} (${loader ?? "GRUB or systemd-boot"}): ${why}`),
    ),
    ...accepted.flatMap(({ code, guest, words, by }) =>
      layField("accepted", `${code} for ${guest}${by === "flag" ? ", by a flag" : ""}: ${words}`),
    ),
  ];
}

function describeCard({ address, guests, functions, binding, why }: VfioCard): string {
  const groups = [...new Set(functions.flatMap(({ group }) => group ?? []))];
  const group = groups.length === 0 ? "group unknown" : `group ${groups.join(" and ")}`;
  const taker = guests.length === 0 ? "no guest yet" : guests.join(" or ");
  return `${address} to ${taker} (${group}): ${BINDINGS[binding]}; ${why}`;
}
