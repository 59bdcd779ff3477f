// What a render leaves behind for the next one: the hashes of what it read and of the manifests
// that it wrote. In: a record, or a folder that may hold one. Out: the folder `.ci-fleet` beside the spec,
// which its own .gitignore keeps out of git; or the record, null for any that this machine did not write here.
// Why that is safe: docs/decisions/0014-what-a-second-render-may-skip.md.

import { hash } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { PlacedDiagnostic } from "../base/place-diagnostics.ts";
import { errnoOf, WorldError } from "../base/world-error.ts";
import { replaceFile } from "./replace-file.ts";
import { createFolderGuard, inspectFile, readPlainFile } from "./write-files-guard.ts";

export const RECORD_FOLDER = ".ci-fleet";
const RECORD_NAME = "last-render";
const IGNORE_NAME = ".gitignore";
const FORMAT = "ci-fleet last render 1";

export interface RenderRecord {
  /** Which program, on which day, asked for what: the record holds for this alone. */
  readonly asked: readonly string[];
  /** Path relative to the spec's folder → sha256 of its text; null: there was no such file. */
  readonly inputs: Readonly<Record<string, string | null>>;
  /** Dockerfile as the spec writes it → sha256 of its whole folder. */
  readonly images: Readonly<Record<string, string>>;
  /** `hosts/forge` → sha256 of its manifest.json. */
  readonly manifests: Readonly<Record<string, string>>;
  readonly diagnostics: readonly PlacedDiagnostic[];
}

/** Never throws: without a record everything is looked at anew. */
export function readRenderRecord(specFolder: string): RenderRecord | null {
  try {
    if (createFolderGuard(specFolder).inspectFolder(RECORD_FOLDER) !== "folder") return null;
    const path = join(specFolder, RECORD_FOLDER, RECORD_NAME);
    if (inspectFile(path).kind !== "file") return null;
    const text = readPlainFile(path);
    const end = text.indexOf("\n");
    const body = text.slice(end + 1);
    return text.slice(0, end) === writeSeal(specFolder, body) ? (JSON.parse(body) as RenderRecord) : null;
  } catch {
    return null;
  }
}

/** A folder that cannot be written costs the next render its time, and this one nothing. */
export function writeRenderRecord(specFolder: string, record: RenderRecord): void {
  const folder = join(specFolder, RECORD_FOLDER);
  try {
    const state = createFolderGuard(specFolder).inspectFolder(RECORD_FOLDER);
    if (state === "refused") return;
    if (state === "absent") mkdirSync(folder);
    replaceFile(folder, IGNORE_NAME, "*\n", 0o644);
    const body = JSON.stringify(record);
    replaceFile(folder, RECORD_NAME, `${writeSeal(specFolder, body)}\n${body}`, 0o644);
  } catch (error) {
    if (!(error instanceof WorldError) && errnoOf(error) === null) throw error;
  }
}

/**
 * The body's hash, and the inode of the file beside it with its last change, which no program can choose
 * (inode(7), st_ctim): a record that came with a repository, an archive or a copy names another one. Null, which no
 * first line is, where there is no such file.
 */
function writeSeal(specFolder: string, body: string): string | null {
  const path = join(specFolder, RECORD_FOLDER, IGNORE_NAME);
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isFile() ? `${FORMAT} ${stats.ino} ${stats.ctimeNs} ${hash("sha256", body)}` : null;
}
