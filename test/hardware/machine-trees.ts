// Real machines' /proc and /sys, as the hwloc project collects them: reference data beside the checkout, never copied
// into it. In: CI_FLEET_DATA (default: shared/data beside the checkout). Out: unpacked trees, gone after the test.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const DATA = resolve(
  process.env.CI_FLEET_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url)),
);
const ARCHIVES = join(DATA, "machines");

/** Names of the archives without their ending; empty where there are none. */
export function listMachineTrees(): readonly string[] {
  if (!existsSync(ARCHIVES)) return [];
  return readdirSync(ARCHIVES)
    .filter((name) => name.endsWith(".tar.bz2"))
    .map((name) => name.slice(0, -".tar.bz2".length))
    .sort();
}

/** The tree's folder; null after having skipped the test, where the archive is not there. */
export function unpackMachineTree(t: TestContext, name: string): string | null {
  const archive = join(ARCHIVES, `${name}.tar.bz2`);
  if (!existsSync(archive)) {
    t.skip(`no ${archive}: set CI_FLEET_DATA`);
    return null;
  }
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-tree-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const unpacked = spawnSync("tar", ["-xjf", archive, "-C", folder], { encoding: "utf8" });
  if (unpacked.status !== 0) {
    t.skip(`tar cannot unpack ${archive}: ${unpacked.stderr || unpacked.error}`);
    return null;
  }
  // The folder inside is not always called as the archive.
  return join(folder, readdirSync(folder)[0] ?? "");
}
