// Makes a slot's folders ready on the host. We may be root here, and jobs own what is inside these folders and may
// have put links anywhere: so folders are opened without following links and changed by what was opened, and whole
// trees are left to tools that walk the same way (GNU rm, find -execdir). In: folders, the runner's owner. Out: the
// folders; a WorldError where the disk refuses.

import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { errnoOf, WorldError } from "../base/world-error.ts";
import type { HostTools } from "../model/ports.ts";
import type { SlotFolder, SlotFolders } from "../model/slot-folders.ts";
import { openNewFlags } from "./open-flags.ts";
import type { Owner, Self } from "./slot-owner.ts";

/** A workspace of a hundred gigabytes. */
const TREE_TIMEOUT_MS = 60 * 60_000;
const TRASH = ".thrown-away.";

const openFolderFlags = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW;

export function makeFolders(folders: readonly SlotFolder[], owner: Owner, self: Self): void {
  for (const folder of folders) {
    const isRunners = folder.owner === "runner";
    makeFolder(folder.path, folder.mode, isRunners ? owner : { ...self, isReachable: true });
  }
}

function makeFolder(path: string, mode: number, owner: Owner): void {
  try {
    fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    try {
      fs.mkdirSync(path, { mode: 0o700 });
    } catch (cause) {
      if (errnoOf(cause) !== "EEXIST") throw cause;
    }
    settleFolder(path, mode, owner);
  } catch (cause) {
    if (errnoOf(cause) === null) throw cause;
    throw new WorldError(`make the folder ${path}`, cause);
  }
}

/** Whatever the umask says, and whatever was there. What we cannot give away the entrypoint takes over. */
function settleFolder(path: string, mode: number, { uid, gid, isReachable }: Owner): void {
  const descriptor = fs.openSync(path, openFolderFlags);
  try {
    const stat = fs.fstatSync(descriptor);
    if (!isReachable) return;
    if (stat.uid !== uid || stat.gid !== gid) fs.fchownSync(descriptor, uid, gid);
    if ((stat.mode & 0o7777) !== mode) fs.fchmodSync(descriptor, mode);
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * Folders inside one that belongs to the runner, whose other processes may change it meanwhile: each is opened below
 * the one before (`/proc/self/fd`, as openat(2) would) and given away by what was opened. What is no folder is the
 * job's own doing and stays.
 */
export function makeMountPoints(home: string, paths: readonly string[], owner: Owner): void {
  if (!owner.isReachable) return;
  for (const path of paths) {
    const opened: number[] = [];
    try {
      opened.push(fs.openSync(home, openFolderFlags));
      for (const part of path.split("/").filter((each) => each !== "" && each !== "." && each !== "..")) {
        opened.push(openBelow(opened.at(-1) ?? -1, part, owner));
      }
    } catch (cause) {
      const code = errnoOf(cause);
      if (code === null) throw cause;
      if (code !== "ELOOP" && code !== "ENOTDIR") throw new WorldError(`make ${path} in ${home}`, cause);
    } finally {
      for (const descriptor of opened) fs.closeSync(descriptor);
    }
  }
}

function openBelow(parent: number, name: string, { uid, gid }: Owner): number {
  const path = `/proc/self/fd/${parent}/${name}`;
  try {
    fs.mkdirSync(path, { mode: 0o755 });
  } catch (cause) {
    if (errnoOf(cause) !== "EEXIST") throw cause;
  }
  const descriptor = fs.openSync(path, openFolderFlags);
  // Ours by now, or root's by an earlier mount: no job can put a folder of root's there.
  const stat = fs.fstatSync(descriptor);
  if (stat.uid !== uid) fs.fchownSync(descriptor, uid, gid);
  return descriptor;
}

/** Out of sight by a rename, then deleted; what an earlier start left half deleted goes too. */
export async function throwAway(folders: readonly string[], tools: HostTools): Promise<void> {
  const trash: string[] = [];
  for (const parent of new Set(folders.map((path) => dirname(path)))) trash.push(...listTrash(parent));
  const mounts: string[] = [];
  for (const path of folders) {
    const away = join(dirname(path), `${TRASH}${randomBytes(6).toString("hex")}`);
    try {
      fs.renameSync(path, away);
      trash.push(away);
    } catch (cause) {
      const code = errnoOf(cause);
      if (code === "EBUSY" || code === "EXDEV") mounts.push(path);
      else if (code !== "ENOENT") throw new WorldError(`empty ${path}`, cause);
    }
  }
  if (trash.length > 0)
    await runTree("rm", ["-rf", "--one-file-system", "--", ...trash], "delete old files", tools);
  // A disk of its own is mounted there: it stays, what is on it goes.
  for (const path of mounts) {
    await runTree("find", [path, "-xdev", "-mindepth", "1", "-delete"], `empty ${path}`, tools);
  }
}

function listTrash(parent: string): readonly string[] {
  try {
    return fs.readdirSync(parent).flatMap((name) => (name.startsWith(TRASH) ? [join(parent, name)] : []));
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return [];
    throw new WorldError(`read ${parent}`, cause);
  }
}

/**
 * Gives back what jobs in containers left as root. A file with a second name is left as it is: that name may be one
 * outside, which must not be given away (`fs.protected_hardlinks` is a setting, not a law). The kernel takes the
 * set-user-ID bit off a file that changes its owner (chown(2)).
 */
export async function repairOwner(folders: readonly string[], owner: Owner, tools: HostTools): Promise<void> {
  if (!owner.isReachable) return;
  const ids = `${owner.uid}:${owner.gid}`;
  for (const path of folders) {
    if (!fs.existsSync(path)) continue;
    const isOthers = ["-xdev", "!", "-uid", String(owner.uid), "(", "-type", "d", "-o", "-links", "1", ")"];
    const change = ["-execdir", "chown", "-h", ids, "--", "{}", "+"];
    await runTree("find", ["-P", path, ...isOthers, ...change], `give ${path} back to its runner`, tools);
  }
}

async function runTree(
  command: string,
  args: readonly string[],
  operation: string,
  tools: HostTools,
): Promise<void> {
  const answer = await tools.run(command, args, TREE_TIMEOUT_MS);
  if (answer.kind === "ran" && answer.exitCode === 0) return;
  const cause =
    answer.kind === "ran"
      ? (answer.stderr.trim().split("\n")[0] ?? `exit code ${answer.exitCode}`)
      : answer.kind === "failed"
        ? answer.cause
        : `${command} ${answer.kind === "missing" ? "is not installed" : "took too long"}`;
  throw new WorldError(operation, cause);
}

// ---------------------------------------------------------------- the folder that secrets go through

/**
 * New at each start, so that nobody holds it open. Who cannot give it to the runner (a user's install) leaves it open
 * to all: the folder around it lets nobody pass but that user.
 */
export async function makeHandOver(
  { top, handOver }: Pick<SlotFolders, "top" | "handOver">,
  isProcess: boolean,
  owner: Owner,
  self: Self,
  tools: HostTools,
): Promise<void> {
  const passes = isProcess && owner.uid !== self.uid;
  makeFolder(top, passes ? 0o711 : 0o700, { ...self, isReachable: true });
  await throwAway([handOver], tools);
  const us = { ...self, isReachable: true };
  makeFolder(handOver, owner.isReachable ? 0o700 : 0o777, owner.isReachable ? owner : us);
}

/** Whole or not at all, and never readable by anyone else. */
export function putSecret(folder: string, name: string, text: string, owner: Owner): void {
  const part = join(folder, `.${randomBytes(6).toString("hex")}.part`);
  const target = join(folder, name);
  try {
    const descriptor = fs.openSync(part, openNewFlags, 0o600);
    try {
      fs.writeFileSync(descriptor, text);
      if (owner.isReachable) fs.fchownSync(descriptor, owner.uid, owner.gid);
      fs.fchmodSync(descriptor, owner.isReachable ? 0o600 : 0o644);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(part, target);
  } catch (cause) {
    if (errnoOf(cause) === null) throw cause;
    fs.rmSync(part, { force: true });
    throw new WorldError(`hand over ${basename(target)} in ${folder}`, cause);
  }
}
