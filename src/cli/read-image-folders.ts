// Reads the folders of images that pools build: `image: {dockerfile: images/gpu/Dockerfile}` means that whole
// folder. In: the fleet, the spec's folder. Out: files by the path as written, or why a folder cannot be used.
// The folder becomes part of what is rendered, so nothing outside it may come in: no links, no devices.

import { lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { describeCause } from "../base/world-error.ts";
import type { Fleet } from "../model/fleet.ts";
import type { PlanInputs } from "../model/plan.ts";

type Folder = PlanInputs["imageFolders"] extends ReadonlyMap<string, infer V> ? V : never;
type ImageFile = Exclude<Folder, string>[number];

const MAX_FILES = 500;
const MAX_BYTES = 8 * 1024 * 1024;

export function readImageFolders(fleet: Fleet, specFolder: string): PlanInputs["imageFolders"] {
  const folders = new Map<string, Folder>();
  for (const { image } of fleet.pools) {
    if (image?.kind !== "dockerfile" || folders.has(image.dockerfile)) continue;
    folders.set(image.dockerfile, readImageFolder(image.dockerfile, specFolder));
  }
  return folders;
}

export function readImageFolder(dockerfile: string, specFolder: string): Folder {
  try {
    const top = realpathSync(specFolder);
    const folder = realpathSync(dirname(resolve(specFolder, dockerfile)));
    if (folder === top) return "it is the folder of the spec itself: give the image a folder of its own";
    if (!folder.startsWith(top + sep)) return "it is outside the folder of the spec";
    const files: ImageFile[] = [];
    const problem = readBelow(folder, folder, files);
    return problem ?? files;
  } catch (cause) {
    return describeCause(cause);
  }
}

/** Returns why the folder cannot be used, null where it can. */
function readBelow(top: string, folder: string, files: ImageFile[]): string | null {
  for (const name of readdirSync(folder).sort()) {
    const full = join(folder, name);
    const path = relative(top, full).split(sep).join("/");
    const stats = lstatSync(full);
    if (stats.isDirectory()) {
      const problem = readBelow(top, full, files);
      if (problem !== null) return problem;
      continue;
    }
    if (!stats.isFile()) return `${path} is neither a file nor a folder`;
    if (files.length === MAX_FILES) return `it holds more than ${MAX_FILES} files`;
    const problem = addFile(full, path, stats.size, (stats.mode & 0o100) !== 0, files);
    if (problem !== null) return problem;
  }
  return null;
}

function addFile(
  full: string,
  path: string,
  size: number,
  executable: boolean,
  files: ImageFile[],
): string | null {
  const before = files.reduce((sum, file) => sum + file.content.length, 0);
  if (before + size > MAX_BYTES) return `it holds more than ${MAX_BYTES / 1024 / 1024} MiB`;
  const bytes = readFileSync(full);
  const content = bytes.toString("utf8");
  if (!Buffer.from(content).equals(bytes)) return `${path} is not UTF-8 text`;
  files.push({ path, content, executable });
  return null;
}
