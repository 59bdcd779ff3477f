// One guest's settings as Proxmox names them (qm.conf(5)). What cannot change between two runs is decided here too:
// its MAC address, the names of its cloud-init files. In: the spec, the node, the guest's id. Out: the guest as
// planned.

import { hashText } from "../base/hash-text.ts";
import type { Fleet, ProxmoxSpec, VmSpec } from "../model/fleet.ts";
import type {
  AcceptedRisk,
  GuestSource,
  PlannedGuest,
  PropertyPart,
  Setting,
} from "../model/hypervisor-plan.ts";
import { findCloudImage } from "./cloud-images.ts";
import { planCacheFolder } from "./plan-cache-folder.ts";

const MIB = 2 ** 20;

export interface GuestParts {
  readonly fleet: Fleet;
  readonly ciFleetVersion: string;
  readonly node: ProxmoxSpec;
  readonly vm: VmSpec;
  readonly vmId: number;
  /** Id of the mapping that its card is in, null without a card. */
  readonly mapping: string | null;
  readonly held: string | null;
  readonly accepted: readonly AcceptedRisk[];
}

export function describeGuest(parts: GuestParts): PlannedGuest {
  const { fleet, vm, vmId, node, mapping, held, accepted } = parts;
  const snippet = (file: string) => `${node.snippets}:snippets/ci-fleet-${fleet.name}-${vmId}-${file}.yaml`;
  const snippets = { user: snippet("user"), meta: snippet("meta"), network: snippet("network") };
  const { hardware } = vm;
  return {
    vmId,
    name: vm.name,
    mark: `ci-fleet guest ${fleet.name}/${vm.name}`,
    lifetime: vm.lifetime,
    reset: vm.lifetime === "ephemeral" ? (vm.reset ?? "rollback") : null,
    // With a guest Proxmox destroys what was granted on it (PVE::AccessControl, remove_vm_access); a pool stays.
    pool: vm.lifetime === "ephemeral" && vm.reset === "clone" ? `ci-fleet-${fleet.name}` : null,
    os: vm.os,
    settings: listSettings(parts, snippets),
    managed: OPTIONAL_SETTINGS,
    source: chooseSource(vm, node),
    disk: { size: vm.disk, parts: listDiskParts(vm) },
    efi:
      hardware.bios === "ovmf"
        ? [pair("efitype", "4m"), pair("pre-enrolled-keys", hardware.secureBoot ? "1" : "0")]
        : null,
    snippets,
    programDisk: fleet.install === null ? `${node.snippets}:iso/ci-fleet-${parts.ciFleetVersion}.iso` : null,
    card: mapping === null ? null : { mapping },
    folder: planCacheFolder(fleet.name, vm),
    held,
    accepted,
  };
}

/** Settings that a guest may have or not; ours go again when the spec no longer asks for them. */
const OPTIONAL_SETTINGS = ["hostpci0", "hugepages", "startup", "virtiofs0"];

function pair(key: string, ...values: readonly string[]): PropertyPart {
  return { key, values };
}

function value(...values: readonly string[]): PropertyPart {
  return { key: null, values };
}

function listSettings(parts: GuestParts, snippets: PlannedGuest["snippets"]): readonly Setting[] {
  const { fleet, vm, mapping } = parts;
  const folder = planCacheFolder(fleet.name, vm);
  const { hardware, limits } = vm;
  const one = (key: string, text: string | number): Setting => ({ key, parts: [value(String(text))] });
  const flag = (key: string, on: boolean): Setting => one(key, on ? 1 : 0);
  const settings: readonly Setting[] = [
    { key: "agent", parts: [pair("enabled", "1"), pair("fstrim_cloned_disks", "1")] },
    // A card needs all of the guest's memory pinned; without one ballooning would still surprise a job.
    one("balloon", 0),
    one("bios", hardware.bios),
    { key: "boot", parts: [pair("order", "scsi0")] },
    {
      key: "cicustom",
      parts: [pair("user", snippets.user), pair("network", snippets.network), pair("meta", snippets.meta)],
    },
    one("cores", limits.cpus),
    {
      key: "cpu",
      parts: [
        value(hardware.cpu),
        ...(hardware.flags.length === 0 ? [] : [pair("flags", ...hardware.flags)]),
      ],
    },
    ...(mapping === null ? [] : [{ key: "hostpci0", parts: listCardParts(vm, mapping) }]),
    ...(hardware.hugepages === null ? [] : [one("hugepages", PAGES[hardware.hugepages])]),
    one("machine", hardware.machine === "q35" ? "q35" : "pc"),
    one("memory", Math.floor(limits.memory / MIB)),
    one("name", vm.name),
    { key: "net0", parts: listNetworkParts(parts) },
    flag("numa", hardware.numa),
    // One that was running when the node went down has a job's leavings: the watchdog starts it when it is clean.
    flag("onboot", hardware.onboot && vm.lifetime === "persistent"),
    one("ostype", "l26"),
    one("scsihw", hardware.scsihw),
    one("serial0", "socket"),
    one("sockets", 1),
    ...listStartup(vm),
    { key: "tags", parts: [value(...[...new Set(["ci-fleet", ...hardware.tags])].toSorted())] },
    one("vga", hardware.vga ?? (vm.gpu === null ? "serial0" : "none")),
    ...(folder === null ? [] : [one("virtiofs0", folder.mapping)]),
  ];
  return settings.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

const PAGES = { "2MiB": "2", "1GiB": "1024", any: "any" } as const;

function listCardParts({ hardware }: VmSpec, mapping: string): readonly PropertyPart[] {
  return [
    pair("mapping", mapping),
    ...((hardware.pcie ?? hardware.machine === "q35") ? [pair("pcie", "1")] : []),
    ...(hardware.rombar ? [] : [pair("rombar", "0")]),
    ...(hardware.romfile === null ? [] : [pair("romfile", hardware.romfile)]),
    ...(hardware.xVga ? [pair("x-vga", "1")] : []),
  ];
}

function listNetworkParts({ fleet, node, vm }: GuestParts): readonly PropertyPart[] {
  const { hardware, network } = vm;
  const mac = (network.kind === "static" ? network.mac : null) ?? chooseMac(fleet.name, vm.name);
  return [
    pair("virtio", mac.toUpperCase()),
    pair("bridge", node.bridge),
    ...(hardware.firewall ? [pair("firewall", "1")] : []),
    ...(hardware.mtu === null ? [] : [pair("mtu", String(hardware.mtu))]),
    ...(hardware.queues === null ? [] : [pair("queues", String(hardware.queues))]),
    ...(hardware.vlan === null ? [] : [pair("tag", String(hardware.vlan))]),
  ];
}

/**
 * Proxmox would choose another address each time a setting without one is made, and the guest another lease. One of
 * the local range (IEEE 802, second bit of the first byte), the same for a guest as long as it has its name.
 */
export function chooseMac(fleet: string, guest: string): string {
  const digits = hashText(`ci-fleet guest ${fleet}/${guest}`).slice(0, 10);
  return ["02", ...(digits.match(/../g) ?? [])].join(":");
}

function listStartup({ hardware }: VmSpec): readonly Setting[] {
  const { startup } = hardware;
  if (startup === null) return [];
  const seconds = (milliseconds: number) => String(Math.ceil(milliseconds / 1000));
  const parts = [
    ...(startup.order === null ? [] : [pair("order", String(startup.order))]),
    ...(startup.up === null ? [] : [pair("up", seconds(startup.up))]),
    ...(startup.down === null ? [] : [pair("down", seconds(startup.down))]),
  ];
  return parts.length === 0 ? [] : [{ key: "startup", parts }];
}

function listDiskParts({ hardware }: VmSpec): readonly PropertyPart[] {
  const single = hardware.scsihw === "virtio-scsi-single";
  return [
    ...(hardware.cache === "none" ? [] : [pair("cache", hardware.cache)]),
    ...(hardware.discard ? [pair("discard", "on")] : []),
    ...((hardware.iothread ?? single) ? [pair("iothread", "1")] : []),
    ...(hardware.ssd ? [pair("ssd", "1")] : []),
  ];
}

function chooseSource(vm: VmSpec, { template }: ProxmoxSpec): GuestSource {
  // A guest that lives for one job is made often: it shares the template's disk.
  if (template !== null) return { kind: "clone", template, full: vm.lifetime === "persistent" };
  return { kind: "image", ...findCloudImage(vm.os) };
}
