// Whole fleets of fixtures/, rendered: every file of every family, as a person would read it in the
// repository. The real tools judge the same goldens in test/tools.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { renderCloudInit } from "../../src/render/cloud-init.ts";
import { renderPlan } from "../../src/render/render-plan.ts";
import { makeFolder } from "../adapters/folder.ts";
import { expectGolden } from "../golden.ts";
import { FLEETS, listFleets, loadFleet } from "../plan/load-fleet.ts";

for (const name of listFleets()) {
  test(`${name.replaceAll("-", " ")}: the rendered tree`, () => {
    const { plan, copies } = loadFleet(`${FLEETS}/${name}`);
    expectGolden(`${FLEETS}/${name}/expected/rendered`, plan === null ? [] : renderPlan(plan, null, copies));
  });
}

/** What cloud-init writes for the first apply, by path below the folder of the spec. */
function readSeed(userData: string) {
  const { write_files: files } = parse(userData) as {
    write_files: readonly { path: string; content: string; permissions: string }[];
  };
  const top = "/usr/local/lib/ci-fleet/seed/";
  const seeded = files.filter(({ path }) => path.startsWith(top));
  return new Map(
    seeded.map(({ path, content, permissions }) => [
      path.slice(top.length),
      { content, mode: Number.parseInt(permissions, 8) },
    ]),
  );
}

test("a machine renders from its seed what the repository renders for it", (t) => {
  let seeds = 0;
  for (const name of listFleets()) {
    const { plan, copies } = loadFleet(`${FLEETS}/${name}`);
    for (const host of plan?.hosts ?? []) {
      if (plan === null || host.provisioning === null) continue;
      const only = new Set([host.name]);
      const files = renderPlan(plan, only, copies);
      const seed = renderCloudInit(plan, host, copies);
      const userData = seed.find(({ path }) => path.endsWith("/user-data"))?.content ?? "";
      const folder = makeFolder(t);
      for (const [path, { content, mode }] of readSeed(userData)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), content, { mode });
      }
      const there = loadFleet(folder);
      assert.ok(there.plan !== null);
      assert.deepEqual(renderPlan(there.plan, only, there.copies), files);
      assert.deepEqual(renderCloudInit(there.plan, host, there.copies), seed);
      seeds += 1;
    }
  }
  assert.ok(seeds >= 1, `${seeds} seeds`);
});
