// File actions of an installation, made real. In: actions. Out: files, folders, owners; each can be done again after
// any failure. Files get their place by a rename and are on the disk before a record says so.

import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { errnoOf, WorldError } from "../base/world-error.ts";
import type { Owner, WantedFolder } from "../model/apply.ts";
import { HALF_RUNNER } from "./install-runner.ts";
import { nameTemporary, replaceFile } from "./replace-file.ts";
import { TEMPORARY_PATTERN } from "./write-files-manifest.ts";

/** mkdir obeys the umask, and others have to pass through these. */
export function ensureFolder(path: string): void {
  try {
    makeOpenFolder(path);
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(path) === path) throw new WorldError(`make the folder ${path}`, cause);
    ensureFolder(dirname(path));
    ensureFolder(path);
  }
}

/** In one step: a kill in between would leave it closed, and what is there is not looked at again. */
function makeOpenFolder(path: string): void {
  const mask = process.umask(0);
  try {
    mkdirSync(path, 0o755);
  } finally {
    process.umask(mask);
  }
}

export function makeFolder({ path, owner, mode }: WantedFolder): void {
  ensureFolder(dirname(path));
  try {
    try {
      mkdirSync(path, 0o700);
    } catch (cause) {
      if (errnoOf(cause) !== "EEXIST") throw cause;
      if (!lstatSync(path).isDirectory())
        throw new WorldError(`make the folder ${path}`, "it is something else");
    }
    const ids = findOwner(owner);
    if (ids !== null) lchownSync(path, ids.uid, ids.gid);
    chmodSync(path, mode);
  } catch (cause) {
    if (cause instanceof WorldError) throw cause;
    throw new WorldError(`make the folder ${path}`, cause);
  }
}

/** null: whoever makes it. The group of a runner's uid is that of the same number (actions/runner's image). */
function findOwner(owner: Owner): { readonly uid: number; readonly gid: number } | null {
  if (owner.kind === "us") return null;
  if (owner.kind === "uid") return { uid: owner.uid, gid: owner.uid };
  const account = findAccount("ci-fleet", readFileSync("/etc/passwd", "utf8"));
  if (account === null) throw new Error("the account that owns the folder is not in /etc/passwd");
  return account;
}

/** passwd(5) */
export function findAccount(
  name: string,
  passwd: string,
): { readonly uid: number; readonly gid: number } | null {
  for (const line of passwd.split("\n")) {
    const [login, , uid, gid] = line.split(":");
    if (login === name && /^\d+$/.test(uid ?? "") && /^\d+$/.test(gid ?? "")) {
      return { uid: Number(uid), gid: Number(gid) };
    }
  }
  return null;
}

export function writeInstalled(path: string, content: string, mode: number): void {
  ensureFolder(dirname(path));
  replaceFile(dirname(path), basename(path), content, mode);
}

/** What was renamed into place is named by its folder only once that is on the disk as well. */
export function syncPath(path: string): void {
  for (const each of [path, dirname(path)]) {
    let descriptor: number | null = null;
    try {
      descriptor = openSync(each, constants.O_RDONLY);
      fsyncSync(descriptor);
    } catch (cause) {
      // Removed again by a later step; file systems that cannot sync a folder say EINVAL.
      if (errnoOf(cause) !== "ENOENT" && errnoOf(cause) !== "EINVAL")
        throw new WorldError(`sync ${each}`, cause);
    } finally {
      if (descriptor !== null) closeSync(descriptor);
    }
  }
}

export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (cause) {
    const code = errnoOf(cause);
    if (code !== "ENOENT" && code !== "ENOTDIR") throw new WorldError(`remove ${path}`, cause);
  }
}

/** Only while nothing is in it: what somebody else put there keeps its folder. */
export function removeEmptyFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch (cause) {
    const code = errnoOf(cause) ?? "";
    if (!["ENOENT", "ENOTEMPTY", "EEXIST", "EBUSY", "ENOTDIR"].includes(code)) {
      throw new WorldError(`remove the folder ${path}`, cause);
    }
  }
}

/** A program that runs cannot be written over, but another can take its name. */
export function copyProgram(from: string, to: string): void {
  ensureFolder(dirname(to));
  const temporary = join(dirname(to), nameTemporary());
  try {
    copyFileSync(from, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    chmodSync(temporary, 0o755);
    renameSync(temporary, to);
  } catch (cause) {
    removeFile(temporary);
    throw new WorldError(`copy ${from} to ${to}`, cause);
  }
}

/** What a run that was cut off had not renamed yet. */
export function sweepTemporaries(folders: readonly string[]): void {
  for (const folder of folders) {
    let names: readonly string[];
    try {
      names = readdirSync(folder);
    } catch {
      continue;
    }
    for (const name of names) {
      if (TEMPORARY_PATTERN.test(name)) removeFile(join(folder, name));
      else if (HALF_RUNNER.test(name)) rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}
