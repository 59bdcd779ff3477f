// The files that `init` would write, and the writing of them. In: paths and texts. Out: what is new, what changes,
// what may not be overwritten; then the files, each whole or untouched.

import { mkdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { replaceFile } from "../../adapters/replace-file.ts";
import { inspectFile, readPlainFile } from "../../adapters/write-files-guard.ts";
import { WorldError } from "../../base/world-error.ts";

export interface StagedFile {
  readonly path: string;
  readonly text: string;
  /** What is there now; null: nothing. */
  readonly before: string | null;
  /** `keep`: there is another text, and nobody allowed to lose it. */
  readonly state: "new" | "change" | "same" | "keep";
}

/** `mayReplace`: the old text may be lost, or the new one is made from it. */
export function stageFile(path: string, text: string, mayReplace: boolean): StagedFile {
  const there = inspectFile(path);
  if (there.kind === "other") {
    throw new WorldError(`write ${path}`, `it is ${there.what}`, "remove it, then run the command again");
  }
  const before = there.kind === "absent" ? null : readPlainFile(path);
  if (before === null) return { path, text, before, state: "new" };
  return { path, text, before, state: before === text ? "same" : mayReplace ? "change" : "keep" };
}

export function writeStaged(files: readonly StagedFile[]): void {
  for (const { path, text, state } of files) {
    if (state !== "new" && state !== "change") continue;
    const folder = dirname(path);
    try {
      mkdirSync(folder, { recursive: true });
    } catch (cause) {
      throw new WorldError(`make the folder ${folder}`, cause);
    }
    replaceFile(folder, basename(path), text, 0o644);
  }
}
