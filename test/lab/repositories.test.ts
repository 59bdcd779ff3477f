// Runners of a personal account, which belong to its repositories: each start is registered with the one whose jobs
// wait.

import assert from "node:assert/strict";
import { test } from "node:test";
import { giveToken, makeFleet, writeSpec } from "./fleet.ts";
import { openLab } from "./lab.ts";
import { NOSY_JOB } from "./nosy.ts";
import { putInForce } from "./put-in-force.ts";
import { findSlot } from "./slot.ts";

const GITHUB =
  "{url: https://github.com/alice, repos: [alice/app, alice/lib], auth: {token: /etc/ci-fleet/token}}";
const PATIENT = { within: 90_000 };

test("a personal account with two repositories", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  lab.github.liveness = 2000;
  const host = await lab.bootHost({ system: "bookworm" });
  await giveToken(lab, host);
  const pools = {
    box: "{runners: {max: 2}, labels: [box]}",
    bare: "{run: process, runners: {max: 1, idle: 10s}, labels: [bare]}",
  };
  await makeFleet(
    host,
    writeSpec({ github: GITHUB, pools, watchdog: "{every: 10s, budget: {githubRequestsPerHour: 5000}}" }),
  );
  const at = (repository: string, run: "container" | "process", pool: string, index = 1) =>
    findSlot(lab, host, { run, pool, index, scope: `repos/alice/${repository}` });
  const bare = at("lib", "process", "bare");
  const queue = (repository: string, label: string, script = "true") =>
    lab.queueJob(script, {
      repository: `alice/${repository}`,
      labels: [label],
      name: `${repository} ${label}`,
    });
  const names = (repository: string) =>
    [...lab.github.scope(`repos/alice/${repository}`).runners.values()].map(({ name }) => name);

  await lab.scene("no job waits, and no slot is registered anywhere", async () => {
    await putInForce(host);
    assert.match((await bare.status()).reason, /^WaitsFor(?:Repository|Demand)$/);
    assert.deepEqual([...names("app"), ...names("lib")], []);
  });

  await lab.scene("each start is registered with the repository whose jobs wait", async () => {
    const jobs = [
      queue("lib", "bare", NOSY_JOB),
      queue("app", "box", NOSY_JOB),
      queue("lib", "box", NOSY_JOB),
    ];
    for (const job of jobs) await lab.expectJob(job, "success", PATIENT);
    assert.match(jobs[0]?.runnerName ?? "", /^acme-bare-forge-1/);
    assert.deepEqual(
      names("app").filter((name) => !name.startsWith("acme-box-")),
      [],
      "the process slot was never needed there",
    );
  });

  await lab.scene(
    "a slot that idles for one repository is taken down and started for the other",
    async () => {
      await lab.expectJob(queue("app", "bare"), "success", { within: 240_000 });
      assert.deepEqual(
        names("lib").filter((name) => name.startsWith("acme-bare-")),
        [],
        "it is still registered with the first",
      );
    },
  );
});
