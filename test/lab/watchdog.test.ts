// The watchdog on a host that boots: real units and containers, real kills. One job runs all the time, and nothing that
// the watchdog does, or that is done to it, ends it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { giveToken, makeFleet, writeSpec } from "./fleet.ts";
import { openLab } from "./lab.ts";
import { putInForce } from "./put-in-force.ts";
import { findSlot } from "./slot.ts";
import { waitFor } from "./wait-for.ts";
import { type AuditLine, watchHost } from "./watch.ts";

const POOLS = {
  long: "{run: process, labels: [long]}",
  // Ends when GitHub has forgotten it.
  solo: "{labels: [solo]}",
  // Poll on, as runners do too (actions/runner issue 4617).
  keep: '{lifetime: persistent, labels: [keep], env: {STANDIN_POLLS_ON: "1"}}',
  burst: '{labels: [burst], runners: {min: 0, max: 2, idle: 10s}, env: {STANDIN_POLLS_ON: "1"}}',
};
const WATCHDOG = "{every: 10s, offlineAfter: 1m, budget: {githubRequestsPerHour: 15000}}";
/** Longer than a job may be on its way, and than any window here but a ghost's day. */
const WINDOW = 90;
const PATIENT = { within: 60_000 };

test("the watchdog", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  const { github } = lab;
  github.liveness = 2000;
  const host = await lab.bootHost();
  await giveToken(lab, host);
  await makeFleet(host, writeSpec({ pools: POOLS, watchdog: WATCHDOG }));
  const { pass, die, age, audit } = watchHost(host);
  const find = (pool: keyof typeof POOLS, index = 1) =>
    findSlot(lab, host, { run: pool === "long" ? "process" : "container", pool, index });
  const [keep, solo, ...burst] = [find("keep"), find("solo"), find("burst"), find("burst", 2)] as const;
  const scope = github.scope("orgs/acme");
  const names = new Map<string, string>();
  const add = scope.runners.set.bind(scope.runners);
  scope.runners.set = (id, runner) => {
    names.set(String(id), runner.name);
    return add(id, runner);
  };
  const did = (lines: readonly AuditLine[]) =>
    lines.flatMap(({ slot, reason, action, result, notice }) =>
      notice === undefined ? [`${slot?.replace("acme-", "")} ${reason} ${action} ${result}`] : [],
    );
  const deletions = () =>
    github.requests.filter(({ method, status }) => method === "DELETE" && status === 204).length;
  const queue = (label: string, script = "true") => lab.queueJob(script, { labels: [label], name: label });
  const untilGone = (path: string) => `until [ -e ${path} ]; do sleep 0.2; done`;
  const runs = (job: { status: string }) =>
    waitFor("the job to run", () => job.status === "in_progress", PATIENT);

  await putInForce(host);
  const long = queue("long", untilGone("/home/runner/go"));
  await runs(long);

  await lab.scene("its timer brings back what somebody stopped", async () => {
    const old = await solo.online();
    await solo.systemctl("stop");
    await solo.online(old, PATIENT);
    await host.run("systemctl", "stop", "acme-watchdog.timer", "acme-watchdog.service");
    assert.ok(did(await audit()).includes("solo-forge-1 DeadSlot start done"));
  });

  await lab.scene(
    "a registration that GitHub has deleted under a runner that polls on is made anew, and a death amid it is finished",
    async () => {
      const old = await keep.online();
      scope.runners.delete(old.id);
      for (let look = 1; look <= 2; look++) assert.deepEqual(did(await pass()), []);
      await age(WINDOW);
      await die("forgotten");
      await pass();
      await keep.online(old, PATIENT);
      const job = queue("keep");
      await lab.expectJob(job, "success", PATIENT);
    },
  );

  await lab.scene(
    "a hung runner is made anew; a ghost goes after its day, a stranger's registration never",
    async () => {
      const ghost = { labels: [], ephemeral: true, groupId: 1 };
      const own = github.addRunner("orgs/acme", { ...ghost, name: "acme-solo-forge-1-ghost77" });
      const other = github.addRunner("orgs/acme", { ...ghost, name: "acme-solo-forge-11" });
      assert.deepEqual(did(await pass()), []);
      await age(5);
      const hung = await solo.online();
      hung.lie = { online: false };
      assert.deepEqual(did(await pass()), []);
      await age(86_400);
      await die("before-delete");
      // Not more than half of a pool in one pass, the oldest first.
      assert.deepEqual(did(await pass()), ["solo-forge-1 Ghost delete done"]);
      assert.deepEqual(did(await pass()), ["solo-forge-1 HungListener retire done"]);
      assert.ok(!scope.runners.has(own.id) && !scope.runners.has(hung.id) && scope.runners.has(other.id));
      // GitHub's word ends it; nobody has to stop it.
      await waitFor(
        "it to end",
        async () => (await host.ask(["systemctl", "is-active", solo.unit])).stdout === "inactive\n",
        PATIENT,
      );
      assert.deepEqual(did(await pass()), ["solo-forge-1 RetirementDone finish done"]);
      await solo.online(hung, PATIENT);
      scope.runners.delete(other.id);
    },
  );

  await lab.scene("slots come with the queue up to max, and go when it is empty", async () => {
    const jobs = ["sleep 3", "sleep 3", "sleep 3"].map((script) => queue("burst", script));
    assert.deepEqual(did(await pass()), [
      "burst-forge-1 JobsWaiting start done",
      "burst-forge-2 JobsWaiting start done",
    ]);
    for (const job of jobs) await lab.expectJob(job, "success", PATIENT);
    for (const slot of burst) await slot.online(undefined, PATIENT);
    assert.deepEqual(did(await pass()), []);
    await age(WINDOW);
    for (let each = 1; each <= 2; each++)
      assert.equal((await pass()).filter(({ action }) => action === "retire").length, 1);
    assert.deepEqual(did(await pass()), [], "a job may still be on its way to them");
    await age(WINDOW);
    assert.deepEqual(did(await pass()), [
      "burst-forge-1 IdleBeyondMin stop done",
      "burst-forge-2 IdleBeyondMin stop done",
    ]);
    for (const slot of burst) assert.equal(slot.find(), undefined);
    assert.deepEqual(did(await pass()), []);
  });

  await lab.scene("killed at each step of a retirement it finishes it, and no job notices", async () => {
    const here = "/home/runner/go-on";
    const running = queue("burst", untilGone(here));
    const short = queue("burst");
    await pass();
    await runs(running);
    await lab.expectJob(short, "success", PATIENT);
    const idle = burst.find(({ name }) => !running.runnerName?.startsWith(name)) as (typeof burst)[number];
    const busy = burst.find((slot) => slot !== idle) as typeof idle;
    await idle.online(undefined, PATIENT);
    await pass();
    await age(WINDOW);
    for (const step of ["retirement-saved", "held", "before-deregister", "deregistered"]) await die(step);
    assert.deepEqual(did(await pass()), [`${idle.name.replace("acme-", "")} RetirementUnderWay retire done`]);
    await age(WINDOW);
    for (const step of ["held", "before-stop", "stopped", "let-go", "retirement-closed"]) await die(step);
    await pass();
    assert.equal((await host.ask(["systemctl", "is-active", idle.unit])).stdout, "inactive\n");
    assert.equal(await host.isTrue(`test -e /var/lib/ci-fleet/acme/drained/${idle.name}`), false);
    assert.equal(running.status, "in_progress");
    await host.run("docker", "exec", busy.name, "touch", here);
    await lab.expectJob(running);
    await busy.online(undefined, PATIENT);
    for (let each = 1; each <= 3; each++) {
      await pass();
      await age(WINDOW);
    }
    await pass();
    assert.equal((await host.ask(["systemctl", "is-active", busy.unit])).stdout, "inactive\n");
  });

  await lab.scene("a change that came during a job is taken over after it", async () => {
    const old = await keep.online();
    const here = "/home/runner/go-on";
    const job = queue("keep", untilGone(here));
    await runs(job);
    const changed = { ...POOLS, keep: POOLS.keep.replace("labels: [keep]", "labels: [keep, more]") };
    await makeFleet(host, writeSpec({ pools: changed, watchdog: WATCHDOG }));
    await putInForce(host);
    await host.run("systemctl", "stop", "acme-watchdog.timer", "acme-watchdog.service");
    await age(WINDOW);
    assert.deepEqual(did(await pass()), []);
    await host.run("docker", "exec", keep.name, "touch", here);
    await lab.expectJob(job);
    await pass();
    await age(WINDOW);
    assert.deepEqual(did(await pass()), ["keep-forge-1 ConfigurationOutdated retire done"]);
    await age(WINDOW);
    assert.deepEqual(did(await pass()), ["keep-forge-1 ConfigurationOutdated stop done"]);
    const { labels } = await keep.online(old, PATIENT);
    assert.ok(labels.includes("more"), labels.join(" "));
    assert.deepEqual(did(await pass()), []);
  });

  await lab.scene("GitHub answering 502 changes nothing; what is down is started all the same", async () => {
    const before = deletions();
    const online = await keep.online();
    github.faults.push({ kind: "502", match: /actions\/runners/, left: Number.POSITIVE_INFINITY });
    online.lie = { online: false };
    await solo.systemctl("stop");
    assert.deepEqual(did(await pass()), ["solo-forge-1 DeadSlot start done"]);
    await age(WINDOW);
    const lines = await pass();
    assert.ok(lines.some(({ notice }) => notice === "GitHubUnknown"));
    assert.deepEqual([deletions(), long.status], [before, "in_progress"]);
    github.faults.length = 0;
    online.lie = null;
    await solo.online(undefined, PATIENT);
    assert.equal(keep.find()?.id, online.id);
  });

  await lab.scene("while the engine is stopped its slots are unknown and left alone", async () => {
    const before = deletions();
    // Masked, for each start of a slot asks for it.
    await host.run("systemctl", "mask", "--runtime", "--now", "docker.service", "docker.socket");
    assert.deepEqual(did(await pass()), []);
    await age(WINDOW);
    assert.deepEqual(did(await pass()), []);
    assert.deepEqual([deletions(), long.status], [before, "in_progress"]);
    await host.run("systemctl", "unmask", "--runtime", "docker.service", "docker.socket");
    await host.run("systemctl", "start", "docker.service");
    for (const slot of [keep, solo]) await slot.online(undefined, PATIENT);
  });

  await lab.scene("of several at once one works, and the others say so", async () => {
    const once = () => host.ask(["ci-fleet", "watchdog", "-C", "/etc/ci-fleet/acme"]);
    const codes = (await Promise.all([once(), once(), once(), once()])).map(({ code }) => code);
    assert.ok(codes.includes(75), `${codes}`);
    assert.ok(
      codes.some((code) => code === 0 || code === 1),
      `${codes}`,
    );
  });

  await lab.scene("what a person drained stays so, what a person stopped is said to come back", async () => {
    await host.run("ci-fleet", "drain", "-C", "/etc/ci-fleet/acme", keep.name);
    const said = await host.ask(["ci-fleet", "stop", "-C", "/etc/ci-fleet/acme", solo.name]);
    assert.match(said.stderr, /next pass of the watchdog starts what should always run/);
    await pass();
    await solo.online(undefined, PATIENT);
    assert.equal((await host.ask(["systemctl", "is-active", keep.unit])).stdout, "inactive\n");
    await host.run("ci-fleet", "drain", "--undo", "-C", "/etc/ci-fleet/acme", keep.name);
    await keep.online(undefined, PATIENT);
  });

  await lab.scene("the job that ran all the time ends well, and the log explains every change", async () => {
    await host.bash("touch /var/lib/ci-fleet/acme/acme-long-forge-1/home/go");
    await lab.expectJob(long);
    const lines = (await audit()).filter(({ notice }) => notice === undefined);
    for (const line of lines)
      assert.ok((line.evidence?.length ?? 0) > 0 && line.result !== undefined, JSON.stringify(line));
    // A start takes back what an earlier one left: that is in its unit's journal.
    const told =
      JSON.stringify(lines) +
      (await host.bash("journalctl --no-pager --output=cat | grep 'took back' || true"));
    for (const { method, path, status } of github.requests) {
      const [, id] = /\/runners\/(\d+)$/.exec(path) ?? [];
      if (method !== "DELETE" || id === undefined || status !== 204) continue;
      const name = names.get(id) ?? "nobody's";
      assert.ok(
        told.includes(`registration ${id} `) || told.includes(name),
        `nothing explains: ${path}, ${name}`,
      );
    }
  });
});
