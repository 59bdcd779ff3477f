// From a bare host to the first job, for all four kinds of slot and both systems.

import assert from "node:assert/strict";
import { test } from "node:test";
import { giveToken, makeFleet, writeSpec } from "./fleet.ts";
import { openLab } from "./lab.ts";
import { NOSY_JOB } from "./nosy.ts";
import { putInForce } from "./put-in-force.ts";
import { waitFor } from "./wait-for.ts";

const POOLS = {
  eph: "{labels: [eph]}",
  per: "{lifetime: persistent, labels: [per]}",
  proc: "{run: process, labels: [proc]}",
  pers: "{run: process, lifetime: persistent, labels: [pers]}",
};

for (const system of ["trixie", "bookworm"] as const) {
  test(`a fleet on a host with ${system}`, async (t) => {
    const lab = await openLab(t);
    if (lab === null) return;
    const host = await lab.bootHost({ system });
    await giveToken(lab, host);
    await makeFleet(host, writeSpec({ pools: POOLS }));
    const runners = () => [...lab.github.scope("orgs/acme").runners.values()];
    const online = (pool: string) =>
      waitFor(`a runner of ${pool} to be online`, () =>
        runners().find((runner) => runner.name.startsWith(`acme-${pool}-`) && lab.github.online(runner)),
      );

    await lab.scene("a slot of each kind starts and takes a job", async () => {
      await putInForce(host);
      for (const pool of Object.keys(POOLS)) await online(pool);
      const jobs = Object.keys(POOLS).map((pool) => lab.queueJob(NOSY_JOB, { labels: [pool], name: pool }));
      for (const job of jobs) await lab.expectJob(job);
      assert.deepEqual((await host.ask(["systemctl", "--failed", "--plain", "--no-legend"])).stdout, "");
    });
  });
}
