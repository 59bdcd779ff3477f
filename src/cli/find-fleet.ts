// Where the spec is, and how messages name a file. In: where to look. Out: paths.

import { basename, dirname, relative } from "node:path";
import { findSpec } from "../adapters/find-spec.ts";
import { WorldError } from "../base/world-error.ts";
import type { CommandCall } from "./command.ts";
import { UsageError } from "./usage-error.ts";

export function findSpecPath({ specFile, folder }: CommandCall): string {
  if (specFile !== null) return specFile;
  const search = findSpec(folder);
  if (search.kind === "found") return search.path;
  if (search.kind === "ambiguous") {
    const names = search.paths.map((path) => basename(path)).join(" and ");
    throw new UsageError(`${dirname(search.paths[0] ?? "")} has ${names}`, "name one with -f");
  }
  if (search.kind === "several") {
    throw new UsageError(`this host has several fleets: ${search.folders.join(", ")}`, "name one with -C");
  }
  const places = search.lookedIn.join(", ");
  const help = "`ci-fleet init` makes one; -f and -C name another place";
  throw new WorldError("find a fleet.yaml", `there is none in ${places}`, help);
}

/** Relative where that is shorter to read, absolute where it would climb. */
export function showPath(path: string, folder: string): string {
  const inner = relative(folder, path);
  return inner === "" ? "." : inner.startsWith("..") ? path : inner;
}
