// The watchdog as a service of systemd: how long a job waits for a runner that was not there, what a stop and a kill
// do to it, and that it follows a spec from the timer to the service and back.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { giveToken, makeFleet, REPOSITORY, renderFleet, writeSpec } from "./fleet.ts";
import { openLab } from "./lab.ts";
import { putInForce } from "./put-in-force.ts";
import { waitFor } from "./wait-for.ts";

const EVERY = 5;
const SECRET = "0123456789abcdef of the lab's webhook";
const SERVICE = "acme-watchdog.service";
const TIMER = "acme-watchdog.timer";
const POOLS = {
  box: "{labels: [box], runners: {min: 0, max: 2, idle: 10m}}",
  bare: "{run: process, labels: [bare], runners: {min: 0, max: 2, idle: 10m}}",
};
const COMMON = "budget: {githubRequestsPerHour: 15000}";
const DAEMON = `{mode: daemon, every: ${EVERY}s, webhook: {secret: /etc/ci-fleet/webhook-secret}, ${COMMON}}`;
const PATIENT = { within: 60_000, every: 50 };

test("the watchdog as a service", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  const { github } = lab;
  github.liveness = 2000;
  const host = await lab.bootHost();
  await giveToken(lab, host);
  lab.secrets.add(SECRET);
  await host.write("/etc/ci-fleet/webhook-secret", `${SECRET}\n`, "600");
  const spec = (watchdog: string) => writeSpec({ pools: POOLS, watchdog });
  await makeFleet(host, spec(`{every: 1h, ${COMMON}}`));
  await putInForce(host);
  const show = async (unit: string, property: string) =>
    (await host.run("systemctl", "show", "--value", "--property", property, unit)).trim();
  const isActive = (unit: string) => host.isTrue(`systemctl is-active --quiet ${unit}`);
  const curl = (path: string, ...words: readonly string[]) =>
    host.run("curl", "--silent", "--show-error", "--max-time", "5", ...words, `http://127.0.0.1:9639${path}`);
  const audit = async () =>
    (await host.bash("cat /var/lib/ci-fleet/acme/watchdog.audit.jsonl"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { at: string; reason?: string; slot?: string; action?: string });
  const change = async (watchdog: string) => {
    await host.write(`${REPOSITORY}/fleet.yaml`, spec(watchdog));
    await renderFleet(host);
    await putInForce(host);
  };

  await lab.scene(
    "an apply puts the service in the timer's place, and systemd hears that it is ready",
    async () => {
      assert.equal(await isActive(TIMER), true);
      await change(DAEMON);
      assert.equal(await isActive(SERVICE), true);
      assert.equal(await host.isTrue(`systemctl cat ${TIMER}`), false, "the timer is gone");
      assert.equal(await show(SERVICE, "NRestarts"), "0");
      assert.match(await curl("/healthz"), /^ok$/m);
    },
  );

  const measure = async (label: "box" | "bare", wake: boolean) => {
    const queuedAt = Date.now();
    const job = lab.queueJob("true", { labels: [label], name: label });
    if (wake) await deliver(label);
    // It goes offline with its job: who looks seldom does not see it at all.
    const { runners } = github.scope("orgs/acme");
    const isOurs = (name: string) => name.startsWith(`acme-${label}-`);
    const runner = await waitFor(
      `a runner of ${label}`,
      () => [...runners.values()].find((each) => isOurs(each.name) && github.online(each)),
      { ...PATIENT, every: 10 },
    );
    const onlineAt = Date.now();
    await lab.expectJob(job, "success", PATIENT);
    const line = (await audit()).findLast(
      ({ reason, slot: name }) => reason === "JobsWaiting" && name?.includes(`-${label}-`),
    );
    assert.ok(line !== undefined, "it was started for the job");
    const decidedAt = Date.parse(line.at);
    const mintedAt = github.requests.findLast(({ path }) => path.endsWith("jitconfig"))?.at ?? Number.NaN;
    assert.equal(job.runnerName, runner.name);
    const order = [queuedAt, decidedAt, mintedAt, onlineAt];
    assert.deepEqual(
      order.toSorted((a, b) => a - b),
      order,
      "queued, decided, registered, online",
    );
    const seconds = (until: number | null) => (((until ?? Number.NaN) - queuedAt) / 1000).toFixed(2);
    const how = wake ? "woken" : `every ${EVERY} s`;
    console.log(
      `${label}, ${how}; seconds after it was queued: decided ${seconds(decidedAt)}, registered ${seconds(mintedAt)}, ` +
        `online ${seconds(onlineAt)}, began ${seconds(job.startedAt)}, ended ${seconds(job.completedAt)}`,
    );
  };

  const deliver = async (label: string) => {
    const body = JSON.stringify({ action: "queued", workflow_job: { labels: [label] } });
    const signature = createHmac("sha256", SECRET).update(body).digest("hex");
    const headers = [
      "content-type: application/json",
      "x-github-event: workflow_job",
      `x-hub-signature-256: sha256=${signature}`,
    ];
    const words = headers.flatMap((each) => ["--header", each]);
    assert.match(await curl("/webhook", "--data", body, ...words), /will be looked at/);
  };

  await lab.scene("a job that nobody is there for gets a runner", async () => {
    await measure("bare", false);
    await measure("box", false);
  });

  await lab.scene("a webhook wakes it between two passes that are an hour apart", async () => {
    await host.bash("ci-fleet drain box && systemctl stop 'acme-container@*' && ci-fleet drain --undo box");
    const before = await show(SERVICE, "MainPID");
    await change(DAEMON.replace(`every: ${EVERY}s`, "every: 1h"));
    await waitFor("the pass with the new spec", async () => !(await curl("/healthz")).includes("every 5 s"));
    assert.equal(await show(SERVICE, "MainPID"), before, "a change of the spec restarts nothing");
    await new Promise((settle) => setTimeout(settle, 2 * EVERY * 1000));
    await measure("box", true);
    await change(DAEMON);
  });

  await lab.scene("a stop ends it with 0 and no job, and a kill is mended by systemd", async () => {
    const job = lab.queueJob("sleep 15", { labels: ["bare"], name: "long" });
    await waitFor("the job to run", () => job.status === "in_progress", PATIENT);
    const began = Date.now();
    await host.run("systemctl", "stop", SERVICE);
    t.diagnostic(`stopped in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    assert.equal(await show(SERVICE, "Result"), "success");
    assert.equal(await show(SERVICE, "ExecMainStatus"), "0");
    await host.run("systemctl", "start", SERVICE);
    const killed = await show(SERVICE, "MainPID");
    await host.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", SERVICE);
    await waitFor(
      "another one",
      async () => {
        const pid = await show(SERVICE, "MainPID");
        return pid !== killed && pid !== "0" && (await isActive(SERVICE));
      },
      PATIENT,
    );
    await waitFor(
      "its first pass",
      async () => (await curl("/metrics")).includes("ci_fleet_passes_total"),
      PATIENT,
    );
    const byHand = await host.ask(["ci-fleet", "watchdog", "-C", "/etc/ci-fleet/acme"]);
    assert.equal(byHand.code, 75, byHand.stderr);
    await lab.expectJob(job, "success", PATIENT);
  });

  await lab.scene("an apply puts the timer back in the service's place", async () => {
    await change(`{every: 1h, ${COMMON}}`);
    assert.equal(await isActive(TIMER), true);
    const unit = await host.run("systemctl", "cat", SERVICE);
    assert.match(unit, /^Type=oneshot$/m);
    assert.equal(await host.isTrue("curl --silent --max-time 5 http://127.0.0.1:9639/healthz"), false);
  });
});
