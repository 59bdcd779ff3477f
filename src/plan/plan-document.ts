// The document that `ci-fleet plan --json` prints: the plan for machines, in a versioned format. Contents of
// image folders stay out, for they are in the repository. In: a plan. Out: plain data.

import type { JsonValue } from "../base/write-json.ts";
import type { Placement, Plan, PlannedImage } from "../model/plan.ts";

export const PLAN_FORMAT = "ci-fleet/plan/v1";

export function describePlanAsData(plan: Plan): { readonly [key: string]: JsonValue } {
  const data = {
    ...plan,
    format: PLAN_FORMAT,
    targets: plan.targets.map(({ at: _, ...target }) => target),
    hosts: plan.hosts.map(({ spec: { at: _, ...spec }, ...host }) => ({
      ...host,
      spec,
      placements: host.placements.map(withoutContents),
    })),
  };
  // Records are plain data: no Map, Date or undefined in them, which writeJson would refuse.
  return data as unknown as { readonly [key: string]: JsonValue };
}

function withoutContents(placement: Placement) {
  return { ...placement, image: placement.image === null ? null : shorten(placement.image) };
}

function shorten(image: PlannedImage) {
  if (image.kind === "pull" || image.context.kind === "packages") return image;
  return { ...image, context: { ...image.context, files: image.context.files.map(({ path }) => path) } };
}
