// Persistent slots keep one registration through everything that befalls a host, and get a new one only when GitHub
// has thrown the old one away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { giveToken, makeFleet, writeSpec } from "./fleet.ts";
import { offerRunners } from "./internet.ts";
import { openLab } from "./lab.ts";
import { NOSY_JOB } from "./nosy.ts";
import { putInForce } from "./put-in-force.ts";
import { findSlot } from "./slot.ts";
import { waitFor } from "./wait-for.ts";

/** The listener asks again every 30 s while GitHub still holds its old session; here that is sooner. */
const SOON = 'defaults: {lifetime: persistent, env: {STANDIN_CONFLICT_RETRY: "1"}}\n';
const POOLS = { box: "{labels: [box]}", bare: "{run: process, labels: [bare]}" };
const spec = (version: string) => writeSpec({ pools: POOLS, version, more: SOON });

test("persistent slots", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  lab.github.liveness = 2000;
  // The last one that leaves its files where they are when GitHub has thrown it out.
  await offerRunners(lab.github, "2.335.1");
  const host = await lab.bootHost();
  const token = await giveToken(lab, host);
  await makeFleet(host, spec("2.335.1"));
  const box = findSlot(lab, host, { run: "container", pool: "box" });
  const bare = findSlot(lab, host, { run: "process", pool: "bare" });
  const both = [box, bare] as const;
  const jobs = (script: string) =>
    ["box", "bare"].map((name) => lab.queueJob(script, { labels: [name], name }));
  /** Nobody registered anew, and both work. */
  const expectSame = async (act: () => Promise<unknown>) => {
    const before = both.map((slot) => slot.find()?.id);
    const mints = box.mints();
    await act();
    for (const slot of both) await slot.online(undefined, { within: 60_000 });
    for (const job of jobs("true")) await lab.expectJob(job, "success", { within: 60_000 });
    assert.deepEqual(
      both.map((slot) => slot.find()?.id),
      before,
    );
    assert.equal(box.mints(), mints, "a secret was asked for without need");
  };

  await lab.scene("a bare host becomes runners that take jobs", async () => {
    await putInForce(host);
    for (const slot of both) await slot.online();
    for (const job of jobs(NOSY_JOB)) await lab.expectJob(job);
  });

  await lab.scene("stopped and started, they register no second time", () =>
    expectSame(async () => {
      for (const slot of both) await slot.systemctl("restart");
    }),
  );

  await lab.scene("a stop cancels the job within two minutes, signs off, and is no failure", async () => {
    const running = jobs("sleep 300");
    for (const job of running) await waitFor("the job to run", () => job.status === "in_progress");
    await Promise.all(both.map((slot) => slot.systemctl("stop")));
    for (const job of running) await lab.expectJob(job, "cancelled");
    for (const slot of both) {
      assert.equal(slot.find()?.session, null, `${slot.name} left its session behind`);
      assert.equal((await host.ask(["systemctl", "is-active", slot.unit])).stdout, "inactive\n");
    }
    await expectSame(() => Promise.all(both.map((slot) => slot.systemctl("start"))));
  });

  await lab.scene("the container removed under a running slot comes back as the same runner", () =>
    expectSame(() => host.run("docker", "rm", "--force", box.name)),
  );

  await lab.scene("after kill -9 of the runner they are back as the same", () =>
    expectSame(() => Promise.all(both.map((slot) => slot.kill()))),
  );

  await lab.scene("after kill -9 of the runner amid a job they are back as the same", async () => {
    const running = jobs("sleep 300");
    for (const job of running) await waitFor("the job to run", () => job.status === "in_progress");
    await expectSame(async () => {
      await Promise.all(both.map((slot) => slot.kill()));
      // GitHub gives up a job whose runner is gone.
      for (const job of running) Object.assign(job, { status: "completed", conclusion: "failure" });
      for (const slot of both) Object.assign(slot.find() ?? {}, { job: null });
    });
  });

  /** Three starts a minute are Docker's own limit; the scenes come faster than that. */
  const blow = (line: string) =>
    expectSame(async () => {
      const session = box.find()?.session?.id;
      await host.bash(`systemctl reset-failed docker.service docker.socket; ${line}`);
      await waitFor("the engine to be back", () => host.isTrue("docker info"));
      // The old one may still hold on for a moment, and would take a job with it.
      await waitFor("a new session", () => box.find()?.session?.id !== session);
    });

  await lab.scene("Docker restarted, the engine's runner is back as the same", () =>
    blow("systemctl restart docker.service"),
  );

  await lab.scene("after kill -9 of Docker, the engine's runner is back as the same", () =>
    blow("systemctl kill --signal=KILL docker.service"),
  );

  await lab.scene("after a reboot they are back as the same", () => expectSame(() => host.reboot()));

  await lab.scene("after a power cut they are back as the same", () => expectSame(() => host.reboot("hard")));

  const start = async () => {
    for (const slot of both) await host.run("systemctl", "start", "--no-block", slot.unit);
  };
  const throwOut = async () => {
    const old = await Promise.all(both.map((slot) => slot.online()));
    lab.github.scope("orgs/acme").runners.clear();
    for (const [at, slot] of both.entries()) await slot.online(old[at]);
    for (const job of jobs("true")) await lab.expectJob(job);
  };

  await lab.scene("their registration deleted while they listen, they register anew", throwOut);

  await lab.scene("a new version of the runner keeps the registration", async () => {
    await offerRunners(lab.github, "2.337.0");
    await expectSame(async () => {
      await makeFleet(host, spec("2.337.0"));
      await putInForce(host);
      const versions = () => both.map((slot) => slot.find()?.version);
      await waitFor("the new version", () => versions().every((version) => version === "2.337.0"), {
        instead: versions,
      });
    });
  });

  await lab.scene("the same of runners that then remove their identity by themselves", throwOut);

  await lab.scene("their registration deleted while they were stopped, they register anew", async () => {
    const old = await Promise.all(both.map((slot) => slot.online()));
    for (const slot of both) await slot.systemctl("stop");
    lab.github.scope("orgs/acme").runners.clear();
    await start();
    for (const [at, slot] of both.entries()) await slot.online(old[at]);
    for (const job of jobs("true")) await lab.expectJob(job);
  });

  /** As after an installation anew: GitHub knows the name, and nothing here has its key. */
  const loseIdentity = async () => {
    for (const slot of both) await slot.systemctl("stop");
    await host.bash("cd /var/lib/ci-fleet/acme && rm -rf acme-*/state acme-*/root acme-*/setbacks.json");
  };

  await lab.scene("a name that GitHub has from an earlier life is taken over", async () => {
    const old = both.map((slot) => slot.find());
    await loseIdentity();
    await start();
    for (const [at, slot] of both.entries()) await slot.online(old[at], { within: 60_000 });
    for (const job of jobs("true")) await lab.expectJob(job);
    assert.equal(lab.github.scope("orgs/acme").runners.size, 2, "a registration was left behind");
  });

  await lab.scene("a registration token that ended before it was used is followed by another", async () => {
    const old = both.map((slot) => slot.find());
    await loseIdentity();
    lab.github.ended.registration = 2;
    await start();
    for (const [at, slot] of both.entries()) await slot.online(old[at], { within: 90_000 });
    assert.equal(lab.github.ended.registration, 0);
    for (const job of jobs("true")) await lab.expectJob(job);
  });

  await lab.scene("an access token that ended is told, and its successor taken without a hand", async () => {
    const old = both.map((slot) => slot.find());
    await loseIdentity();
    const ended = lab.github.credentials.get(token);
    if (ended !== undefined) ended.expiresAt = 1;
    await start();
    for (const slot of both) {
      const told = async () => {
        const { reason, text } = await slot.status();
        return reason === "StartPutOff" && /credential-refused/.test(text);
      };
      await waitFor(`${slot.name} to say why`, told, { instead: slot.status });
    }
    await giveToken(lab, host, "ghp_TheLabsNextTokenThatMayDoEverything02");
    for (const [at, slot] of both.entries()) await slot.online(old[at], { within: 90_000 });
    for (const job of jobs("true")) await lab.expectJob(job);
  });
});
