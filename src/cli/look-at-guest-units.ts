// One look at the guests that this machine runs by itself, and at whether it waits for a reboot. In: this host, ports.
// Out: guests in the order of the plan, none where it runs none.

import { type GuestUnitPorts, observeGuestUnits } from "../adapters/observe-guest-units.ts";
import { REBOOT_MARK } from "../apply/node-scripts.ts";
import type { SeenGuestUnit } from "../model/guest-units.ts";
import { listOwnGuests } from "../model/kvm-plan.ts";
import type { HostFiles } from "../model/ports.ts";
import { listQemuOptions, QEMU } from "../render/kvm-command.ts";
import type { ThisHost } from "./this-host.ts";

export async function lookAtGuestUnits(
  { host, places }: Pick<ThisHost, "host" | "places">,
  ports: GuestUnitPorts,
): Promise<readonly SeenGuestUnit[]> {
  const guests = listOwnGuests(host, places.flavour);
  const questions = guests.map((guest) => ({
    name: guest.name,
    unit: guest.unit,
    state: guest.places.state,
    isEphemeral: guest.lifetime === "ephemeral",
    command: [
      QEMU,
      ...listQemuOptions(guest).flatMap(({ flag, value }) => [
        `-${flag}`,
        ...(value === null ? [] : [value]),
      ]),
    ],
  }));
  return observeGuestUnits(questions, ports);
}

/** Cards were given away or taken back by a vfio/install.sh, of this fleet or another, since this machine booted. */
export function waitsForReboot(files: HostFiles): boolean {
  return files.stat(REBOOT_MARK).ok;
}
