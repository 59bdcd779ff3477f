// Where a render goes to. In: flags. Out: the folder, and the words for one that needs nothing.

import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CommandCall } from "./command.ts";
import { showPath } from "./find-fleet.ts";

export interface Output {
  readonly root: string;
  /** The default folder: then the schema beside the spec is kept too. */
  readonly isDefault: boolean;
}

/** A link at `--out` is what the person asked for; one at `rendered` came with the repository. */
export function chooseOutput({ flags, folder }: CommandCall, specFolder: string): Output {
  const out = flags.text("out");
  if (out === null) return { root: join(specFolder, "rendered"), isDefault: true };
  const path = resolve(folder, out);
  try {
    return { root: realpathSync(path), isDefault: false };
  } catch {
    return { root: path, isDefault: false };
  }
}

export function sayUpToDate({ terminal, folder }: CommandCall, { root }: Output, files: number): void {
  terminal.err(`${showPath(root, folder)} is up to date: ${files} files\n`);
}
