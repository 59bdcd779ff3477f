// Which image a container placement runs: pulled by a fixed name, or built on the host under a name that
// changes with everything that goes into it. In: a pool, a platform, the folders of its Dockerfiles.
// Out: the image, null for process slots and where the folder could not be read.

import { hashText } from "../base/hash-text.ts";
import { writeCompactJson } from "../base/write-json.ts";
import type { Fleet, ImageSpec, PoolSpec } from "../model/fleet.ts";
import { PACKAGE_RECIPE } from "../model/image-recipe.ts";
import type { ImageContext, PlanInputs, PlannedImage } from "../model/plan.ts";
import { RUNNER_RELEASES } from "../model/runner-releases.ts";
import type { Findings } from "./findings.ts";
import { judgeImageFolder } from "./judge-image-folder.ts";

/** Hex digits of the hash in a tag: 2^64 packages would have to be tried for a collision. */
const TAG_LENGTH = 16;

/** The newest release in the table where the spec names none. */
export function chooseRunnerVersion(fleet: Fleet): { version: string; versionFrom: "spec" | "built-in" } {
  if (fleet.runner.version !== null) return { version: fleet.runner.version, versionFrom: "spec" };
  const newest = RUNNER_RELEASES.at(-1);
  if (newest === undefined) throw new Error("the table of runner releases is empty");
  return { version: newest.version, versionFrom: "built-in" };
}

/** `ghcr.io/actions/actions-runner:2.338.1@sha256:…`; a tag that the spec wrote stays. */
export function nameRunnerImage(fleet: Fleet): string {
  const { image, digest } = fleet.runner;
  const hasTag = image.slice(image.lastIndexOf("/") + 1).includes(":");
  const tagged = hasTag || image.includes("@") ? image : `${image}:${chooseRunnerVersion(fleet).version}`;
  return digest === null || image.includes("@") ? tagged : `${tagged}@${digest}`;
}

export type ImageChooser = (pool: PoolSpec, platform: string) => PlannedImage | null;

/** Hashes each pool's image once for each platform, however many hosts share it. */
export function startImageChooser(fleet: Fleet, inputs: PlanInputs, findings: Findings): ImageChooser {
  const chosen = new Map<string, PlannedImage | null>();
  return (pool, platform) => {
    const key = `${pool.name} ${platform}`;
    const known = chosen.get(key);
    if (known !== undefined || chosen.has(key)) return known ?? null;
    const image = chooseImage(fleet, pool, platform, inputs, findings);
    chosen.set(key, image);
    return image;
  };
}

function chooseImage(
  fleet: Fleet,
  pool: PoolSpec,
  platform: string,
  inputs: PlanInputs,
  findings: Findings,
): PlannedImage | null {
  const image: ImageSpec | null = pool.run === "process" ? null : pool.image;
  if (pool.run === "process") return null;
  if (image === null) return { kind: "pull", reference: nameRunnerImage(fleet) };
  if (image.kind === "from") return { kind: "pull", reference: image.from };
  if (image.kind === "packages") {
    const packages = [...new Set(image.packages)].toSorted();
    const base = image.from ?? nameRunnerImage(fleet);
    const { authority } = inputs;
    const trusted = authority !== null && "pem" in authority ? { authority: authority.pem } : {};
    const hash = hashOf({ recipe: PACKAGE_RECIPE, base, platform, packages, ...trusted });
    return {
      kind: "build",
      reference: nameBuilt(fleet, pool, hash),
      base,
      context: { kind: "packages", packages },
    };
  }
  const context = readContext(pool, image.dockerfile, inputs, findings);
  if (context === null) return null;
  judgeImageFolder(pool, context, findings);
  const hash = hashOf({
    platform,
    dockerfile: context.dockerfile,
    files: context.files.map((file) => ({ ...file })),
  });
  return { kind: "build", reference: nameBuilt(fleet, pool, hash), base: null, context };
}

/** `localhost` is no registry: were the image missing, no stranger's would be pulled in its place. */
function nameBuilt(fleet: Fleet, pool: PoolSpec, hash: string): string {
  return `localhost/ci-fleet/${fleet.name}/${pool.name}:${hash}`;
}

function hashOf(value: Parameters<typeof writeCompactJson>[0]): string {
  return hashText(writeCompactJson(value)).slice(0, TAG_LENGTH);
}

type FilesContext = Extract<ImageContext, { kind: "files" }>;

function readContext(
  pool: PoolSpec,
  dockerfile: string,
  inputs: PlanInputs,
  findings: Findings,
): FilesContext | null {
  const files = inputs.imageFolders.get(dockerfile) ?? "it was not read";
  const name = dockerfile.slice(dockerfile.lastIndexOf("/") + 1);
  const problem =
    typeof files === "string" ? files : files.some((file) => file.path === name) ? null : "no such file";
  if (typeof files !== "string" && problem === null) {
    const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return { kind: "files", dockerfile: name, files: sorted };
  }
  findings.add({
    code: "CF720",
    path: [...pool.at, "image", "dockerfile"],
    message: `the folder of \`${dockerfile}\` cannot be used: ${problem}`,
    help: "name a Dockerfile inside this repository, in a folder that holds only what the image needs",
  });
  return null;
}
