// The two small documents that make a half-written folder recognisable: manifest.json in each group says
// which files are ours, the journal says which are being written. In: text or records. Out: the other.
// Both are read as hostile: anyone may have edited them, and pruning removes what a manifest names.

import { isObject, parseObject } from "../base/read-json.ts";
import type { Journal } from "./write-files-records.ts";

export const MANIFEST_NAME = "manifest.json";
export const JOURNAL_NAME = ".ci-fleet-journal.json";
/** Names of the files that become others by rename; the middle is random. */
export const TEMPORARY_PATTERN = /^\.ci-fleet-[0-9a-f]{12}\.tmp$/;

const FORMAT = 1;

export interface ManifestEntry {
  readonly sha256: string;
  readonly mode: 0o644 | 0o755;
}

/** Path relative to the group's folder → what was written there. */
export type Manifest = ReadonlyMap<string, ManifestEntry>;

export type ManifestReading =
  | { readonly kind: "manifest"; readonly manifest: Manifest }
  | { readonly kind: "damaged" }
  | { readonly kind: "newer"; readonly version: number };

/** One line a file, sorted, so that git merges what did not touch the same file. */
export function printManifest(ciFleetVersion: string, entries: Manifest): string {
  const lines = [...entries.keys()].sort().map((path) => {
    const entry = entries.get(path) as ManifestEntry;
    const mode = entry.mode === 0o755 ? "0755" : "0644";
    return `    ${JSON.stringify(path)}: {"sha256": "${entry.sha256}", "mode": "${mode}"}`;
  });
  const files = lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n  }`;
  return `{\n  "version": ${FORMAT},\n  "ciFleet": ${JSON.stringify(ciFleetVersion)},\n  "files": ${files}\n}\n`;
}

export function parseManifest(text: string): ManifestReading {
  const document = parseObject(text);
  const version = document?.version;
  if (document === null || typeof version !== "number") return { kind: "damaged" };
  if (version > FORMAT) return { kind: "newer", version };
  const files = document.files;
  if (version !== FORMAT || !isObject(files)) return { kind: "damaged" };
  const manifest = new Map<string, ManifestEntry>();
  for (const [path, value] of Object.entries(files)) {
    if (!isInnerPath(path) || path === MANIFEST_NAME || !isObject(value)) return { kind: "damaged" };
    const { sha256, mode } = value;
    if (!isHash(sha256) || (mode !== "0644" && mode !== "0755")) return { kind: "damaged" };
    manifest.set(path, { sha256, mode: mode === "0755" ? 0o755 : 0o644 });
  }
  return { kind: "manifest", manifest };
}

export function printJournal(journal: Journal): string {
  const lines = [...journal].map(
    ([path, sha256]) => `    ${JSON.stringify(path)}: ${JSON.stringify(sha256)}`,
  );
  return `{\n  "version": ${FORMAT},\n  "files": {\n${lines.join(",\n")}\n  }\n}\n`;
}

/** A journal that cannot be read still says that a run was stopped: the answer is then empty. */
export function parseJournal(text: string): Journal {
  const journal = new Map<string, string | null>();
  const files = parseObject(text)?.files;
  if (!isObject(files)) return journal;
  for (const [path, sha256] of Object.entries(files)) {
    if (isInnerPath(path) && (sha256 === null || isHash(sha256))) journal.set(path, sha256);
  }
  return journal;
}

/** Relative, `/` separated, no empty part, no `.` or `..`, no NUL: cannot leave the folder by itself. */
export function isInnerPath(path: string): boolean {
  if (path === "" || path.includes("\0")) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** The folder whose manifest speaks for a file: `hosts/forge`, `kubernetes/spark`, `workflows`; null: none. */
export function groupOf(path: string): string | null {
  const first = path.indexOf("/");
  if (first === -1) return null;
  const top = path.slice(0, first);
  if (top !== "hosts" && top !== "kubernetes") return top;
  const second = path.indexOf("/", first + 1);
  return second === -1 ? null : path.slice(0, second);
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}
