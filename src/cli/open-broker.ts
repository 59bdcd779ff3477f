// The broker of one target, by this host's key. In: the target's address, where the fleet is installed. Out: the broker.

import { listSshArguments, openBroker, openSshLine } from "../adapters/broker-client.ts";
import { cleanEnvironment } from "../adapters/host-tools.ts";
import type { InstallPlaces } from "../model/apply.ts";
import type { RunnerBroker } from "../model/broker.ts";
import type { AuthSpec } from "../model/fleet.ts";

export function openHostBroker(
  auth: Extract<AuthSpec, { kind: "broker" }>,
  { config }: Pick<InstallPlaces, "config">,
): RunnerBroker {
  const folder = config.slice(0, config.lastIndexOf("/"));
  return openBroker(auth.url, openSshLine(listSshArguments(auth, folder), cleanEnvironment(process.env)));
}
