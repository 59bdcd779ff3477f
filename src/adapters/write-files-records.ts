// What the writer of rendered files is asked and what it answers. In: nothing. Out: records.

import type { Severity } from "../base/diagnostic.ts";
import type { RenderedFile } from "../model/rendered-file.ts";

export interface WriteRequest {
  /** Absolute path of the output folder. */
  readonly root: string;
  readonly files: readonly RenderedFile[];
  /** Folders with a manifest that this run speaks for (`hosts/forge`); null: all. `files` lie in them. */
  readonly scope: ReadonlySet<string> | null;
  readonly ciFleetVersion: string;
  /** Remove files that a manifest owns and that are no longer rendered. */
  readonly prune: boolean;
  /** Overwrite what was edited by hand or is not ours. */
  readonly force: boolean;
}

/**
 * `stale`: ours, no longer rendered, kept without `prune`. `mode`: same text, executable bit differs.
 * Only what is not up to date is listed.
 */
export type ChangeKind = "create" | "update" | "mode" | "remove" | "stale";

export interface FileChange {
  readonly kind: ChangeKind;
  /** Relative to the output folder. */
  readonly path: string;
  /** null for files that are or would be removed. */
  readonly file: RenderedFile | null;
  readonly sha256: string | null;
}

/** What keeps the writer from writing (`error`) or is worth a word (`warning`). */
export interface Refusal {
  readonly severity: Severity;
  readonly code: string;
  /** Relative to the output folder, `.` for the folder itself. */
  readonly path: string;
  readonly message: string;
  readonly help: string;
  /** The file that would have been written: for showing the difference. */
  readonly file: RenderedFile | null;
}

/** One folder with a manifest of its own. */
export interface GroupSurvey {
  readonly group: string;
  /** New text of manifest.json, null to remove it, `unchanged` to leave it. */
  readonly manifest: { readonly text: string } | "remove" | "unchanged";
}

export interface Survey {
  readonly root: string;
  /** Sorted by path. Empty and no groups to write: nothing to do. */
  readonly changes: readonly FileChange[];
  readonly groups: readonly GroupSurvey[];
  /** What each manifest.json should hold, by its folder; without folders of which nothing is rendered. */
  readonly manifests: ReadonlyMap<string, string>;
  readonly refusals: readonly Refusal[];
  readonly unchanged: number;
  /** The journal of an earlier run that was stopped, null where there is none. */
  readonly journal: Journal | null;
  /** Journal entries outside this run's scope, which stay for a later run. */
  readonly leftover: Journal | null;
}

/** Paths being written, with the sha256 of what they become; null: being removed. */
export type Journal = ReadonlyMap<string, string | null>;

/** Names of instants, for tests that stop the writer there. */
export type Instant =
  | "before-journal"
  | "after-journal"
  | "before-rename"
  | "after-rename"
  | "before-manifest"
  | "after-manifest"
  | "before-end";

export interface CommitHooks {
  readonly at: (instant: Instant, path: string) => void;
}
