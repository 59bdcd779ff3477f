// What an apply is about: the fleet, this host, what is wanted there. In: the call. Out: the work, or an exit code
// after the reason was told. With --remove the spec may be gone: then what is installed says what to take down.

import { dirname } from "node:path";
import { hasErrors } from "../../base/diagnostic.ts";
import { WorldError } from "../../base/world-error.ts";
import type { InstallPlaces, Refusal, Wanted } from "../../model/apply.ts";
import type { Plan, PlannedHost } from "../../model/plan.ts";
import type { CommandCall } from "../command.ts";
import { type LoadedFleet, loadFleet } from "../load-fleet.ts";
import { warnAbout } from "../report-diagnostics.ts";
import { choosePlaces, requireAnyHost } from "../this-host.ts";
import { UsageError } from "../usage-error.ts";
import { listInstalledFleets } from "./look-at-host.ts";
import { wantHere } from "./want-here.ts";

export interface ApplyWork {
  readonly fleet: string;
  readonly places: InstallPlaces;
  /** null: nothing. */
  readonly wanted: Wanted | null;
  /** For GitHub; null where the spec is gone or broken. */
  readonly plan: Plan | null;
  readonly host: PlannedHost | null;
  readonly refusals: readonly Refusal[];
}

/** null: the spec has errors, which were told. */
export function openWork(call: CommandCall): ApplyWork | null {
  return call.flags.has("remove") ? openRemoval(call) : openApply(call);
}

function openApply(call: CommandCall): ApplyWork | null {
  const loaded = loadFleet(call);
  const { plan } = loaded;
  if (plan === null || hasErrors(loaded.diagnostics)) {
    // Warnings were told when the files were rendered.
    warnAbout(loaded, call.terminal);
    call.terminal.err("nothing is applied while there are errors\n");
    return null;
  }
  const { host, places } = requireAnyHost(call, plan);
  const wanting = wantHere({
    ...{ loaded, plan, host, places },
    folder: call.folder,
    fromSpec: call.flags.has("from-spec"),
  });
  const work = { fleet: plan.fleet, places, plan, host };
  return wanting.kind === "wanted"
    ? { ...work, wanted: wanting.wanted, refusals: [] }
    : { ...work, wanted: null, refusals: [wanting.refusal] };
}

function openRemoval(call: CommandCall): ApplyWork {
  const loaded = loadIfThere(call);
  const isUser = call.flags.has("user");
  const fleet = loaded?.fleet?.name ?? findOnlyFleet(isUser);
  const places = choosePlaces(isUser, fleet);
  return { fleet, places, wanted: null, plan: loaded?.plan ?? null, host: null, refusals: [] };
}

function loadIfThere(call: CommandCall): LoadedFleet | null {
  try {
    return loadFleet(call);
  } catch (error) {
    if (error instanceof WorldError && call.specFile === null) return null;
    throw error;
  }
}

function findOnlyFleet(isUser: boolean): string {
  const top = dirname(choosePlaces(isUser, "any").config);
  const fleets = listInstalledFleets(top);
  const [only] = fleets;
  if (only !== undefined && fleets.length === 1) return only;
  if (only === undefined)
    throw new UsageError(`no fleet is installed in ${top}`, "there is nothing to remove");
  throw new UsageError(`which fleet? ${top} has ${fleets.join(", ")}`, `name one: -C ${top}/${only}`);
}
