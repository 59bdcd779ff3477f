// Drives of a guest as Proxmox makes them: a storage with a size becomes a volume, what was there becomes unused. In:
// settings as they are given. Out: settings as they are kept. PVE::API2::Qemu, create_disks.

import { Refusal } from "./refusal.ts";
import type { FakeGuest, FakeNode } from "./state.ts";

export const isDrive = (key: string): boolean => /^(?:scsi|ide|sata|virtio|efidisk)\d+$/.test(key);

export function applySettings(
  state: FakeNode,
  guest: FakeGuest,
  given: Readonly<Record<string, string>>,
): void {
  for (const [key, value] of Object.entries(given)) {
    if (!isDrive(key)) {
      guest.config[key] = value;
      continue;
    }
    const before = guest.config[key];
    const kept = makeVolume(state, guest, key, value);
    const [oldVolume] = (before ?? "").split(",");
    const [newVolume] = kept.split(",");
    if (before !== undefined && oldVolume !== newVolume && /:vm-\d+-disk-/.test(oldVolume ?? "")) {
      const free = Array.from({ length: 99 }, (_, number) => `unused${number}`);
      const slot = free.find((name) => guest.config[name] === undefined) as string;
      guest.config[slot] = oldVolume as string;
    }
    guest.config[key] = kept;
  }
}

function makeVolume(state: FakeNode, guest: FakeGuest, key: string, value: string): string {
  const [volume = "", ...parts] = value.split(",");
  const [storage = "", rest = ""] = volume.split(":");
  if (!state.storages.has(storage)) throw new Refusal(`storage '${storage}' does not exist`);
  if (rest === "cloudinit") return `${storage}:vm-${guest.vmId}-cloudinit,media=cdrom`;
  if (!/^\d+$/.test(rest)) return value;
  const taken = Object.values(guest.config).join(" ");
  let number = 0;
  while (taken.includes(`vm-${guest.vmId}-disk-${number}`)) number += 1;
  const size = key.startsWith("efidisk") ? "4M" : `${rest}G`;
  return [`${storage}:vm-${guest.vmId}-disk-${number}`, ...parts, `size=${size}`].join(",");
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

export function toBytes(size: string): number {
  const match = /^(\d+)([KMGT]?)$/.exec(size);
  if (match === null) throw new Refusal(`no size: ${size}`);
  return Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1);
}

export function resizeDisk(guest: FakeGuest, disk: string, size: string): string | null {
  const now = /(?:^|,)size=(\w+)/.exec(guest.config[disk] ?? "")?.[1];
  if (now === undefined) return `disk '${disk}' does not exist`;
  if (toBytes(size) < toBytes(now)) return "shrinking disks is not supported";
  guest.config[disk] = (guest.config[disk] as string).replace(/size=\w+/, `size=${size}`);
  return null;
}
