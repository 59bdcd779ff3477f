// Reads the spec for `bump`, which is most needed where nothing else works any more: with a runner so old that it
// makes the spec invalid. In: the spec's text. Out: the fleet as written, else as it would be with a newer runner.

import { isScalar } from "yaml";
import { parseVersion } from "../../base/version-number.ts";
import { RUNNER_RELEASES } from "../../model/runner-releases.ts";
import type { SpecTree } from "../../spec/parse-spec.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import { findPair, parseYaml } from "../edit-yaml.ts";
import { productVersion } from "../version.ts";
import type { CurrentRunner } from "./choose-release.ts";
import { editRunner } from "./edit-runner.ts";

export interface BumpFleet {
  readonly tree: SpecTree;
  readonly current: CurrentRunner;
}

const NO_SUMS = { "linux-x64": null, "linux-arm64": null } as const;

export function readFleetToBump(text: string, now: number): BumpFleet {
  const newest = RUNNER_RELEASES.at(-1)?.version ?? "";
  const tree = parseSpec(text, { now, productVersion });
  if (tree.fleet !== null) {
    const { version, checksums } = tree.fleet.runner;
    return { tree, current: { version, used: version ?? newest, checksums } };
  }
  const edited = editRunner(text, { version: newest, checksums: NO_SUMS, digest: null });
  const again = edited === null ? null : parseSpec(edited, { now, productVersion });
  const version = readVersion(text);
  // Other faults are the person's to mend: they are told as `validate` tells them.
  if (again?.fleet == null || version === null) {
    return { tree, current: { version: null, used: newest, checksums: NO_SUMS } };
  }
  return { tree: again, current: { version, used: version, checksums: NO_SUMS } };
}

function readVersion(text: string): string | null {
  const node = findPair(parseYaml(text), ["runner", "version"])?.value;
  const version = isScalar(node) ? node.value : null;
  return typeof version === "string" && parseVersion(version) !== null ? version : null;
}
