// Looks at the guests that a machine with KVM runs by itself. In: which guests, with the command that is rendered for
// each. Out: for each its unit, its files, and whether the QEMU that runs is that command's; what does not answer says why.

import type { SeenGuestUnit } from "../model/guest-units.ts";
import { type Seen, seen, unseen } from "../model/host-observation.ts";
import type { HostFiles } from "../model/ports.ts";
import { showUnits, type UnitPorts } from "./observe-units.ts";

export interface GuestQuestion {
  readonly name: string;
  readonly unit: string;
  /** Folder of its disks. */
  readonly state: string;
  readonly isEphemeral: boolean;
  /** QEMU's arguments as rendered, its own name first. */
  readonly command: readonly string[];
}

export interface GuestUnitPorts extends UnitPorts {
  readonly files: HostFiles;
}

export async function observeGuestUnits(
  guests: readonly GuestQuestion[],
  ports: GuestUnitPorts,
): Promise<readonly SeenGuestUnit[]> {
  if (guests.length === 0) return [];
  const units = await showUnits(
    ports,
    guests.map(({ unit }) => unit),
  );
  const { files } = ports;
  return guests.map((guest): SeenGuestUnit => {
    const found = units.known ? units.value.get(guest.unit) : undefined;
    const unit = units.known ? seen(found === undefined || found.load === "not-found" ? null : found) : units;
    const { state, isEphemeral } = guest;
    return {
      name: guest.name,
      unit,
      hasDisk: isThere(files, `${state}/disk.qcow2`),
      hasSeed: isThere(files, `${state}/seed.iso`),
      isSetUp: isEphemeral ? isThere(files, `${state}/base.qcow2`) : null,
      isCurrent: unit.known ? compareCommand(files, unit.value?.mainPid ?? null, guest) : unit,
    };
  });
}

function isThere(files: HostFiles, path: string): Seen<boolean> {
  const stat = files.stat(path);
  if (stat.ok) return seen(true);
  return stat.code === "ENOENT" || stat.code === "ENOTDIR" ? seen(false) : unseen(`${path}: ${stat.code}`);
}

/** Its unit adds the word for this start to an ephemeral guest's command. */
const WORD = "type=1,family=";

function compareCommand(
  files: HostFiles,
  pid: number | null,
  { command, isEphemeral }: GuestQuestion,
): Seen<boolean | null> {
  if (pid === null) return seen(null);
  const text = files.readText(`/proc/${pid}/cmdline`);
  // It ended since systemd was asked.
  if (!text.ok) return text.code === "ENOENT" ? seen(null) : unseen(`/proc/${pid}/cmdline: ${text.code}`);
  const words = text.value.split("\0").slice(0, -1);
  const hasWord = isEphemeral && words.at(-2) === "-smbios" && words.at(-1)?.startsWith(WORD) === true;
  const own = hasWord ? words.slice(0, -2) : words;
  return seen(own.length === command.length && own.every((word, at) => word === command[at]));
}
