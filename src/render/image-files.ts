// The build folders of images that a host builds itself. In: the plan and one host. Out: a Dockerfile made
// from a list of packages, or the repository's own files as they are.

import { PACKAGE_PATTERN } from "../base/text-policy.ts";
import { requireMatch } from "../base/unwritable-text.ts";
import type { Placement, Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { bannerLines } from "./banner.ts";
import { fillTemplate } from "./fill-template.ts";

/** Where it goes, update-ca-certificates wants this ending. */
const AUTHORITY_NAME = "ci-fleet.crt";

export function renderImages(plan: Plan, host: PlannedHost): readonly RenderedFile[] {
  return host.placements.flatMap((placement) => renderImage(plan, host, placement));
}

function renderImage(plan: Plan, host: PlannedHost, placement: Placement): readonly RenderedFile[] {
  const { image } = placement;
  if (image === null || image.kind === "pull") return [];
  const folder = `hosts/${host.name}/images/${placement.pool}`;
  if (image.context.kind === "files") {
    return image.context.files.map((file) => ({
      path: `${folder}/${file.path}`,
      content: file.content,
      mode: file.executable ? 0o755 : 0o644,
    }));
  }
  if (image.base === null) throw new Error(`the plan has no base for the image of ${placement.pool}`);
  const { caContent } = plan.network;
  const content = fillTemplate("hosts/host/images/Dockerfile", {
    banner: bannerLines(plan),
    base: image.base,
    packages: image.context.packages.map((name) =>
      requireMatch("the name of a package", name, PACKAGE_PATTERN),
    ),
    authority: caContent === null ? null : AUTHORITY_NAME,
    user: String(placement.uid ?? 1001),
  });
  return [
    { path: `${folder}/Dockerfile`, content, mode: 0o644 },
    ...(caContent === null
      ? []
      : [{ path: `${folder}/${AUTHORITY_NAME}`, content: caContent, mode: 0o644 as const }]),
  ];
}
