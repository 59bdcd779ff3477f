// The next step that brings a guest to what api.json says, by what the node has: one step at a time, so that each is
// decided on what is there by then. A guest of ours is told by the first line of its description; any other is left
// alone, and none is ever stopped or removed here. In: wish and guest. Out: a decision. Pure.

import type { GuestDecision, GuestWish } from "../model/guest-wish.ts";
import type { GuestRecord } from "../model/hypervisor-port.ts";

/** `guest`: null: the node said that there is none. */
export function planGuest(wish: GuestWish, guest: GuestRecord | null, start: boolean): GuestDecision {
  if (guest === null) return planMaking(wish);
  // While it is cloned it has no mark yet, so this comes first.
  if (guest.lock !== null) {
    return { kind: "wait", why: `guest ${wish.vmId} is locked (${guest.lock}): a task works on it` };
  }
  const foreign = judgeOwner(wish, guest);
  if (foreign !== null) return foreign;
  const drives = judgeDrives(wish, guest);
  if (drives.refused !== null) return drives.refused;
  const change = compareSettings(wish, guest);
  const isChanged = Object.keys(change.set).length > 0 || change.delete.length > 0;
  const isNew = Object.keys(drives.missing).length > 0;
  const size = planSize(wish, guest);
  if (guest.status === "running" && (isChanged || isNew || size !== null)) {
    // Network cards and disks are changed at once, under a job (qm.conf(5), hotplug).
    return { kind: "wait", why: `guest ${wish.vmId} runs: it is changed once it has stopped` };
  }
  if (isChanged || isNew) {
    const set = { ...change.set, ...drives.missing };
    return {
      kind: "step",
      step: { kind: "configure", change: { ...change, set, digest: guest.digest }, inTask: isNew },
    };
  }
  return size ?? planStart(wish, guest, start);
}

function planMaking({ vmId, clone }: GuestWish): GuestDecision {
  if (clone !== null) return { kind: "step", step: { kind: "clone", ...clone } };
  return {
    kind: "refused",
    why: `guest ${vmId} is made from an image, which the API cannot`,
    help: "Run its qm.sh on the node, as root, or name a template at the node.",
  };
}

function judgeOwner({ vmId, mark }: GuestWish, guest: GuestRecord): GuestDecision | null {
  if (guest.description?.split("\n")[0] !== mark) {
    return {
      kind: "refused",
      why: `guest ${vmId} is there already, and ci-fleet did not make it`,
      help: "Give ours another vmId in the spec.",
    };
  }
  if (!guest.template) return null;
  return {
    kind: "refused",
    why: `guest ${vmId} is a template now`,
    help: "Give ours another vmId in the spec.",
  };
}

interface Drives {
  readonly missing: Readonly<Record<string, string>>;
  readonly refused: GuestDecision | null;
}

/** A volume that is there stays, whatever its name: setting it anew would make another one. */
function judgeDrives({ vmId, drives, disk }: GuestWish, { config }: GuestRecord): Drives {
  const missing: Record<string, string> = {};
  const refuse = (why: string): Drives => ({
    missing: {},
    refused: { kind: "refused", why, help: `Look at guest ${vmId} in Proxmox's interface.` },
  });
  if (config[disk.name] === undefined) {
    return refuse(`guest ${vmId} has no system disk at ${disk.name}: its template has it elsewhere`);
  }
  for (const [key, wanted] of Object.entries(drives)) {
    const have = config[key];
    if (have === undefined) missing[key] = wanted;
    else if (!isSameVolume(wanted, have)) {
      return refuse(`${key} of guest ${vmId} is ${have}: somebody put it there`);
    }
  }
  return { missing, refused: null };
}

/** `local-lvm:1` and `local-lvm:cloudinit` become volumes with names of their own. */
function isSameVolume(wanted: string, have: string): boolean {
  const [volume = ""] = wanted.split(",");
  const name = volume.slice(volume.indexOf(":") + 1);
  if (/^\d+$/.test(name)) return true;
  return name === "cloudinit"
    ? /[-:]cloudinit\b/.test(have.split(",")[0] ?? "")
    : have.split(",")[0] === volume;
}

function compareSettings(
  wish: GuestWish,
  guest: GuestRecord,
): { readonly set: Readonly<Record<string, string>>; readonly delete: readonly string[] } {
  const set = Object.entries(wish.settings).filter(([key, value]) => !isSame(guest.config[key], value));
  const description = guest.description?.trimEnd() === wish.description.trimEnd() ? {} : wish;
  return {
    set: {
      ...Object.fromEntries(set),
      ...("description" in description ? { description: wish.description } : {}),
    },
    delete: wish.absent.filter((key) => guest.config[key] !== undefined),
  };
}

/** Proxmox may write the parts of a value in another order. */
function isSame(have: string | undefined, wanted: string): boolean {
  if (have === undefined) return false;
  const parts = (text: string) => text.split(/[,;]/).toSorted().join("\n");
  return parts(have) === parts(wanted);
}

function planSize({ vmId, disk }: GuestWish, { config }: GuestRecord): GuestDecision | null {
  const have = readSize(/(?:^|,)size=([^,]+)/.exec(config[disk.name] ?? "")?.[1] ?? "");
  const wanted = readSize(disk.size);
  if (have === null || wanted === null) {
    return {
      kind: "refused",
      why: `the size of ${disk.name} of guest ${vmId} is not known`,
      help: "Run `qm disk rescan` on the node, as root.",
    };
  }
  return have < wanted ? { kind: "step", step: { kind: "resize", disk: disk.name, size: disk.size } } : null;
}

function planStart(wish: GuestWish, guest: GuestRecord, start: boolean): GuestDecision {
  const have = readSize(/(?:^|,)size=([^,]+)/.exec(guest.config[wish.disk.name] ?? "")?.[1] ?? "") ?? 0;
  const isLarger = have > (readSize(wish.disk.size) ?? 0);
  const notes = isLarger ? ["the disk is larger than the spec says, and stays"] : [];
  if (guest.status === "stopped" && start && wish.start) return { kind: "step", step: { kind: "start" } };
  return { kind: "done", notes };
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** PVE::JSONSchema, disk-size. null: no size. */
function readSize(text: string): number | null {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)([KMGT]?)$/.exec(text);
  const unit = UNITS[match?.[2] ?? "-"];
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}
