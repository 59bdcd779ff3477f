// Whether an output folder still is what a render left, without knowing what the files should be: each manifest has
// the hash that was recorded, each file the hash and mode of its manifest, and there is no more of ours. In: the
// output folder, the recorded hashes. Out: the number of files; null where the survey has to look.

import { hash } from "node:crypto";
import { join } from "node:path";
import { createFolderGuard, type FolderGuard, inspectFile, readPlainFile } from "./write-files-guard.ts";
import { groupOf, JOURNAL_NAME, MANIFEST_NAME, parseManifest } from "./write-files-manifest.ts";
import { listGroupsOnDisk } from "./write-files-survey.ts";

export function verifyRendered(root: string, manifests: Readonly<Record<string, string>>): number | null {
  const guard = createFolderGuard(root);
  if (guard.inspectFolder("") !== "folder") return null;
  if (inspectFile(join(root, JOURNAL_NAME)).kind !== "absent") return null;
  const groups = listGroupsOnDisk(root, { guard, journal: null });
  if (groups.size !== Object.keys(manifests).length) return null;
  let files = 0;
  for (const group of groups) {
    const recorded = Object.hasOwn(manifests, group) ? manifests[group] : undefined;
    const held = recorded === undefined ? null : verifyGroup(root, group, recorded, guard);
    if (held === null) return null;
    files += held;
  }
  return guard.refusals.length === 0 ? files : null;
}

/** `group` was found on the disk, its manifest included. */
function verifyGroup(root: string, group: string, recorded: string, guard: FolderGuard): number | null {
  const text = readPlainFile(join(root, group, MANIFEST_NAME));
  if (hash("sha256", text) !== recorded) return null;
  const reading = parseManifest(text);
  if (reading.kind !== "manifest") return null;
  for (const [inner, { sha256, mode }] of reading.manifest) {
    const path = `${group}/${inner}`;
    if (groupOf(path) !== group) return null;
    if (guard.inspectFolder(path.slice(0, path.lastIndexOf("/"))) !== "folder") return null;
    const full = join(root, path);
    const state = inspectFile(full);
    if (state.kind !== "file" || state.executable !== (mode === 0o755)) return null;
    const content = readPlainFile(full);
    // Invalid UTF-8 reads as U+FFFD, which takes another number of bytes.
    if (hash("sha256", content) !== sha256 || Buffer.byteLength(content) !== state.size) return null;
  }
  return reading.manifest.size;
}
