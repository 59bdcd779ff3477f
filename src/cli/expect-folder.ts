// A folder that a flag named. In: its path, what is to be done there. Out: nothing, or an error that says why not.

import { statSync } from "node:fs";
import { WorldError } from "../base/world-error.ts";

export function expectFolder(folder: string, purpose: string): void {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return;
  const why = stats === undefined ? "there is no such folder" : "it is not a folder";
  throw new WorldError(`${purpose} ${folder}`, why);
}
