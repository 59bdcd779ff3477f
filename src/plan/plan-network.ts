// The way out of the hosts, with the authority to trust on it. In: the fleet, what was read of its repository.
// Out: the network as planned; a finding where the file of `network.ca` is of no use.

import { AUTHORITY_FILE, isInRepository, type PlannedNetwork } from "../model/authority.ts";
import type { Fleet } from "../model/fleet.ts";
import { placesOf } from "../model/names.ts";
import type { PlanInputs } from "../model/plan.ts";
import type { Findings } from "./findings.ts";

export function planNetwork(fleet: Fleet, inputs: PlanInputs, findings: Findings): PlannedNetwork {
  const { network } = fleet;
  if (network.ca === null || !isInRepository(network.ca)) return { ...network, caContent: null };
  const read = inputs.authority ?? { problem: "it was not read" };
  if ("pem" in read) {
    return { ...network, ca: `${placesOf(fleet.name).config}/${AUTHORITY_FILE}`, caContent: read.pem };
  }
  findings.add({
    code: "CF719",
    path: ["network", "ca"],
    message: `the certificates of \`${network.ca}\` cannot be used: ${read.problem}`,
    help: "name a PEM file of this repository that holds certificates alone, or an absolute path that every host has",
  });
  return { ...network, caContent: null };
}
