// Whole fleets of fixtures/, rendered: every file of every family, as a person would read it in the
// repository. The real tools judge the same goldens in test/tools.

import { test } from "node:test";
import { renderPlan } from "../../src/render/render-plan.ts";
import { expectGolden } from "../golden.ts";
import { FLEETS, listFleets, loadFleet } from "../plan/load-fleet.ts";

for (const name of listFleets()) {
  test(`${name.replaceAll("-", " ")}: the rendered tree`, () => {
    const { plan } = loadFleet(`${FLEETS}/${name}`);
    expectGolden(`${FLEETS}/${name}/expected/rendered`, plan === null ? [] : renderPlan(plan, null));
  });
}
