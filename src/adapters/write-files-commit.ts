// Makes the output folder what a survey says it should be. In: a survey without refusals. Out: the files.
// The order is the safety: journal, files by rename, manifest of each folder, end of journal. Whatever instant
// a kill chooses, each file is whole, and the journal or a hash tells the next run what is left to do.

import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, WorldError } from "../base/world-error.ts";
import { nameTemporary, replaceFile } from "./replace-file.ts";
import { createFolderGuard } from "./write-files-guard.ts";
import { JOURNAL_NAME, MANIFEST_NAME, printJournal, TEMPORARY_PATTERN } from "./write-files-manifest.ts";
import type { CommitHooks, FileChange, Instant, Survey } from "./write-files-records.ts";

/** Every file system takes at least this much for a file, as a rule. */
const BLOCK = 4096;

/** Throws WorldError. Running it again after any failure is safe. */
export function commitSurvey(survey: Survey, hooks: CommitHooks | null = null): void {
  if (survey.refusals.some((refusal) => refusal.severity === "error")) {
    throw new Error("a survey with refusals must not be committed");
  }
  const work = survey.changes.filter((change) => change.kind !== "stale");
  if (work.length === 0 && survey.groups.length === 0 && survey.journal === null) return;
  const writer = createWriter(survey.root, hooks);
  checkRoom(survey, work);
  writer.ensureFolder("");
  checkAccess(survey, work);
  sweepTemporaries(survey);
  const journal = new Map(survey.journal);
  for (const change of work) journal.set(change.path, change.sha256);
  for (const { group } of survey.groups) journal.set(`${group}/${MANIFEST_NAME}`, null);
  writer.at("before-journal", JOURNAL_NAME);
  writer.write(JOURNAL_NAME, printJournal(journal), 0o644);
  writer.at("after-journal", JOURNAL_NAME);
  for (const change of work) carryOut(change, writer);
  for (const { group, manifest } of survey.groups) {
    const path = `${group}/${MANIFEST_NAME}`;
    if (manifest === "unchanged") continue;
    writer.at("before-manifest", path);
    if (manifest === "remove") writer.remove(path);
    else writer.write(path, manifest.text, 0o644);
    writer.at("after-manifest", path);
  }
  removeEmptyFolders(survey, work);
  writer.at("before-end", JOURNAL_NAME);
  if (survey.leftover === null) writer.remove(JOURNAL_NAME);
  else writer.write(JOURNAL_NAME, printJournal(survey.leftover), 0o644);
}

interface Writer {
  ensureFolder(path: string): void;
  write(path: string, content: string, mode: number): void;
  remove(path: string): void;
  at(instant: Instant, path: string): void;
}

function createWriter(root: string, hooks: CommitHooks | null): Writer {
  const ready = new Set<string>();
  const temporary = nameTemporary();

  function ensureFolder(path: string): void {
    if (ready.has(path)) return;
    if (path !== "") ensureFolder(parentOf(path));
    const full = join(root, path);
    try {
      if (path === "") mkdirSync(dirname(full), { recursive: true });
      mkdirSync(full);
      // mkdir obeys the umask, and what is rendered must not depend on it.
      chmodSync(full, 0o755);
    } catch (cause) {
      // Looked at again: what is there now need not be what the survey saw.
      const isFolder = errnoOf(cause) === "EEXIST" && lstatSync(full).isDirectory();
      if (!isFolder) throw new WorldError(`make the folder ${full}`, cause);
    }
    ready.add(path);
  }

  function write(path: string, content: string, mode: number): void {
    const folder = parentOf(path);
    ensureFolder(folder);
    const beforeRename = hooks === null ? undefined : () => hooks.at("before-rename", path);
    const name = path.slice(folder === "" ? 0 : folder.length + 1);
    replaceFile(join(root, folder), name, content, mode, temporary, beforeRename);
    hooks?.at("after-rename", path);
  }

  function remove(path: string): void {
    try {
      unlinkSync(join(root, path));
    } catch (cause) {
      if (errnoOf(cause) !== "ENOENT") throw new WorldError(`remove ${join(root, path)}`, cause);
    }
  }

  return { ensureFolder, write, remove, at: (instant, path) => hooks?.at(instant, path) };
}

function carryOut(change: FileChange, writer: Writer): void {
  if (change.kind === "remove") writer.remove(change.path);
  else if (change.file !== null) writer.write(change.path, change.file.content, change.file.mode);
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : path.slice(0, slash);
}

/** A disk that is too full is better found before the first file than in the middle. */
function checkRoom(survey: Survey, work: readonly FileChange[]): void {
  let need = BLOCK * (survey.groups.length + 1);
  let files = survey.groups.length + 1;
  for (const { file } of work) {
    if (file === null) continue;
    need += Math.ceil(Buffer.byteLength(file.content) / BLOCK) * BLOCK;
    files += 1;
  }
  let folder = survey.root;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const disk = statfsSync(folder);
  // Some file systems do not count: 9p, overlays in user space, btrfs for inodes.
  if (disk.blocks > 0 && disk.bavail * disk.bsize < need) {
    const cause = `${showRoom(need, Math.ceil)} are needed and ${showRoom(disk.bavail * disk.bsize, Math.floor)} are free (ENOSPC)`;
    throw new WorldError(`write to ${survey.root}`, cause, "free some space; nothing was changed");
  }
  if (disk.files > 0 && disk.ffree < files) {
    const cause = `${files} files are needed and ${disk.ffree} inodes are free (ENOSPC)`;
    throw new WorldError(`write to ${survey.root}`, cause, "free some inodes; nothing was changed");
  }
}

/** Fine enough that what is needed and what is free never read the same. */
function showRoom(bytes: number, round: (number: number) => number): string {
  const [unit, size] = bytes < 10 * 1048576 ? ["KiB", 1024] : ["MiB", 1048576];
  return `${round(bytes / size)} ${unit}`;
}

/** Every existing folder that will be written in, asked before the first file is. */
function checkAccess(survey: Survey, work: readonly FileChange[]): void {
  const folders = new Set<string>([""]);
  for (const { path } of work) folders.add(parentOf(path));
  for (const { group } of survey.groups) folders.add(group);
  for (const folder of folders) {
    const full = join(survey.root, folder);
    try {
      accessSync(full, constants.W_OK | constants.X_OK);
    } catch (cause) {
      if (errnoOf(cause) === "ENOENT") continue;
      throw new WorldError(`write in ${full}`, cause, "nothing was changed");
    }
  }
}

/** Only a run that left its journal can have left temporary files below the top. */
function sweepTemporaries(survey: Survey): void {
  const folders = new Set<string>([""]);
  for (const path of survey.journal?.keys() ?? []) folders.add(parentOf(path));
  const guard = createFolderGuard(survey.root);
  for (const folder of folders) {
    if (guard.inspectFolder(folder) !== "folder") continue;
    const full = join(survey.root, folder);
    for (const name of readdirSync(full)) {
      if (TEMPORARY_PATTERN.test(name)) unlinkSync(join(full, name));
    }
  }
}

/**
 * Up from what was removed, by this run or by the one that was stopped before it got to its folders, as long as
 * nothing is left; another's file keeps its folder.
 */
function removeEmptyFolders(survey: Survey, work: readonly FileChange[]): void {
  const folders = new Set<string>();
  const add = (path: string): void => {
    for (let folder = parentOf(path); folder !== ""; folder = parentOf(folder)) folders.add(folder);
  };
  for (const change of work) if (change.kind === "remove") add(change.path);
  for (const { group, manifest } of survey.groups)
    if (manifest === "remove") add(`${group}/${MANIFEST_NAME}`);
  for (const [path, sha256] of survey.journal ?? []) if (sha256 === null) add(path);
  const guard = createFolderGuard(survey.root);
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
    if (guard.inspectFolder(folder) !== "folder") continue;
    try {
      rmdirSync(join(survey.root, folder));
    } catch (cause) {
      const code = errnoOf(cause);
      if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT") {
        throw new WorldError(`remove the folder ${join(survey.root, folder)}`, cause);
      }
    }
  }
}
