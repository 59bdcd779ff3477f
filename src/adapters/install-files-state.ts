// What is installed of a fleet on this machine. In: what is wanted, where, and ports. Out: an Installed: files by
// hash, folders, records, account, units, slots, Docker. Nothing is changed.

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, WorldError } from "../base/world-error.ts";
import type { ApplyJournal, GenerationRecord, InstallPlaces, SharedRecord, Wanted } from "../model/apply.ts";
import type { FileState, FolderState, Installed } from "../model/apply-state.ts";
import { describeKind } from "./write-files-guard.ts";

/** Texts of records as they lie on the disk, null: there is none. */
export interface RecordTexts {
  readonly generation: string | null;
  readonly journal: string | null;
  readonly shared: string | null;
}

export interface KnownRecords {
  readonly record: GenerationRecord | null;
  readonly journal: ApplyJournal | null;
  readonly shared: SharedRecord;
}

export function readTextOrNull(path: string): string | null {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new WorldError(`read ${path}`, cause);
  }
}

export function lookAtFile(path: string): FileState {
  try {
    const stats = fs.lstatSync(path);
    if (!stats.isFile()) return { kind: "other", what: describeKind(stats) };
    const executable = (stats.mode & 0o100) !== 0;
    return { kind: "file", sha256: hashFile(path), executable, size: stats.size };
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "absent" };
    throw new WorldError(`read ${path}`, cause);
  }
}

const CHUNK = 1024 * 1024;

/** In pieces: the program itself has a hundred megabytes. */
export function hashFile(path: string): string {
  const descriptor = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  try {
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const length = fs.readSync(descriptor, buffer, 0, CHUNK, null);
      if (length === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    fs.closeSync(descriptor);
  }
}

export function lookAtFolder(path: string): FolderState {
  try {
    const stats = fs.lstatSync(path);
    if (!stats.isDirectory()) return { kind: "other", what: describeKind(stats) };
    return { kind: "folder", uid: stats.uid, isEmpty: isEmpty(path) };
  } catch (cause) {
    const code = errnoOf(cause);
    // What lies below a folder that only root may enter is not seen in a dry run without root.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return { kind: "absent" };
    throw new WorldError(`look at ${path}`, cause);
  }
}

function isEmpty(path: string): boolean {
  try {
    return fs.readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

export function lookAtFiles(paths: Iterable<string>): ReadonlyMap<string, FileState> {
  return new Map([...new Set(paths)].map((path) => [path, lookAtFile(path)]));
}

export function lookAtFolders(paths: Iterable<string>): ReadonlyMap<string, FolderState> {
  return new Map([...new Set(paths)].map((path) => [path, lookAtFolder(path)]));
}

/** Where something is mounted below a folder, the innermost first (proc(5), mountinfo: the fifth field). */
export function listMounts(folder: string): readonly string[] {
  const lines = (readTextOrNull("/proc/self/mountinfo") ?? "").split("\n");
  const places = lines.map((line) =>
    (line.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, octal) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    ),
  );
  return [...new Set(places)]
    .filter((path) => path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}

/** Every file and folder that rules may ask about. */
export function listPaths(
  wanted: Wanted | null,
  { record, journal }: KnownRecords,
  places: InstallPlaces,
  extra: readonly string[],
): { readonly files: readonly string[]; readonly folders: readonly string[] } {
  const files = [
    ...(wanted?.files ?? []).map(({ path }) => path),
    ...Object.keys(record?.files ?? {}),
    ...Object.keys(journal?.files ?? {}),
  ];
  const tops = [places.config, places.state, places.run, places.runner];
  const folders = [
    ...tops,
    ...tops.map((path) => dirname(path)),
    ...files.flatMap((path) => listAbove(path, [places.config, places.units])),
    ...(wanted?.folders ?? []).map(({ path }) => path),
    ...extra,
  ];
  return { files, folders };
}

function listAbove(path: string, tops: readonly string[]): readonly string[] {
  const above: string[] = [];
  for (let at = dirname(path); at !== "/" && !tops.includes(at); at = dirname(at)) above.push(at);
  return above;
}

/** Marker in `drained/` → whether its text is `ours`. */
export function readMarkers(folder: string, ours: string): ReadonlyMap<string, boolean> {
  return new Map(listNames(folder).map((name) => [name, readQuietly(join(folder, name)) === ours]));
}

function readQuietly(path: string): string | null {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

export function listNames(folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

/** Where we have to write, and cannot: asked of the nearest folder that exists. */
export function listUnwritable(folders: readonly string[]): Installed["ground"]["unwritable"] {
  const unwritable = new Map<string, string>();
  for (const folder of folders) {
    let at = folder;
    while (!fs.existsSync(at) && dirname(at) !== at) at = dirname(at);
    try {
      fs.accessSync(at, fs.constants.W_OK | fs.constants.X_OK);
    } catch (cause) {
      unwritable.set(at, errnoOf(cause) === "EROFS" ? "the file system is read-only" : "permission denied");
    }
  }
  return unwritable;
}

const PROGRAM_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Of these programs, those that are nowhere. Units name some by their whole path: those are asked for by it. */
export function listMissing(programs: readonly string[]): ReadonlySet<string> {
  const isThere = (program: string) =>
    program.startsWith("/")
      ? fs.existsSync(program)
      : PROGRAM_FOLDERS.some((folder) => fs.existsSync(join(folder, program)));
  return new Set(programs.filter((program) => !isThere(program)));
}
