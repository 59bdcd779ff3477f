// The fleet as a daemon knows it: read anew when one of its files changed, and the last good one where the new one has
// errors. In: the call. Out: plan and host for each pass, and what is wrong with the files.

import { statSync } from "node:fs";
import { join } from "node:path";
import { placeRecords } from "../../apply/places.ts";
import { WorldError } from "../../base/world-error.ts";
import type { Plan } from "../../model/plan.ts";
import type { CommandCall } from "../command.ts";
import { hasInventory, inventoryPath, type LoadedFleet, loadFleet } from "../load-fleet.ts";
import { requireWatchedHost, type ThisHost } from "../this-host.ts";
import { UsageError } from "../usage-error.ts";

export interface InForce {
  readonly plan: Plan;
  readonly at: ThisHost;
}

export interface KeptFleet {
  inForce(): InForce;
  /** null: what is in force is what the files say. */
  problem(): string | null;
  /** true: another plan is in force now. */
  refresh(): boolean;
}

/** A plan and the files that it was made of; nothing else of what was read is held on to. */
export interface ReadFleet {
  readonly plan: Plan;
  readonly paths: readonly string[];
}

/** null: there is no plan. */
export function takePlan({ plan, specPath, specFolder, fleet }: LoadedFleet): ReadFleet | null {
  if (plan === null) return null;
  const described = (fleet?.hosts ?? []).filter(hasInventory);
  const inventories = described.map(({ name }) => inventoryPath(specFolder, name));
  return { plan, paths: [specPath, join(specFolder, "hosts"), ...inventories] };
}

/** Throws as any command does where this machine is no host of it. */
export function keepFleet(call: CommandCall, first: ReadFleet): KeptFleet {
  let { paths } = first;
  let inForce: InForce = { plan: first.plan, at: requireWatchedHost(call, first.plan) };
  let signature = sign(paths, inForce.at);
  let problem: string | null = null;
  return {
    inForce: () => inForce,
    problem: () => problem,
    refresh: () => {
      if (sign(paths, inForce.at) === signature) return false;
      const read = readAnew(call, inForce);
      if (typeof read === "string") {
        problem = read;
        // It is tried again at the next pass, changed or not.
        signature = "";
        return false;
      }
      problem = null;
      paths = read.paths;
      inForce = { plan: read.plan, at: requireWatchedHost(call, read.plan) };
      signature = sign(paths, inForce.at);
      return true;
    },
  };
}

function readAnew(call: CommandCall, before: InForce): string | ReadFleet {
  try {
    const loaded = loadFleet(call);
    const taken = takePlan(loaded);
    if (taken === null) {
      const errors = loaded.diagnostics.filter(({ severity }) => severity === "error");
      return `${errors[0]?.message ?? "it has errors"} (${errors.length} in all: \`ci-fleet validate\`)`;
    }
    if (taken.plan.fleet !== before.plan.fleet) return `the fleet is called ${taken.plan.fleet} now`;
    requireWatchedHost(call, taken.plan);
    return taken;
  } catch (error) {
    if (error instanceof WorldError || error instanceof UsageError) return error.message;
    throw error;
  }
}

/** Changes with the spec, each inventory, and each time that `apply` puts something in force. */
function sign(paths: readonly string[], { places }: ThisHost): string {
  return [...paths, placeRecords(places).generation].map(describeFile).join("\n");
}

function describeFile(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
}
