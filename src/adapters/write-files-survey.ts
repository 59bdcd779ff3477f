// Compares what should be in the output folder with what is there, and writes nothing.
// In: rendered files and the rules of this run. Out: every difference, and everything that forbids writing.

import { hash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, WorldError } from "../base/world-error.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { createFolderGuard, type FolderGuard, inspectFile, readPlainFile } from "./write-files-guard.ts";
import {
  groupOf,
  isInnerPath,
  JOURNAL_NAME,
  MANIFEST_NAME,
  type Manifest,
  type ManifestEntry,
  parseJournal,
  parseManifest,
  printManifest,
} from "./write-files-manifest.ts";
import type {
  FileChange,
  GroupSurvey,
  Journal,
  Refusal,
  Survey,
  WriteRequest,
} from "./write-files-records.ts";

/** Throws WorldError where the folder cannot be read. */
export function surveyFolder(request: WriteRequest): Survey {
  const desk = openDesk(request);
  const groups = collectGroups(request, desk);
  const rootState = desk.guard.inspectFolder("");
  if (rootState === "folder") {
    for (const group of listGroupsOnDisk(request.root, desk)) {
      const inScope = request.scope === null || request.scope.has(group);
      if (inScope && !groups.has(group)) groups.set(group, []);
    }
  }
  const surveyed: GroupSurvey[] = [];
  for (const [group, files] of groups) surveyed.push(surveyGroup(request, desk, group, files));
  return {
    root: request.root,
    changes: desk.changes.sort((a, b) => (a.path < b.path ? -1 : 1)),
    groups: surveyed.filter((group) => group.manifest !== "unchanged"),
    manifests: desk.manifests,
    refusals: [...desk.guard.refusals, ...desk.refusals],
    unchanged: desk.counts.unchanged,
    journal: desk.journal,
    leftover: keepOutOfScope(desk.journal, request.scope),
  };
}

interface Desk {
  readonly guard: FolderGuard;
  readonly journal: Journal | null;
  readonly changes: FileChange[];
  readonly refusals: Refusal[];
  readonly counts: { unchanged: number };
  readonly manifests: Map<string, string>;
}

function openDesk(request: WriteRequest): Desk {
  const guard = createFolderGuard(request.root);
  const refusals: Refusal[] = [];
  const desk = {
    guard,
    journal: null,
    changes: [],
    refusals,
    counts: { unchanged: 0 },
    manifests: new Map(),
  };
  if (guard.inspectFolder("") !== "folder") return desk;
  const full = join(request.root, JOURNAL_NAME);
  const state = inspectFile(full);
  if (state.kind === "absent") return desk;
  if (state.kind === "other") {
    refusals.push(refuseKind(JOURNAL_NAME, state.what, null));
    return desk;
  }
  refusals.push({
    severity: "warning",
    code: "CF809",
    path: ".",
    message: "an earlier render was stopped half way",
    help: "run `ci-fleet render`; it finishes the work",
    file: null,
  });
  return { ...desk, journal: parseJournal(readPlainFile(full)) };
}

function collectGroups(request: WriteRequest, desk: Desk): Map<string, RenderedFile[]> {
  const groups = new Map<string, RenderedFile[]>();
  const seen = new Set<string>();
  for (const file of request.files) {
    const group = isInnerPath(file.path) ? groupOf(file.path) : null;
    if (group === null || file.path === `${group}/${MANIFEST_NAME}`) {
      desk.refusals.push({
        severity: "error",
        code: "CF808",
        path: file.path,
        message: "has no place below the output folder",
        help: "this is a bug of ci-fleet: please report it with the spec",
        file: null,
      });
      continue;
    }
    if (seen.has(file.path)) throw new Error(`two rendered files have the path ${file.path}`);
    seen.add(file.path);
    const files = groups.get(group);
    if (files === undefined) groups.set(group, [file]);
    else files.push(file);
  }
  return groups;
}

/** Folders with a manifest of ours or begun by a run that was stopped; nothing else is looked at. */
export function listGroupsOnDisk(root: string, desk: Pick<Desk, "guard" | "journal">): ReadonlySet<string> {
  const { guard, journal } = desk;
  const found = new Set<string>();
  if (hasManifest(root, "workflows", guard)) found.add("workflows");
  for (const top of ["hosts", "kubernetes"]) {
    if (guard.inspectFolder(top) !== "folder") continue;
    for (const name of listNames(join(root, top))) {
      if (hasManifest(root, `${top}/${name}`, guard)) found.add(`${top}/${name}`);
    }
  }
  for (const path of journal?.keys() ?? []) {
    const group = groupOf(path);
    if (group !== null && guard.inspectFolder(group) === "folder") found.add(group);
  }
  return found;
}

/** Anything that is no folder or has no manifest is none of our business. */
function hasManifest(root: string, group: string, guard: FolderGuard): boolean {
  const state = inspectFile(join(root, group));
  if (state.kind !== "other" || state.what !== "a folder") return false;
  return (
    guard.inspectFolder(group) === "folder" && inspectFile(join(root, group, MANIFEST_NAME)).kind === "file"
  );
}

function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return [];
    throw new WorldError(`list ${folder}`, cause);
  }
}

function surveyGroup(
  request: WriteRequest,
  desk: Desk,
  group: string,
  files: readonly RenderedFile[],
): GroupSurvey {
  const old = readOldManifest(request, desk, group);
  const owned = addJournal(old.manifest, desk.journal, group);
  const next = new Map<string, ManifestEntry>();
  for (const file of files) {
    const inner = file.path.slice(group.length + 1);
    const sha256 = hashFile(file);
    next.set(inner, { sha256, mode: file.mode });
    surveyFile(request, desk, file, sha256, owned.get(inner) ?? null);
  }
  for (const [inner, entry] of owned) {
    if (!next.has(inner) && surveyStale(request, desk, `${group}/${inner}`, entry)) next.set(inner, entry);
  }
  if (next.size === 0) return { group, manifest: old.text === null ? "unchanged" : "remove" };
  // A folder of stale files only, none of them removed, keeps its manifest, whichever version wrote it.
  if (files.length === 0 && next.size === old.manifest.size) return { group, manifest: "unchanged" };
  const text = printManifest(request.ciFleetVersion, next);
  desk.manifests.set(group, text);
  return { group, manifest: text === old.text ? "unchanged" : { text } };
}

const hashes = new WeakMap<RenderedFile, string>();

/** Once for each file: who has to wait for a lock surveys twice. */
function hashFile(file: RenderedFile): string {
  const known = hashes.get(file);
  if (known !== undefined) return known;
  const sha256 = hash("sha256", file.content);
  hashes.set(file, sha256);
  return sha256;
}

/** What a stopped run had begun is ours too, although no manifest got to say so. */
function addJournal(manifest: Manifest, journal: Journal | null, group: string): Manifest {
  if (journal === null) return manifest;
  const owned = new Map(manifest);
  for (const [path, sha256] of journal) {
    if (sha256 === null || !path.startsWith(`${group}/`)) continue;
    const inner = path.slice(group.length + 1);
    if (!owned.has(inner)) owned.set(inner, { sha256, mode: 0o644 });
  }
  return owned;
}

interface OldManifest {
  readonly manifest: Manifest;
  readonly text: string | null;
}

function readOldManifest(request: WriteRequest, desk: Desk, group: string): OldManifest {
  const none: OldManifest = { manifest: new Map(), text: null };
  if (desk.guard.inspectFolder(group) !== "folder") return none;
  const path = `${group}/${MANIFEST_NAME}`;
  const full = join(request.root, path);
  const state = inspectFile(full);
  if (state.kind === "absent") return none;
  if (state.kind === "other") {
    desk.refusals.push(refuseKind(path, state.what, null));
    return none;
  }
  const text = readPlainFile(full);
  const reading = parseManifest(text);
  if (reading.kind === "manifest") return { manifest: reading.manifest, text };
  const newer = reading.kind === "newer";
  desk.refusals.push({
    severity: newer && !request.force ? "error" : "warning",
    code: newer ? "CF807" : "CF806",
    path,
    message: newer
      ? `has format ${reading.version}, which this ci-fleet does not know`
      : "is not what ci-fleet writes: which files here are ours is unknown",
    help: newer ? "use the ci-fleet that wrote it" : "render writes it anew",
    file: null,
  });
  return { manifest: new Map(), text };
}

function surveyFile(
  request: WriteRequest,
  desk: Desk,
  file: RenderedFile,
  sha256: string,
  recorded: ManifestEntry | null,
): void {
  const { path } = file;
  const folder = desk.guard.inspectFolder(path.slice(0, path.lastIndexOf("/")));
  if (folder === "refused") return;
  const full = join(request.root, path);
  const state = folder === "absent" ? ({ kind: "absent" } as const) : inspectFile(full);
  if (state.kind === "absent") {
    desk.changes.push({ kind: "create", path, file, sha256 });
    return;
  }
  if (state.kind === "other") {
    desk.refusals.push(refuseKind(path, state.what, file));
    return;
  }
  const there = readPlainFile(full);
  // Invalid UTF-8 reads as U+FFFD; the size tells it from a text that really has that character.
  if (there === file.content && state.size === Buffer.byteLength(there)) {
    if (state.executable === (file.mode === 0o755)) desk.counts.unchanged += 1;
    else desk.changes.push({ kind: "mode", path, file, sha256 });
    return;
  }
  if (!request.force && !isOurs(full, state.size, path, recorded, desk.journal)) {
    desk.refusals.push(refuseOverwrite(file, recorded !== null));
  } else desk.changes.push({ kind: "update", path, file, sha256 });
}

/** Returns whether the entry stays in the manifest. */
function surveyStale(request: WriteRequest, desk: Desk, path: string, recorded: ManifestEntry): boolean {
  if (desk.guard.inspectFolder(path.slice(0, path.lastIndexOf("/"))) !== "folder") return false;
  const full = join(request.root, path);
  const state = inspectFile(full);
  if (state.kind === "absent") return false;
  const change = { path, file: null, sha256: null } as const;
  if (!request.prune) {
    desk.changes.push({ kind: "stale", ...change });
    return true;
  }
  if (state.kind === "other") {
    desk.refusals.push(refuseKind(path, state.what, null));
    return true;
  }
  if (!request.force && !isOurs(full, state.size, path, recorded, desk.journal)) {
    desk.refusals.push({
      severity: "error",
      code: "CF801",
      path,
      message: "is no longer rendered, but was edited by hand, so it is not removed",
      help: "remove it yourself, or use --force",
      file: null,
    });
    return true;
  }
  desk.changes.push({ kind: "remove", ...change });
  return false;
}

/**
 * Is the text there what a manifest or an unfinished journal says we wrote? An empty file counts as ours: a
 * power cut may leave one after a rename, and it holds nothing to lose.
 */
function isOurs(
  full: string,
  size: number,
  path: string,
  recorded: ManifestEntry | null,
  journal: Journal | null,
): boolean {
  if (size === 0 && (recorded !== null || journal?.has(path) === true)) return true;
  const text = readPlainFile(full);
  if (Buffer.byteLength(text) !== size) return false;
  const actual = hash("sha256", text);
  return actual === recorded?.sha256 || (journal?.get(path) ?? null) === actual;
}

function refuseOverwrite(file: RenderedFile, edited: boolean): Refusal {
  return {
    severity: "error",
    code: edited ? "CF801" : "CF802",
    path: file.path,
    message: edited ? "was edited by hand since ci-fleet wrote it" : "was not written by ci-fleet",
    help: edited
      ? "move the change into the spec, or use --force to drop it"
      : "move it away, or use --force to replace it",
    file,
  };
}

function refuseKind(path: string, what: string, file: RenderedFile | null): Refusal {
  const message = `is ${what} where a file belongs`;
  return { severity: "error", code: "CF803", path, message, help: "remove it and render again", file };
}

function keepOutOfScope(journal: Journal | null, scope: ReadonlySet<string> | null): Journal | null {
  if (journal === null || scope === null) return null;
  const rest = [...journal].filter(([path]) => !scope.has(groupOf(path) ?? ""));
  return rest.length === 0 ? null : new Map(rest);
}
