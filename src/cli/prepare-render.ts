// What a render is asked to do, for which hosts. In: flags, the plan, what it was made of. Out: the writer's request.

import type { WriteRequest } from "../adapters/write-files-records.ts";
import { suggest } from "../base/did-you-mean.ts";
import type { Plan } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { renderPlan } from "../render/render-plan.ts";
import type { CommandCall } from "./command.ts";
import { UsageError } from "./usage-error.ts";

export function prepareRequest(
  { flags }: CommandCall,
  plan: Plan,
  copies: readonly RenderedFile[],
  root: string,
): WriteRequest {
  const hosts = chooseHosts(flags.texts("host"), plan);
  return {
    root,
    files: renderPlan(plan, hosts, copies),
    scope:
      hosts === null ? null : new Set([...hosts].flatMap((host) => [`hosts/${host}`, `kubernetes/${host}`])),
    ciFleetVersion: plan.ciFleetVersion,
    prune: flags.has("prune"),
    force: flags.has("force"),
  };
}

function chooseHosts(names: readonly string[], plan: Plan): ReadonlySet<string> | null {
  if (names.length === 0) return null;
  const known = plan.hosts.map(({ name }) => name);
  for (const name of names) {
    if (known.includes(name)) continue;
    const near = suggest(name, known);
    const guess = near === null ? "" : `; did you mean ${near}?`;
    throw new UsageError(
      `the fleet has no host ${JSON.stringify(name)}${guess}`,
      `it has ${known.join(", ")}`,
    );
  }
  return new Set(names);
}
