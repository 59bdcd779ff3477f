// Which files have to be written or removed, and which must not be touched. In: what is wanted, what is there,
// what records say we wrote. Out: changes and refusals. A file is ours when its text is one that we wrote there.

import type { Refusal, Wanted, WantedFile } from "../model/apply.ts";
import type { FileState, Installed } from "../model/apply-state.ts";
import { hashText } from "./read-generations.ts";

export interface FileChanges {
  readonly writes: readonly { readonly file: WantedFile; readonly isNew: boolean }[];
  /** Ours and no longer wanted. */
  readonly removals: readonly string[];
  readonly refusals: readonly Refusal[];
}

/** `force` drops changes that someone made in a file of ours; a file of somebody else's stays in any case. */
export function judgeFiles(wanted: Wanted | null, installed: Installed, force: boolean): FileChanges {
  const owned = listOwned(installed);
  const writes: { file: WantedFile; isNew: boolean }[] = [];
  const removals: string[] = [];
  const refusals: Refusal[] = [];
  const seen = new Set<string>();
  for (const file of wanted?.files ?? []) {
    seen.add(file.path);
    const state = installed.files.get(file.path) ?? { kind: "absent" };
    const verdict = judgeWanted(file, state, owned.get(file.path), force);
    if (verdict === "write") writes.push({ file, isNew: state.kind === "absent" });
    else if (verdict !== "keep") refusals.push(verdict);
  }
  for (const [path, hashes] of owned) {
    if (seen.has(path)) continue;
    const state = installed.files.get(path) ?? { kind: "absent" };
    if (state.kind === "absent") continue;
    if (isOurs(state, hashes) || (force && state.kind === "file")) removals.push(path);
    else
      refusals.push(refuseEdited(path, "is no longer wanted, but was edited by hand, so it is not removed"));
  }
  return { writes, removals: removals.sort(), refusals };
}

/** Path → every text that may be ours, by hash. */
export function listOwned({ record, journal }: Installed): ReadonlyMap<string, readonly string[]> {
  const owned = new Map<string, readonly string[]>();
  for (const [path, sha256] of Object.entries(record?.files ?? {})) owned.set(path, [sha256]);
  for (const [path, hashes] of Object.entries(journal?.files ?? {})) {
    owned.set(path, [...new Set([...(owned.get(path) ?? []), ...hashes])]);
  }
  return owned;
}

function judgeWanted(
  file: WantedFile,
  state: FileState,
  hashes: readonly string[] | undefined,
  force: boolean,
): "write" | "keep" | Refusal {
  if (state.kind === "absent") return "write";
  if (state.kind === "other") {
    const message = `${file.path} is ${state.what} where a file belongs`;
    return { message, help: "remove it", kind: "found" };
  }
  if (state.sha256 === hashText(file.content)) {
    return state.executable === (file.mode === 0o755) ? "keep" : "write";
  }
  if (hashes === undefined) {
    const message = `${file.path} is there already and was not written by ci-fleet`;
    return { message, help: "move it away, or give the fleet another name", kind: "found" };
  }
  if (force || isOurs(state, hashes)) return "write";
  return refuseEdited(file.path, "was edited by hand since ci-fleet wrote it");
}

/** A power cut may leave an empty file after a rename, and it holds nothing to lose. */
function isOurs(state: FileState, hashes: readonly string[]): boolean {
  return state.kind === "file" && (state.size === 0 || hashes.includes(state.sha256));
}

function refuseEdited(path: string, what: string): Refusal {
  return {
    message: `${path} ${what}`,
    help: "move the change into the spec (for units: into a drop-in of another name), or use --force to drop it",
    kind: "found",
  };
}
