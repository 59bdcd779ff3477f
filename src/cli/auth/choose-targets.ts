// Which targets `auth` is about. In: the call. Out: the targets that are meant, and where this install keeps its
// credentials. No plan is needed: a credential may come before the first inventory.

import type { InstallPlaces } from "../../model/apply.ts";
import type { PlannedNetwork } from "../../model/authority.ts";
import type { Fleet, TargetSpec } from "../../model/fleet.ts";
import type { CommandCall } from "../command.ts";
import { loadFleet } from "../load-fleet.ts";
import { readNetwork } from "../read-authority.ts";
import { warnAbout } from "../report-diagnostics.ts";
import { choosePlaces } from "../this-host.ts";
import { UsageError } from "../usage-error.ts";

export interface ChosenTargets {
  readonly fleet: Fleet;
  readonly network: PlannedNetwork;
  readonly targets: readonly TargetSpec[];
  readonly places: InstallPlaces;
}

/** null: the spec has errors, which were told. */
export function chooseTargets(call: CommandCall): ChosenTargets | null {
  const loaded = loadFleet(call);
  const { fleet } = loaded;
  if (fleet === null) {
    warnAbout(loaded, call.terminal);
    return null;
  }
  const network = readNetwork(fleet.network, loaded.specFolder);
  const places = choosePlaces(call.flags.has("user"), fleet.name);
  const asked = call.flags.text("target");
  const targets = asked === null ? fleet.targets : fleet.targets.filter(({ name }) => name === asked);
  if (targets.length > 0) return { fleet, network, targets, places };
  const known = fleet.targets.map(({ name }) => name).join(", ");
  throw new UsageError(`the fleet has no target ${JSON.stringify(asked)}`, `it has ${known}`);
}

/** A credential belongs to one target. */
export function requireOne({ targets }: ChosenTargets): TargetSpec {
  const [first, second] = targets;
  if (first !== undefined && second === undefined) return first;
  const known = targets.map(({ name }) => name).join(", ");
  throw new UsageError("the fleet has several targets", `say which with --target: ${known}`);
}
