// Which runner the fleet should move to. In: what the spec has, what GitHub offers, what the person asked for.
// Out: a decision; nothing is written here.

import { compareVersions, parseVersion, type VersionNumber } from "../../base/version-number.ts";
import type { RunnerDownload } from "../../model/github.ts";
import { describeRelease, findNewestRelease, type RunnerRelease } from "../../model/runner-downloads.ts";

export type BumpDecision =
  | { readonly kind: "move"; readonly to: RunnerRelease }
  /** The version is right; its checksums are not in the spec yet. */
  | { readonly kind: "complete"; readonly to: RunnerRelease }
  | { readonly kind: "stay"; readonly why: string }
  | { readonly kind: "refuse"; readonly why: string };

export interface CurrentRunner {
  /** null: the spec has none, so the newest that this ci-fleet knows is used. */
  readonly version: string | null;
  readonly used: string;
  readonly checksums: RunnerRelease["checksums"];
}

/** `asked`: a version of three numbers, null for the newest. */
export function chooseRelease(
  current: CurrentRunner,
  downloads: readonly RunnerDownload[],
  asked: string | null,
): BumpDecision {
  const release = asked === null ? findNewestRelease(downloads) : describeRelease(asked, downloads);
  if (release === null) return { kind: "refuse", why: "GitHub offers no runner for Linux" };
  const order = compareVersions(numberOf(release.version), numberOf(current.used));
  if (order < 0) {
    const why = `runner ${current.used} is in use, and ${release.version} is older`;
    return asked === null
      ? { kind: "stay", why: `${why}: nothing to do` }
      : { kind: "refuse", why: `${why}: bump never goes down` };
  }
  if (order > 0 || current.version === null) return { kind: "move", to: release };
  const known = Object.entries(release.checksums).filter(([, sum]) => sum !== null);
  const isComplete = known.every(([name, sum]) => current.checksums[name as "linux-x64"] === sum);
  if (isComplete) return { kind: "stay", why: `runner ${release.version} is the newest` };
  return { kind: "complete", to: release };
}

function numberOf(version: string): VersionNumber {
  const number = parseVersion(version);
  if (number === null) throw new Error(`${version} is no version of three numbers`);
  return number;
}
