// Release dates of the official runner that this ci-fleet knows: the base of the 30-day rule, which
// says that a version gets no jobs once a newer one is out for 30 days (GitHub changelog of 12 June
// 2026, enforced since 25 September 2026). A version that is not here is unknown, not new.
// In: a version. Out: the table, the floor, and how old a version is.

import { compareVersions, parseVersion, type VersionNumber } from "../base/version-number.ts";

/** The lowest version that may register. */
export const RUNNER_FLOOR = "2.329.0";

/** Days after a newer release in which a version must be left. */
export const RUNNER_GRACE_DAYS = 30;

/** Oldest first. `date` is null where the day is not known. */
export const RUNNER_RELEASES: readonly { readonly version: string; readonly date: string | null }[] = [
  { version: "2.329.0", date: "2025-10-14" },
  { version: "2.330.0", date: "2025-11-19" },
  { version: "2.331.0", date: "2026-01-09" },
  { version: "2.332.0", date: "2026-02-25" },
  { version: "2.333.0", date: "2026-03-18" },
  { version: "2.333.1", date: "2026-03-27" },
  { version: "2.334.0", date: "2026-04-21" },
  { version: "2.335.0", date: "2026-06-08" },
  { version: "2.335.1", date: "2026-06-08" },
  { version: "2.336.0", date: "2026-07-20" },
  { version: "2.337.0", date: null },
];

/** GitHub lets it register no more. */
export function isBelowFloor(version: VersionNumber): boolean {
  return compareVersions(version, parseVersion(RUNNER_FLOOR) as VersionNumber) < 0;
}

export interface RunnerAge {
  /** When the first newer release came out; null: none is known, or its date is not. */
  readonly replacedAt: number | null;
  readonly newest: string;
  /** Up to here the table is complete. */
  readonly knownUntil: number;
}

export function judgeRunnerAge(version: VersionNumber): RunnerAge {
  let replacedAt: number | null = null;
  let knownUntil = 0;
  for (const release of RUNNER_RELEASES) {
    const date = release.date === null ? null : Date.parse(`${release.date}T00:00:00Z`);
    if (date === null) continue;
    knownUntil = Math.max(knownUntil, date);
    const newer = compareVersions(parseVersion(release.version) as VersionNumber, version) > 0;
    if (newer && (replacedAt === null || date < replacedAt)) replacedAt = date;
  }
  return { replacedAt, newest: RUNNER_RELEASES.at(-1)?.version ?? RUNNER_FLOOR, knownUntil };
}
