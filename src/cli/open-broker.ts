// The broker of one target, by this host's key. In: the target's address, where the fleet is installed. Out: the broker;
// to who may not read the key, why they cannot ask.

import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { listSshArguments, openBroker, openSshLine } from "../adapters/broker-client.ts";
import { cleanEnvironment } from "../adapters/host-tools.ts";
import { errnoOf } from "../base/world-error.ts";
import type { InstallPlaces } from "../model/apply.ts";
import type { RunnerBroker } from "../model/broker.ts";
import type { AuthSpec } from "../model/fleet.ts";

export function openHostBroker(
  auth: Extract<AuthSpec, { kind: "broker" }>,
  places: Pick<InstallPlaces, "config">,
  /** Ends every question at once. */
  signal: AbortSignal | null = null,
): RunnerBroker {
  const args = listSshArguments(auth, folderOf(places));
  return openBroker(auth.url, openSshLine(args, cleanEnvironment(process.env), { signal }));
}

/** null: nothing keeps this process from asking. Without the key `ssh` would try, and say less clearly why not. */
export function explainClosedKey(places: Pick<InstallPlaces, "config">): string | null {
  const key = join(folderOf(places), "broker.key");
  try {
    accessSync(key, constants.R_OK);
    return null;
  } catch (error) {
    return errnoOf(error) === "EACCES" ? `only root may use ${key}` : null;
  }
}

function folderOf({ config }: Pick<InstallPlaces, "config">): string {
  return config.slice(0, config.lastIndexOf("/"));
}
