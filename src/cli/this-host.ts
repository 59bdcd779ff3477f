// Which host of the fleet this machine is, and where things lie on it. In: flags, the plan, the process's
// surroundings. Out: the host and its places, or null where this machine is none of the fleet's.

import { homedir, userInfo } from "node:os";
import { openHostFiles } from "../adapters/host-files.ts";
import { placeFleetForUser, placeForSystem, placeRecords } from "../apply/places.ts";
import { readGeneration } from "../apply/records.ts";
import { isApplied } from "../apply/want-host.ts";
import { suggest } from "../base/did-you-mean.ts";
import type { InstallPlaces } from "../model/apply.ts";
import { placesOf } from "../model/names.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import type { CommandCall } from "./command.ts";
import { nameThisHost } from "./detect-machine.ts";
import { UsageError } from "./usage-error.ts";

export interface ThisHost {
  readonly host: PlannedHost;
  readonly places: InstallPlaces;
  readonly uid: number;
  readonly userName: string;
}

/** null: nothing was said, nothing is installed, and no host of the fleet has this machine's name. */
export function findThisHost({ flags }: Pick<CommandCall, "flags">, plan: Plan): ThisHost | null {
  const places = choosePlaces(flags.has("user"), plan.fleet);
  const asked = flags.text("host");
  const name = asked ?? readInstalledHost(places) ?? nameThisHost();
  const host = plan.hosts.find((each) => each.name === name);
  if (host === undefined) {
    if (asked === null) return null;
    const known = plan.hosts.map((each) => each.name);
    const near = suggest(name, known);
    const guess = near === null ? "" : `; did you mean ${near}?`;
    throw new UsageError(
      `the fleet has no host ${JSON.stringify(name)}${guess}`,
      `it has ${known.join(", ")}`,
    );
  }
  return { host, places, uid: process.getuid?.() ?? 0, userName: nameUser() };
}

/** For commands about slots. */
export function requireThisHost(call: Pick<CommandCall, "flags">, plan: Plan): ThisHost {
  const found = requireAnyHost(call, plan);
  if (found.host.supervision === "none") refuseSlotless(found.host);
  return found;
}

function refuseSlotless({ name }: PlannedHost): never {
  throw new UsageError(`${name} holds no slots of its own`, "run this on one of its guests");
}

/** For commands that make no sense elsewhere; a Proxmox node is a host too, though it has no slots. */
export function requireAnyHost(call: Pick<CommandCall, "flags">, plan: Plan): ThisHost {
  const found = findThisHost(call, plan);
  if (found === null) {
    const known = plan.hosts.map(({ name }) => name).join(", ");
    throw new UsageError(
      `this machine is called ${nameThisHost()}, and the fleet has no such host: it has ${known}`,
      "run this on the host itself; --host says which one it is, where its name is another",
    );
  }
  if (!isApplied(found.host)) refuseSlotless(found.host);
  return found;
}

export function choosePlaces(user: boolean, fleet: string): InstallPlaces {
  if (!user) return placeForSystem(placesOf(fleet));
  const { env } = process;
  const uid = process.getuid?.() ?? 0;
  return placeFleetForUser(fleet, {
    home: homedir(),
    config: env.XDG_CONFIG_HOME || null,
    runtime: env.XDG_RUNTIME_DIR || `/run/user/${uid}`,
  });
}

/** `apply` wrote it down: a machine may have another name than its host in the fleet. */
function readInstalledHost(places: InstallPlaces): string | null {
  const text = openHostFiles("/").readText(placeRecords(places).generation);
  const record = text.ok ? readGeneration(text.value) : null;
  return record?.kind === "read" ? record.value.host : null;
}

export function nameUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without an entry in /etc/passwd.
    return String(process.getuid?.() ?? 0);
  }
}

/** For the watchdog: a node with guests is watched too. */
export function requireWatchedHost(call: Pick<CommandCall, "flags">, plan: Plan): ThisHost {
  const found = findThisHost(call, plan);
  return found !== null && found.host.hypervisor !== null ? found : requireThisHost(call, plan);
}
