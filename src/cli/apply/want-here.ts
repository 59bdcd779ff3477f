// What this call of `apply` wants on this host. In: the loaded fleet, the host. Out: files and slots; or why what is
// rendered cannot be put in force. Files are rendered here and compared with the folder that was reviewed: where that
// is there it has the last word, by a refusal.

import { join } from "node:path";
import { isSea } from "node:sea";
import { hashFile, lookAtFile } from "../../adapters/install-files-state.ts";
import { surveyFolder } from "../../adapters/write-files-survey.ts";
import { wantHost } from "../../apply/want-host.ts";
import type { InstallPlaces, Refusal, Wanted } from "../../model/apply.ts";
import type { Plan, PlannedHost } from "../../model/plan.ts";
import type { RenderedFile } from "../../model/rendered-file.ts";
import { renderPlan } from "../../render/render-plan.ts";
import { showPath } from "../find-fleet.ts";
import { listCopies } from "../list-copies.ts";
import type { LoadedFleet } from "../load-fleet.ts";

export interface HereRequest {
  readonly loaded: LoadedFleet;
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly places: InstallPlaces;
  readonly folder: string;
  /** Do not ask what is rendered. */
  readonly fromSpec: boolean;
}

export type HereWanting =
  | { readonly kind: "wanted"; readonly wanted: Wanted }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export function wantHere(request: HereRequest): HereWanting {
  const { loaded, plan, host, places } = request;
  const copies = listCopies(loaded);
  const rendered = renderPlan(plan, new Set([host.name]), copies);
  const drift = request.fromSpec ? null : findDrift(request, rendered);
  if (drift !== null) return { kind: "refused", refusal: drift };
  const wanting = wantHost({
    ...{ plan, host, places, rendered, copies },
    program: findProgram(places),
  });
  if (wanting.kind === "wanted") return wanting;
  const refusal: Refusal = {
    message: `the spec's files and the rendered ones would have the same place: ${wanting.paths.join(", ")}`,
    help: "give the folder of that Dockerfile another name",
    kind: "found",
  };
  return { kind: "refused", refusal };
}

function findDrift(
  { loaded, plan, host, folder }: HereRequest,
  files: readonly RenderedFile[],
): Refusal | null {
  const root = join(loaded.specFolder, "rendered");
  const group = `hosts/${host.name}`;
  const shown = showPath(join(root, group), folder);
  // Rendered elsewhere, or never: then the spec is all there is.
  if (lookAtFile(join(root, group, "manifest.json")).kind === "absent") return null;
  const survey = surveyFolder({
    ...{ root, files, scope: new Set([group]), prune: false, force: false },
    ciFleetVersion: plan.ciFleetVersion,
  });
  const errors = survey.refusals.filter(({ severity }) => severity === "error");
  const count = survey.changes.length + errors.length;
  if (count === 0 && survey.groups.length === 0) return null;
  return {
    message: `${shown} is not what ${loaded.shown} renders to with this ci-fleet: ${count} of its files differ`,
    help: "see `ci-fleet render --diff`, then render and commit; --from-spec applies what the spec says, unrendered",
    kind: "found",
  };
}

/** null: a script that Node runs, which units cannot start. */
function findProgram({ binary }: InstallPlaces): Wanted["program"] {
  if (!isSea()) return null;
  const path = process.execPath;
  if (path !== binary) return { path, sha256: hashFile(path) };
  const there = lookAtFile(binary);
  return there.kind === "file" ? { path, sha256: there.sha256 } : null;
}
