// The scripts that every slot of a host runs, container or process: they are the same for all, and take
// what differs from the environment. In: the plan and a host. Out: files, and a text that names their content.

import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { bannerLines } from "./banner.ts";
import { fillTemplate } from "./fill-template.ts";

const scripts = ["entrypoint.sh", "folders.sh", "identity.sh", "job-started.sh", "job-completed.sh"] as const;

type Banner = Pick<Plan, "ciFleetVersion" | "specFile">;

export function renderRunnerScripts(plan: Banner, host: Pick<PlannedHost, "name">): readonly RenderedFile[] {
  return fillScripts(plan).map(({ name, content }) => ({
    path: `hosts/${host.name}/runner/${name}`,
    content,
    mode: 0o755,
  }));
}

interface Script {
  readonly name: string;
  readonly content: string;
}

const filled = new WeakMap<Banner, readonly Script[]>();

/** Once for each plan: they are the same on every host. */
function fillScripts(plan: Banner): readonly Script[] {
  const known = filled.get(plan);
  if (known !== undefined) return known;
  const banner = bannerLines(plan);
  const made = scripts.map((name) => ({
    name,
    content: fillTemplate(`hosts/host/runner/${name}`, { banner }),
  }));
  filled.set(plan, made);
  return made;
}

let bodies: Uint8Array | null = null;

/** Without the banner, in which a new version of ci-fleet would look like a change of the scripts. */
export function encodeScriptBodies(): Uint8Array {
  bodies ??= new TextEncoder().encode(
    scripts.map((name) => fillTemplate(`hosts/host/runner/${name}`, { banner: [] })).join("\n"),
  );
  return bodies;
}
