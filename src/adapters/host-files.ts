// The files of a machine under one root folder, made real: `/` for the machine itself, any folder for a mounted
// disk or a test tree. Symbolic links resolve inside the root, so a tree cannot lead the reader out of it, and a
// FIFO or a device node is never opened for reading. In: the root. Out: a HostFiles that never throws.

import * as fs from "node:fs";
import type { FileStat, HostFiles, Read, ReadFailure } from "../model/ports.ts";

/** The kernel's own limit of links in one path (path_resolution(7)). */
const MAX_LINKS = 40;
/** Bytes of one file that are read at most; dpkg's status file is the largest that anyone asks for. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
const SCRATCH_BYTES = 64 * 1024;

export function openHostFiles(root: string): HostFiles {
  const base = root === "/" ? "" : root.replace(/\/+$/, "");
  const at = <T>(path: string, followLast: boolean, use: (real: string) => T): Read<T> =>
    // With `/` as the root there is nothing to stay inside of, and the kernel resolves faster.
    guard(() => use(base === "" ? path : base + resolveInside(base, path, followLast)));
  // One for all reads: a look at a host reads thousands of small files.
  let scratch: Uint8Array | null = null;
  const read = (real: string, limit: number): Uint8Array => {
    scratch ??= new Uint8Array(SCRATCH_BYTES);
    return readUpTo(real, limit, scratch);
  };
  return {
    root,
    readText: (path) => at(path, true, (real) => decodeText(read(real, MAX_TEXT_BYTES))),
    readBytes: (path, limit) => at(path, true, (real) => read(real, limit)),
    list: (path) => at(path, true, (real) => fs.readdirSync(real).sort(compareCodeUnits)),
    readLink: (path) => at(path, false, (real) => fs.readlinkSync(real)),
    stat: (path) => at(path, true, (real) => describeStat(fs.statSync(real))),
    openReadWrite: (path) =>
      at(path, true, (real): true => {
        fs.closeSync(fs.openSync(real, fs.constants.O_RDWR | fs.constants.O_NONBLOCK));
        return true;
      }),
  };
}

/**
 * The path below the root that `path` means on that machine, every link followed inside the root (what
 * openat2(2) calls RESOLVE_IN_ROOT, which Node does not offer). Not proof against someone who changes links
 * meanwhile; reading is all that follows.
 */
function resolveInside(base: string, path: string, followLast: boolean): string {
  if (path.includes("\0")) throw codedError("EINVAL");
  const pending = path.split("/").reverse();
  const done: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const part = pending.pop() as string;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done.pop();
      continue;
    }
    done.push(part);
    if (!followLast && pending.every((rest) => rest === "")) break;
    const target = readLinkOrNull(`${base}/${done.join("/")}`);
    if (target === null) continue;
    links += 1;
    if (links > MAX_LINKS) throw codedError("ELOOP");
    done.pop();
    if (target.startsWith("/")) done.length = 0;
    pending.push(...target.split("/").reverse());
  }
  return done.map((part) => `/${part}`).join("");
}

function readLinkOrNull(real: string): string | null {
  try {
    const stat = fs.lstatSync(real, { throwIfNoEntry: false });
    return stat?.isSymbolicLink() ? fs.readlinkSync(real) : null;
  } catch (error) {
    // EACCES, ENOTDIR: will be met again, and told, by the call that wanted the path.
    if (readErrno(error) !== null) return null;
    throw error;
  }
}

function readUpTo(real: string, limit: number, scratch: Uint8Array): Uint8Array {
  // O_NONBLOCK: opening a FIFO must not wait for a writer that never comes.
  const fd = fs.openSync(real, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY);
  try {
    const stat = fs.fstatSync(fd);
    if (stat.isDirectory()) throw codedError("EISDIR");
    if (!stat.isFile()) throw codedError("EINVAL");
    const chunks: Uint8Array[] = [];
    let total = 0;
    while (total < limit) {
      // Files of /proc and /sys say size 0 or 4096 whatever they hold: read until nothing comes.
      const count = fs.readSync(fd, scratch, 0, Math.min(scratch.length, limit - total), null);
      if (count === 0) break;
      chunks.push(scratch.slice(0, count));
      total += count;
    }
    return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  } finally {
    fs.closeSync(fd);
  }
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}

function describeStat(stat: fs.Stats): FileStat {
  return { kind: nameKind(stat), mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, size: stat.size };
}

function nameKind(stat: fs.Stats): FileStat["kind"] {
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isCharacterDevice()) return "character";
  if (stat.isBlockDevice()) return "block";
  if (stat.isFIFO()) return "fifo";
  if (stat.isSocket()) return "socket";
  return "file";
}

function guard<T>(use: () => T): Read<T> {
  try {
    return { ok: true, value: use() };
  } catch (error) {
    const code = readErrno(error);
    // Only an answer of the operating system is a failure to report; anything else is a fault in this file.
    if (code === null) throw error;
    return { ok: false, code } satisfies ReadFailure;
  }
}

function readErrno(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code !== "string") return null;
  // Node's own refusals (a path with a NUL byte) have long names.
  return code.startsWith("ERR_") ? "EINVAL" : code;
}

function codedError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
