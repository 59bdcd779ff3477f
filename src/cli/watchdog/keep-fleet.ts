// The fleet as a daemon knows it: read anew when one of its files changed, and the last good one where the new one has
// errors. In: the call. Out: plan and host for each pass, and what is wrong with the files.

import { statSync } from "node:fs";
import { join } from "node:path";
import { placeRecords } from "../../apply/places.ts";
import { WorldError } from "../../base/world-error.ts";
import type { Plan } from "../../model/plan.ts";
import type { CommandCall } from "../command.ts";
import { hasInventory, inventoryPath, type LoadedFleet, loadFleet } from "../load-fleet.ts";
import { requireThisHost, type ThisHost } from "../this-host.ts";
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

/** `loaded` has a plan. Throws as any command does where this machine is no host of it. */
export function keepFleet(call: CommandCall, loaded: LoadedFleet, plan: Plan): KeptFleet {
  let inForce: InForce = { plan, at: requireThisHost(call, plan) };
  let signature = sign(loaded, inForce.at);
  let problem: string | null = null;
  return {
    inForce: () => inForce,
    problem: () => problem,
    refresh: () => {
      const now = sign(loaded, inForce.at);
      if (now === signature) return false;
      const read = readAnew(call, inForce);
      // What could not be read is tried again at the next pass, changed or not.
      signature = typeof read === "string" ? "" : now;
      problem = typeof read === "string" ? read : null;
      if (typeof read === "string") return false;
      loaded = read.loaded;
      inForce = read.inForce;
      signature = sign(loaded, inForce.at);
      return true;
    },
  };
}

function readAnew(
  call: CommandCall,
  before: InForce,
): string | { readonly loaded: LoadedFleet; readonly inForce: InForce } {
  try {
    const loaded = loadFleet(call);
    const { plan, diagnostics } = loaded;
    if (plan === null) {
      const errors = diagnostics.filter(({ severity }) => severity === "error");
      return `${errors[0]?.message ?? "it has errors"} (${errors.length} in all: \`ci-fleet validate\`)`;
    }
    if (plan.fleet !== before.plan.fleet) return `the fleet is called ${plan.fleet} now`;
    const at = requireThisHost(call, plan);
    return { loaded, inForce: { plan, at } };
  } catch (error) {
    if (error instanceof WorldError || error instanceof UsageError) return error.message;
    throw error;
  }
}

/** Changes with the spec, each inventory, and each time that `apply` puts something in force. */
function sign({ specPath, specFolder, fleet }: LoadedFleet, { places }: ThisHost): string {
  const inventories = (fleet?.hosts ?? [])
    .filter(hasInventory)
    .map(({ name }) => inventoryPath(specFolder, name));
  const paths = [specPath, join(specFolder, "hosts"), placeRecords(places).generation, ...inventories];
  return paths.map(describeFile).join("\n");
}

function describeFile(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
}
