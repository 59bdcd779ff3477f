// What is rendered for workflows, for every fixture fleet that can be planned. The whole files are goldens
// of fleets.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { renderWorkflows } from "../../src/render/workflows.ts";
import { FLEETS, listFleets, loadFleet } from "../plan/load-fleet.ts";

interface Job {
  readonly "runs-on": readonly string[] | { readonly group: string; readonly labels: readonly string[] };
  readonly "timeout-minutes": number;
}

const planned = listFleets().flatMap((name) => {
  const { plan } = loadFleet(`${FLEETS}/${name}`);
  return plan === null ? [] : [{ name, plan }];
});

for (const { name, plan } of planned) {
  const files = renderWorkflows(plan);

  test(`${name.replaceAll("-", " ")}: each job asks for exactly the labels of one variant`, () => {
    for (const pool of plan.pools) {
      const file = files.find(({ path }) => path === `workflows/pools/${pool.name}.yaml`);
      const { jobs } = parse(file?.content ?? "") as { readonly jobs: Readonly<Record<string, Job>> };
      const asked = Object.values(jobs).map((job) => job["runs-on"]);
      const labels = asked.map((runsOn) => ("labels" in runsOn ? runsOn.labels : runsOn).join());
      assert.deepEqual(
        [...new Set(labels)],
        pool.variants.map((variant) => variant.labels.join()),
      );
      assert.ok(asked.every((runsOn) => ("group" in runsOn ? runsOn.group : null) === pool.runnerGroup));
      assert.ok(Object.values(jobs).every((job) => job["timeout-minutes"] === pool.timeoutMinutes));
    }
  });
}

test("a pool named like another file of ours has a file of its own", () => {
  const fleet = planned[0];
  assert.ok(fleet !== undefined);
  const [pool] = fleet.plan.pools;
  assert.ok(pool !== undefined);
  const names = ["actionlint", "runs-on", "manifest"];
  const plan = {
    ...fleet.plan,
    pools: names.map((name) => ({ ...pool, name, variants: [] })),
  };
  const paths = renderWorkflows(plan).map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length);
});

test("a pool whose labels another pool has too says where its jobs may land", () => {
  const fleet = planned.find(({ name }) => name === "cards-of-three-vendors");
  assert.ok(fleet !== undefined);
  const [rocm, ...others] = fleet.plan.pools;
  assert.ok(rocm !== undefined);
  const [variant] = rocm.variants;
  assert.ok(variant !== undefined);
  const wider = { ...rocm, name: "wider", variants: [{ ...variant, labels: [...variant.labels, "more"] }] };
  const host = fleet.plan.hosts.find(({ name }) => name === variant.hosts[0]);
  const placement = host?.placements.find((one) => one.pool === "rocm");
  assert.ok(host !== undefined && placement !== undefined);
  const files = renderWorkflows({
    ...fleet.plan,
    pools: [rocm, wider, ...others],
    hosts: fleet.plan.hosts.map((one) =>
      one === host
        ? {
            ...one,
            placements: [
              ...one.placements,
              { ...placement, pool: "wider", labels: wider.variants[0]?.labels ?? [] },
            ],
          }
        : one,
    ),
  });
  const lines = files.flatMap(({ content }) => content.split("\n").filter((line) => line.includes("wider")));
  assert.ok(lines.includes("# These labels are also on runners of wider: a job may land there."));
  assert.ok(lines.includes("- A job that asks for all labels of rocm may also run on wider."));
  assert.equal(
    lines.filter((line) => line.includes("may also run on rocm") || line.includes("runners of rocm")).length,
    0,
  );
});
