// Two hosts of one fleet, with different systems and one repository: who is who, and a new version of the runner
// rolled out while both are full of work.

import assert from "node:assert/strict";
import { test } from "node:test";
import { giveToken, makeFleet, REPOSITORY, renderFleet, writeSpec } from "./fleet.ts";
import { offerRunners } from "./internet.ts";
import { openLab } from "./lab.ts";
import { NOSY_JOB } from "./nosy.ts";
import { putInForce } from "./put-in-force.ts";
import { findSlot } from "./slot.ts";
import { waitFor } from "./wait-for.ts";

const POOLS = {
  box: "{labels: [box]}",
  bare: "{run: process, labels: [bare], runners: 2}",
  keep: "{lifetime: persistent, labels: [keep]}",
};
const SLOTS = [
  { run: "container", pool: "box" },
  { run: "process", pool: "bare" },
  { run: "process", pool: "bare", index: 2 },
  { run: "container", pool: "keep" },
] as const;
/** The listener asks again every 30 s while GitHub still holds its old session; here that is sooner. */
const SOON = 'defaults: {env: {STANDIN_CONFLICT_RETRY: "1"}}\n';
const PATIENT = { within: 90_000 };

test("two hosts of one fleet", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  lab.github.liveness = 2000;
  await offerRunners(lab.github, "2.336.0");
  const hosts = await Promise.all([
    lab.bootHost({ name: "forge" }),
    lab.bootHost({ name: "smithy", system: "bookworm" }),
  ]);
  for (const host of hosts) await giveToken(lab, host);
  await makeFleet(
    hosts,
    writeSpec({ hosts: ["forge", "smithy"], pools: POOLS, version: "2.336.0", more: SOON }),
  );
  const slots = hosts.flatMap((host) => SLOTS.map((words) => findSlot(lab, host, words)));
  const kept = slots.filter(({ name }) => name.includes("-keep-"));
  const runners = () => [...lab.github.scope("orgs/acme").runners.values()];
  /** `rounds` for each slot of both hosts. */
  const queueJobs = (script: string, rounds: number) =>
    Array.from({ length: rounds }, () =>
      hosts.flatMap(() => SLOTS.map(({ pool }) => lab.queueJob(script, { labels: [pool], name: pool }))),
    ).flat();
  const apply = () => Promise.all(hosts.map((host) => putInForce(host)));

  await lab.scene("each slot of each host has a name of its own and takes a job", async () => {
    await apply();
    for (const slot of slots) await slot.online(undefined, PATIENT);
    const jobs = queueJobs(`sleep 3\n${NOSY_JOB}`, 1);
    for (const job of jobs) await lab.expectJob(job, "success", PATIENT);
    const names = jobs.map(({ runnerName }) => runnerName);
    assert.equal(new Set(names).size, slots.length, names.join(" "));
  });

  await lab.scene("each host sees the other's slots, and its watchdog leaves them alone", async () => {
    for (const slot of slots) await slot.online(undefined, PATIENT);
    const before = runners().map(({ id }) => id);
    for (const host of hosts) {
      const said = await host.ask(["ci-fleet", "watchdog", "-C", "/etc/ci-fleet/acme"]);
      assert.equal(said.code, 0, said.stdout + said.stderr);
      const status = await host.ask(["ci-fleet", "status", "-C", REPOSITORY]);
      assert.equal(status.code, 0, status.stdout + status.stderr);
      assert.match(status.stdout, /8 slots, 8 online at GitHub/);
    }
    assert.deepEqual(
      runners().map(({ id }) => id),
      before,
    );
  });

  await lab.scene("a new version goes round under load: no job is lost, and none is disturbed", async () => {
    await offerRunners(lab.github, "2.337.0");
    const registered = kept.map((slot) => slot.find()?.id);
    const jobs = queueJobs("sleep 6", 3);
    await waitFor("work everywhere", () => slots.every((slot) => slot.find()?.job != null), PATIENT);
    const [forge, smithy] = hosts;
    await forge.bash(`cd ${REPOSITORY} && ci-fleet bump`);
    const spec = await forge.bash(`cat ${REPOSITORY}/fleet.yaml`);
    assert.match(spec, /2\.337\.0/);
    await smithy.write(`${REPOSITORY}/fleet.yaml`, spec);
    await Promise.all(hosts.map(renderFleet));
    const told = await apply();
    for (const [at, host] of hosts.entries()) {
      assert.match(told[at] ?? "", new RegExp(`waiting: acme-keep-${host.name}-1 has a job`));
      const pending = await host.bash("cat /var/lib/ci-fleet/acme/pending.json");
      assert.match(pending, new RegExp(`acme-keep-${host.name}-1`));
    }
    for (const job of jobs) await lab.expectJob(job, "success", PATIENT);
    // What was busy and lives on takes the change now; what lived for one job has done so by itself.
    await apply();
    const versions = () => slots.map((slot) => slot.find()?.version);
    await waitFor("the new version everywhere", () => versions().every((each) => each === "2.337.0"), {
      ...PATIENT,
      instead: versions,
    });
    for (const host of hosts)
      assert.ok(!(await host.isTrue("test -e /var/lib/ci-fleet/acme/pending.json")), "something still waits");
    assert.deepEqual(
      kept.map((slot) => slot.find()?.id),
      registered,
      "a persistent runner registered anew",
    );
    for (const job of queueJobs("true", 1)) await lab.expectJob(job, "success", PATIENT);
  });
});
