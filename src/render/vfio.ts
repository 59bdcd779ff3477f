// Files by which a host lets go of cards: modules and their order, the initramfs, udev, the kernel's command line, and
// the script that puts them in force. Laid out from /. In: the plan, a host. Out: files; none where no card goes or
// the hypervisor needs no help.

import type { CardFunction, VfioPlan } from "../model/hypervisor-plan.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { bannerLines } from "./banner.ts";
import { fillTemplate, type TemplateView } from "./fill-template.ts";

/** vfio_virqfd is a part of vfio since Linux 6.2; before, modprobe found it by itself. */
const MODULES = ["vfio", "vfio_iommu_type1", "vfio_pci"];

export function renderVfio(plan: Plan, host: PlannedHost): readonly RenderedFile[] {
  const { vfio } = host;
  if (vfio === null) return [];
  const files = listFiles(plan, vfio);
  if (files.length === 0 && vfio.kernelOptions.length === 0) return [];
  const installed = files.map(([path]) => path);
  const script = fillTemplate("hosts/host/vfio/install.sh", {
    banner: bannerLines(plan),
    host: host.name,
    fleet: plan.fleet,
    files: installed,
    options: vfio.kernelOptions.map(({ token }) => ({ token })),
    cmdline: vfio.loader !== "grub",
    grub: vfio.loader !== "systemd-boot",
    bootTool: vfio.bootTool,
  });
  return [...files, ["install.sh", script, 0o755] as const].map(([path, content, mode]) => ({
    path: `hosts/${host.name}/vfio/${path}`,
    content,
    mode,
  }));
}

type Placed = readonly [path: string, content: string, mode: 0o644 | 0o755];

function listFiles(plan: Plan, vfio: VfioPlan): readonly Placed[] {
  const view = describe(plan, vfio);
  const fill = (path: string, mode: 0o644 | 0o755 = 0o644): Placed => [
    path,
    fillTemplate(`hosts/host/vfio/${path}`, view),
    mode,
  ];
  const early = vfio.cards.some(({ binding }) => binding !== "start");
  const byAddress = vfio.cards.some(({ binding }) => binding === "address");
  return [
    ...(early
      ? [
          fill("etc/modprobe.d/ci-fleet-vfio.conf"),
          fill("etc/modules-load.d/ci-fleet-vfio.conf"),
          fill("etc/initramfs-tools/hooks/ci-fleet-vfio", 0o755),
        ]
      : []),
    ...(byAddress
      ? [
          fill("etc/initramfs-tools/scripts/init-top/ci-fleet-vfio", 0o755),
          fill("etc/udev/rules.d/60-ci-fleet-vfio.rules"),
        ]
      : []),
    ...(vfio.kernelOptions.length > 0 && vfio.loader !== "systemd-boot"
      ? [fill("etc/default/grub.d/ci-fleet-vfio.cfg")]
      : []),
  ];
}

function describe(plan: Plan, vfio: VfioPlan): TemplateView {
  const byId = vfio.cards.filter(({ binding }) => binding === "id").flatMap(({ functions }) => functions);
  const byAddress = vfio.cards
    .filter(({ binding }) => binding === "address")
    .flatMap(({ functions }) => functions);
  const ids = [...new Set(byId.map(({ id }) => id))];
  return {
    banner: bannerLines(plan),
    notes: listNotes(vfio),
    modules: MODULES,
    ids: ids.length === 0 ? null : ids.join(","),
    disableVga: vfio.disableVga,
    drivers: [...new Set(byId.flatMap(listDrivers))].toSorted(),
    functions: byAddress.map(({ address, id }) => ({
      address,
      vendor: id.slice(0, 4),
      device: id.slice(5),
    })),
    options: vfio.kernelOptions.map(({ token, why }) => ({ token, why })),
  };
}

function listNotes({ cards, accepted }: VfioPlan): readonly string[] {
  return [
    ...cards.map(({ address, name, guests, binding, why }) => {
      const card = name === null ? address : `${address} ${name}`;
      const taker = guests.length === 0 ? "no guest yet" : guests.join(" or ");
      return `${card} to ${taker}: ${binding === "start" ? "bound when the guest starts" : `bound by ${binding}`}; ${why}.`;
    }),
    ...accepted.map(({ code, guest, words, by }) => {
      const how = by === "spec" ? "in the spec" : "by --accept-risk";
      return `Accepted ${how} for ${guest}, ${code}: ${words}.`;
    }),
  ];
}

/** Drivers of the kernel and of vendors that would take a function first, by its vendor and class. */
function listDrivers({ id, class: deviceClass }: CardFunction): readonly string[] {
  const isCard = /^(?:03|12)/.test(deviceClass);
  if (isCard) return CARD_DRIVERS[id.slice(0, 4)] ?? [];
  return FUNCTION_DRIVERS.find(([prefix]) => deviceClass.startsWith(prefix))?.[1] ?? [];
}

const CARD_DRIVERS: Readonly<Record<string, readonly string[]>> = {
  "10de": ["nouveau", "nova_core", "nvidia", "nvidia_drm", "nvidiafb"],
  "1002": ["amdgpu", "radeon"],
  "8086": ["i915", "xe"],
};

const FUNCTION_DRIVERS: readonly (readonly [prefix: string, drivers: readonly string[]])[] = [
  ["0403", ["snd_hda_intel"]],
  ["0c03", ["xhci_pci"]],
  ["0c80", ["i2c_nvidia_gpu", "i2c_designware_pci"]],
];
