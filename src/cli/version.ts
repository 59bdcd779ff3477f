// Which program this is. build.mjs puts version and commit in as constants, so
// the same commit gives the same bytes; run from source they are unknown.
// In: nothing. Out: the line that `--version` prints and its parts.

import { statSync } from "node:fs";

declare const CI_FLEET_VERSION: string | undefined;
declare const CI_FLEET_COMMIT: string | undefined;

export const productVersion = typeof CI_FLEET_VERSION === "string" ? CI_FLEET_VERSION : "0.0.0-source";
export const productCommit = typeof CI_FLEET_COMMIT === "string" ? CI_FLEET_COMMIT : "unknown";

/**
 * What may write other bytes is another program: a build of changed sources has the commit of the unchanged ones,
 * so the file counts too. null: run from source, which can change at any time.
 */
export function identifyProgram(): string | null {
  if (typeof CI_FLEET_VERSION !== "string") return null;
  const file = statSync(process.argv[1] ?? process.execPath, { bigint: true, throwIfNoEntry: false });
  return file === undefined ? null : `${versionLine()} ${file.ino} ${file.size} ${file.mtimeNs}`;
}

/** One line: name, version, platform, Node version, commit. */
export function versionLine(): string {
  const platform = `${process.platform}-${process.arch}`;
  return `ci-fleet ${productVersion} ${platform} node-${process.versions.node} commit-${productCommit}`;
}
