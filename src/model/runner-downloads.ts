// The runner releases that a GitHub offers, by version. In: rows of `GET …/runners/downloads`. Out: the newest
// version with the checksums of its Linux tarballs.

import { compareVersions, parseVersion, type VersionNumber } from "../base/version-number.ts";
import type { RunnerDownload } from "./github.ts";

export interface RunnerRelease {
  readonly version: string;
  /** sha256 in hex; null: not told. */
  readonly checksums: Readonly<Record<"linux-x64" | "linux-arm64", string | null>>;
}

const TARBALL = /^actions-runner-linux-(x64|arm64)-(\d{1,6}\.\d{1,6}\.\d{1,6})\.tar\.gz$/;

/** null: no tarball for Linux among them. */
export function findNewestRelease(downloads: readonly RunnerDownload[]): RunnerRelease | null {
  let newest: { readonly number: VersionNumber; readonly version: string } | null = null;
  for (const { filename } of downloads) {
    const version = TARBALL.exec(filename)?.[2];
    const number = version === undefined ? null : parseVersion(version);
    if (version === undefined || number === null) continue;
    if (newest === null || compareVersions(number, newest.number) > 0) newest = { number, version };
  }
  return newest === null ? null : describeRelease(newest.version, downloads);
}

/** Checksums of one version, as far as they are told. */
export function describeRelease(version: string, downloads: readonly RunnerDownload[]): RunnerRelease {
  const find = (arch: "x64" | "arm64"): string | null => {
    const row = downloads.find(
      ({ filename }) => filename === `actions-runner-linux-${arch}-${version}.tar.gz`,
    );
    const sum = row?.sha256?.toLowerCase() ?? null;
    return sum !== null && /^[0-9a-f]{64}$/.test(sum) ? sum : null;
  };
  return { version, checksums: { "linux-x64": find("x64"), "linux-arm64": find("arm64") } };
}
