// Debian roots that .ci/prepare made, as images of the engine. In: the root's name. Out: an image whose tag is
// a hash of what it was made from, so that a second run finds it.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ciCache } from "../tools/tool.ts";
import { ask, docker, succeed } from "./command.ts";

/** `lab-packages` is a folder of packages, and no root. */
export type RootName = "lab-packages" | "lab-trixie" | "lab-bookworm" | "lab-runner" | "lab-cloud" | "lab-vm";

/** What .ci/prepare makes for the lab. */
export const LAB_ROOTS: readonly RootName[] = [
  "lab-trixie",
  "lab-bookworm",
  "lab-runner",
  "lab-cloud",
  "lab-vm",
  "lab-packages",
];

const madeOf = (name: RootName): string => join(ciCache, name, ".made");

export const hasRoot = (name: RootName): boolean => existsSync(madeOf(name));

export async function importRoot(name: RootName): Promise<string> {
  const image = `ci-fleet-lab/root-${name}:${hashOf([readFileSync(madeOf(name))])}`;
  if (await hasImage(image)) return image;
  const pipe = 'tar -C "$1" --one-file-system -c . | docker import - "$2"';
  await succeed("bash", ["-o", "pipefail", "-c", pipe, "bash", join(ciCache, name), image]);
  return image;
}

/** Builds the Dockerfile with the folder as context, unless an image with this hash of both is there. */
export async function buildImage(
  repository: string,
  dockerfile: string,
  folder: string,
  parts: readonly (string | Uint8Array)[],
): Promise<string> {
  const image = `${repository}:${hashOf([dockerfile, ...parts])}`;
  if (await hasImage(image)) return image;
  await succeed("docker", ["build", "--quiet", "--tag", image, "--file", "-", folder], {
    input: dockerfile,
    within: 300_000,
  });
  await forgetOthers(repository, image);
  return image;
}

/** Earlier images of the same kind; one that a running host is made of stays. */
async function forgetOthers(repository: string, image: string): Promise<void> {
  const { stdout } = await docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository);
  for (const other of stdout.split("\n").filter((name) => name !== "" && name !== image))
    await ask("docker", ["image", "rm", other]);
}

const hasImage = async (image: string): Promise<boolean> =>
  (await ask("docker", ["image", "inspect", image])).code === 0;

export function hashOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 16);
}
