// Reads a secret from a file that nobody else could have read or replaced: regular, ours or root's, closed to
// others, and below folders that only we or root may change (as sshd's StrictModes and sudo do). A link is
// followed when every folder on the way is as safe. In: a path. Out: the text, or a precise refusal.

import * as fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Secret } from "../base/secret.ts";
import { describeCause, errnoOf } from "../base/world-error.ts";
import { openForReadingFlags } from "./open-flags.ts";

export type SecretFile =
  | { readonly kind: "read"; readonly secret: Secret }
  | { readonly kind: "missing" }
  | {
      readonly kind: "refused";
      /** Somebody else could read or replace it; or it could not be looked at. */
      readonly because: "unsafe" | "unreadable";
      readonly message: string;
      readonly help: string;
    };

/** A PEM key of 16,384 bits has 13 kB. */
const MAX_BYTES = 64 * 1024;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
const MAX_LINKS = 40;

export interface SecretFileRules {
  /** systemd's credential folder: its files may be 0440, where that is the mask of an access list for one user. */
  readonly fromSystemd?: boolean;
  /** No secret, and yet nobody else may change it. */
  readonly mayBeRead?: boolean;
  /** Of this process. */
  readonly uid: number;
}

export function readSecretFile(path: string, rules: SecretFileRules): SecretFile {
  try {
    const real = followSafely(resolve(path), rules.uid);
    if (typeof real !== "string") return real;
    return readRealFile(real, path, rules);
  } catch (error) {
    const code = errnoOf(error);
    if (code === null) throw error;
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
    const message = `cannot read ${path}: ${describeCause(error)}`;
    return { kind: "refused", because: "unreadable", message, help: helpForErrno(code, path) };
  }
}

function helpForErrno(code: string, path: string): string {
  return code === "EACCES" || code === "EPERM"
    ? `Run this as root, or as the owner of ${path}.`
    : `Look at ${path} and the folders above it.`;
}

/** The path without links; each folder on the way is looked at before it is believed. */
function followSafely(path: string, uid: number): string | SecretFile {
  let links = 0;
  let done = "/";
  const pending = path
    .split("/")
    .filter((part) => part !== "")
    .reverse();
  const root = judgeFolder("/", uid);
  if (root !== null) return root;
  while (pending.length > 0) {
    const part = pending.pop() as string;
    if (part === "..") {
      done = dirname(done);
      continue;
    }
    const next = join(done, part);
    const stat = fs.lstatSync(next);
    if (stat.isSymbolicLink()) {
      links += 1;
      if (links > MAX_LINKS) throw Object.assign(new Error("ELOOP"), { code: "ELOOP" });
      if (stat.uid !== 0 && stat.uid !== uid) return refusedOwner(next, stat.uid, "link");
      const target = fs.readlinkSync(next);
      if (target.startsWith("/")) done = "/";
      pending.push(
        ...target
          .split("/")
          .filter((step) => step !== "" && step !== ".")
          .reverse(),
      );
      continue;
    }
    if (stat.isDirectory()) {
      const fault = judgeFolder(next, uid);
      if (fault !== null) return fault;
    }
    done = next;
  }
  return done;
}

/** null: only root and we may put something else in the place of what is in it. */
function judgeFolder(folder: string, uid: number): SecretFile | null {
  const stat = fs.statSync(folder);
  if (stat.uid !== 0 && stat.uid !== uid) return refusedOwner(folder, stat.uid, "folder");
  if ((stat.mode & OTHERS_WRITE) === 0 || (stat.mode & STICKY) !== 0) return null;
  return refused(
    `others may write to the folder ${folder} (mode ${octal(stat.mode)}), and so replace the secret`,
    `Run \`chmod go-w ${folder}\`.`,
  );
}

function readRealFile(real: string, path: string, rules: SecretFileRules): SecretFile {
  const fd = fs.openSync(real, openForReadingFlags);
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile())
      return refused(`${path} is no regular file`, `Put the secret into a file at ${path}.`);
    if (stat.uid !== 0 && stat.uid !== rules.uid) return refusedOwner(real, stat.uid, "file");
    const closed = rules.mayBeRead === true ? OTHERS_WRITE : rules.fromSystemd === true ? 0o037 : 0o077;
    if ((stat.mode & closed) !== 0) {
      const message = `${path} is open to other users (mode ${octal(stat.mode)})`;
      const help = `Run \`chmod 600 ${real}\`, and replace the secret if others may have read it.`;
      return refused(message, help);
    }
    if (stat.size > MAX_BYTES)
      return refused(`${path} is too large for a secret`, `Look at what is in ${path}.`);
    const text = readAtMost(fd).toString("utf8");
    return { kind: "read", secret: new Secret(text) };
  } finally {
    fs.closeSync(fd);
  }
}

function readAtMost(fd: number): Buffer {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let size = 0;
  for (let count = -1; count !== 0 && size < buffer.length; size += count) {
    count = fs.readSync(fd, buffer, size, buffer.length - size, null);
  }
  return buffer.subarray(0, size);
}

function refusedOwner(path: string, owner: number, what: string): SecretFile {
  const message = `the ${what} ${path} belongs to uid ${owner}, who could replace the secret`;
  return refused(message, `Run \`chown root:root ${path}\`.`);
}

function refused(message: string, help: string): SecretFile {
  return { kind: "refused", because: "unsafe", message, help };
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
