// Finds the spec that a command is about. In: where we are and what was asked. Out: its path, or where was looked.

import { existsSync, lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { WorldError } from "../base/world-error.ts";

export const SPEC_NAMES: readonly string[] = ["fleet.yaml", "fleet.yml"];
export const SYSTEM_SPEC = "/etc/ci-fleet/fleet.yaml";

export type SpecSearch =
  | { readonly kind: "found"; readonly path: string }
  /** Two specs in one folder: guessing would be wrong half of the time. */
  | { readonly kind: "ambiguous"; readonly paths: readonly string[] }
  /** `apply` put more than one fleet on this host. */
  | { readonly kind: "several"; readonly folders: readonly string[] }
  | { readonly kind: "none"; readonly lookedIn: readonly string[] };

/**
 * From `folder` up to the git root, then the system's own. Climbing ends before a folder that a stranger
 * could have put a spec in: one of another owner, or one that everyone may write (git's CVE-2022-24765).
 */
export function findSpec(folder: string, systemSpec: string | null = SYSTEM_SPEC): SpecSearch {
  const lookedIn: string[] = [];
  const start = realFolder(resolve(folder));
  const owner = ownerOf(start);
  for (let at = start; ; at = dirname(at)) {
    const found = SPEC_NAMES.map((name) => join(at, name)).filter(exists);
    if (found.length > 1) return { kind: "ambiguous", paths: found };
    if (found[0] !== undefined) return { kind: "found", path: found[0] };
    lookedIn.push(at);
    if (exists(join(at, ".git")) || dirname(at) === at || !mayTrust(dirname(at), owner)) break;
  }
  if (systemSpec === null) return { kind: "none", lookedIn };
  if (exists(systemSpec)) return { kind: "found", path: systemSpec };
  const installed = listInstalled(dirname(systemSpec));
  if (installed.length > 1) return { kind: "several", folders: installed.map((path) => dirname(path)) };
  if (installed[0] !== undefined) return { kind: "found", path: installed[0] };
  return { kind: "none", lookedIn: [...lookedIn, dirname(systemSpec)] };
}

/** The work tree that holds `folder`; null where none can be seen. `.git` is a file in a linked work tree. */
export function findRepository(folder: string): string | null {
  for (let at = realFolder(resolve(folder)); ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return null;
  }
}

/** Copies that `apply` keeps in force: `/etc/ci-fleet/acme/fleet.yaml`. */
function listInstalled(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const paths = entries.flatMap(({ name }) => SPEC_NAMES.map((spec) => join(folder, name, spec)));
    return paths.filter(exists).sort();
  } catch {
    return [];
  }
}

function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    throw new WorldError(`look for ${path}`, cause);
  }
}

function ownerOf(folder: string): number | null {
  return statOrNull(folder)?.uid ?? null;
}

function mayTrust(folder: string, owner: number | null): boolean {
  const stats = statOrNull(folder);
  if (stats === null || (stats.mode & 0o002) !== 0) return false;
  return stats.uid === owner || stats.uid === 0 || stats.uid === process.geteuid?.();
}

/** null also where we may not even look: such a folder is not to be trusted either. */
function statOrNull(folder: string): Stats | null {
  try {
    return statSync(folder, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
