// Keeps the writer inside its folder: looks at every folder on the way once, and at every file without
// following links. In: paths relative to the output folder. Out: what is there, or why it is refused.

import { lstatSync, readFileSync, type Stats } from "node:fs";
import { join } from "node:path";
import { errnoOf, WorldError } from "../base/world-error.ts";
import { openForReadingFlags } from "./open-flags.ts";
import type { Refusal } from "./write-files-records.ts";

export type FolderState = "absent" | "folder" | "refused";

export type FileState =
  | { readonly kind: "absent" }
  | { readonly kind: "file"; readonly size: number; readonly executable: boolean }
  | { readonly kind: "other"; readonly what: string };

export interface FolderGuard {
  /** `path` is relative, `""` is the output folder. The first look at a refused folder is remembered in `refusals`. */
  inspectFolder(path: string): FolderState;
  readonly refusals: readonly Refusal[];
}

export function createFolderGuard(root: string): FolderGuard {
  const known = new Map<string, FolderState>();
  const refusals: Refusal[] = [];
  const isRoot = process.geteuid?.() === 0;

  function inspect(path: string): FolderState {
    if (path !== "") {
      const slash = path.lastIndexOf("/");
      const above = inspectFolder(slash === -1 ? "" : path.slice(0, slash));
      if (above !== "folder") return above;
    }
    const full = path === "" ? root : join(root, path);
    const stats = lookAt(full);
    if (stats === undefined) return "absent";
    const refusal = judgeFolder(path === "" ? "." : path, stats, isRoot);
    if (refusal === null) return "folder";
    refusals.push(refusal);
    return "refused";
  }

  function inspectFolder(path: string): FolderState {
    const seen = known.get(path);
    if (seen !== undefined) return seen;
    const state = inspect(path);
    known.set(path, state);
    return state;
  }

  return { inspectFolder, refusals };
}

function judgeFolder(path: string, stats: Stats, isRoot: boolean): Refusal | null {
  if (!stats.isDirectory()) {
    const help = "remove it, or name the real folder with --out";
    return refuse("CF804", path, `is ${describeKind(stats)} where a folder belongs`, help);
  }
  // A sticky folder (/tmp) lets only the owner rename what is in it.
  if (isRoot && (stats.mode & 0o1002) === 0o002) {
    const message = "may be changed by every user, and root would write in it";
    return refuse("CF805", path, message, "run `chmod o-w` on it, or render as its owner");
  }
  return null;
}

function refuse(code: string, path: string, message: string, help: string): Refusal {
  return { severity: "error", code, path, message, help, file: null };
}

/** Does not follow a link at `full`; links above it were refused with their folders. */
export function inspectFile(full: string): FileState {
  const stats = lookAt(full);
  if (stats === undefined) return { kind: "absent" };
  if (!stats.isFile()) return { kind: "other", what: describeKind(stats) };
  return { kind: "file", size: stats.size, executable: (stats.mode & 0o100) !== 0 };
}

function lookAt(full: string): Stats | undefined {
  try {
    return lstatSync(full, { throwIfNoEntry: false });
  } catch (cause) {
    if (errnoOf(cause) === "ENOTDIR") return undefined;
    throw new WorldError(`look at ${full}`, cause);
  }
}

/** Never follows a link and never waits for a FIFO that took the file's place since we looked. */
export function readPlainFile(full: string): string {
  try {
    return readFileSync(full, { encoding: "utf8", flag: openForReadingFlags });
  } catch (cause) {
    throw new WorldError(`read ${full}`, cause);
  }
}

export function describeKind(stats: Stats): string {
  if (stats.isSymbolicLink()) return "a symbolic link";
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isSocket()) return "a socket";
  if (stats.isFile()) return "a file";
  return "a device";
}
