// The scripts that every slot of a host runs, container or process: they are the same for all, and take
// what differs from the environment. In: the plan and a host. Out: files, and a text that names their content.

import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { bannerLines } from "./banner.ts";
import { fillTemplate } from "./fill-template.ts";

const scripts = ["entrypoint.sh", "folders.sh", "identity.sh", "job-started.sh", "job-completed.sh"] as const;

export function renderRunnerScripts(
  plan: Pick<Plan, "ciFleetVersion" | "specFile">,
  host: Pick<PlannedHost, "name">,
): readonly RenderedFile[] {
  return scripts.map((name) => ({
    path: `hosts/${host.name}/runner/${name}`,
    content: fillTemplate(`hosts/host/runner/${name}`, { banner: bannerLines(plan) }),
    mode: 0o755,
  }));
}

/** Without the banner, in which a new version of ci-fleet would look like a change of the scripts. */
export function readScriptBodies(): string {
  return scripts.map((name) => fillTemplate(`hosts/host/runner/${name}`, { banner: [] })).join("\n");
}
