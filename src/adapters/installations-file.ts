// Under which numbers an App is installed, kept from one `mint` to the next: each start would ask GitHub again for what
// almost never changes. No secret, and nothing is lost with it. In: a file. Out: the store.

import * as fs from "node:fs";
import { basename, dirname } from "node:path";
import { WorldError } from "../base/world-error.ts";
import { replaceFile } from "./replace-file.ts";

export interface InstallationStore {
  /** `key` names App, server and account; null: not known. */
  get(key: string): number | null;
  set(key: string, id: number): void;
}

const MAX_BYTES = 64 * 1024;

export function openInstallations(path: string): InstallationStore {
  const kept = readAll(path);
  return {
    get: (key) => kept.get(key) ?? null,
    set: (key, id) => {
      if (kept.get(key) === id) return;
      kept.set(key, id);
      try {
        replaceFile(dirname(path), basename(path), `${JSON.stringify(Object.fromEntries(kept))}\n`, 0o644);
      } catch (error) {
        // A start does not fail for want of a saving.
        if (!(error instanceof WorldError)) throw error;
      }
    },
  };
}

function readAll(path: string): Map<string, number> {
  try {
    if (fs.statSync(path).size > MAX_BYTES) return new Map();
    const value: unknown = JSON.parse(fs.readFileSync(path, "utf8"));
    if (typeof value !== "object" || value === null) return new Map();
    const isId = (entry: readonly [string, unknown]): entry is [string, number] =>
      Number.isSafeInteger(entry[1]) && (entry[1] as number) > 0;
    return new Map(Object.entries(value).filter(isId));
  } catch {
    return new Map();
  }
}
