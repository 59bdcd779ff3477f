// What is in the folder of an image's Dockerfile that must not be rendered, or not be built as it is. In: a pool, the
// files. Out: CF216 for a base that moves, CF401 for a secret that would be copied into the repository and the image.

import { findSecrets } from "../base/secret-patterns.ts";
import type { PoolSpec } from "../model/fleet.ts";
import type { ImageContext } from "../model/plan.ts";
import type { Findings } from "./findings.ts";

type Context = Extract<ImageContext, { kind: "files" }>;

export function judgeImageFolder(pool: PoolSpec, context: Context, findings: Findings): void {
  const path = [...pool.at, "image", "dockerfile"];
  for (const file of context.files) {
    const [secret] = findSecrets(file.content);
    if (secret === undefined) continue;
    const line = file.content.slice(0, secret.start).split("\n").length;
    findings.add({
      code: "CF401",
      path,
      message: `line ${line} of \`${file.path}\`, which goes into the image, looks like ${secret.what}`,
      help: "revoke it, and give it to the build or to the jobs as a secret of GitHub's",
    });
  }
  const text = context.files.find((file) => file.path === context.dockerfile)?.content ?? "";
  for (const base of listBases(text)) {
    if (isPinned(base)) continue;
    findings.add({
      code: "CF216",
      path,
      message: `the Dockerfile builds on ${base}, which is another image tomorrow`,
      help: "write a version tag, or @sha256:…",
    });
  }
}

/** Images that `FROM` names itself: not earlier stages, not what an `ARG` decides (Docker docs, Dockerfile reference). */
function listBases(dockerfile: string): readonly string[] {
  const stages = new Set<string>(["scratch"]);
  const bases: string[] = [];
  for (const [, base = "", stage] of dockerfile.matchAll(
    /^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?/gim,
  )) {
    if (!stages.has(base.toLowerCase()) && !base.includes("$")) bases.push(base);
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  return [...new Set(bases)];
}

function isPinned(image: string): boolean {
  const tag = /:([^/:@]+)$/.exec(image)?.[1];
  return image.includes("@sha256:") || (tag !== undefined && tag !== "latest");
}
