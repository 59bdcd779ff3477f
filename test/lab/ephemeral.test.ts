// Ephemeral slots take one job under each name, and leave nothing of it to the next.

import assert from "node:assert/strict";
import { test } from "node:test";
import { giveToken, makeFleet, writeSpec } from "./fleet.ts";
import { openLab } from "./lab.ts";
import { NOSY_JOB } from "./nosy.ts";
import { putInForce } from "./put-in-force.ts";
import { findSlot } from "./slot.ts";
import { waitFor } from "./wait-for.ts";

/** Everywhere a job may write; in the container also as root. */
const SPOIL = [
  'echo spoiled | tee "$GITHUB_WORKSPACE/left" "$RUNNER_TEMP/left" "$HOME/left" /tmp/left "$RUNNER_WORKSPACE/left"',
  'ln -s / "$GITHUB_WORKSPACE/link"',
  'mkdir -p "$GITHUB_WORKSPACE/.git/deep/er"',
  "[[ $CI_FLEET_SLOT != *-box-* ]] || sudo -n bash -c 'mkdir -m 700 rooted && touch rooted/left'",
].join("\n");
const EXPECT_CLEAN = [
  'for each in "$GITHUB_WORKSPACE" "$RUNNER_TEMP"; do [[ -z $(ls -A "$each") ]] || { ls -laR "$each"; exit 1; }; done',
  '[[ ! -e $HOME/left && ! -e /tmp/left && ! -e $RUNNER_WORKSPACE/left ]] || { echo "$HOME or /tmp is not clean"; exit 1; }',
].join("\n");

test("ephemeral slots", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  lab.github.liveness = 2000;
  const host = await lab.bootHost({ system: "bookworm" });
  await giveToken(lab, host);
  const pools = { box: "{labels: [box]}", bare: "{run: process, labels: [bare]}" };
  await makeFleet(host, writeSpec({ pools }));
  const box = findSlot(lab, host, { run: "container", pool: "box" });
  const bare = findSlot(lab, host, { run: "process", pool: "bare" });
  const both = [box, bare] as const;
  const jobs = (script: string) =>
    ["box", "bare"].map((name) => lab.queueJob(script, { labels: [name], name }));
  const runJobs = async (script: string) => {
    const queued = jobs(script);
    for (const job of queued) await lab.expectJob(job, "success", { within: 60_000 });
    return queued;
  };
  const startJobs = async () => {
    const running = jobs("sleep 300");
    for (const job of running) await waitFor("the job to run", () => job.status === "in_progress");
    return running;
  };

  await lab.scene("a bare host becomes runners that take jobs", async () => {
    await putInForce(host);
    await runJobs(NOSY_JOB);
  });

  await lab.scene("each job has a runner of its own, in a clean place", async () => {
    const spoilt = await runJobs(SPOIL);
    const clean = await runJobs(EXPECT_CLEAN);
    const names = [...spoilt, ...clean].map((job) => job.runnerName);
    assert.equal(new Set(names).size, 4, `names were used twice: ${names.join(" ")}`);
  });

  await lab.scene("after a job a slot is soon there for the next", async () => {
    for (const slot of both) {
      const old = await slot.online();
      const job = lab.queueJob("true", { labels: [slot === box ? "box" : "bare"] });
      await lab.expectJob(job);
      await slot.online(old);
      const ended = job.completedAt ?? 0;
      const asked = lab.github.requests.find(({ path, at }) => path.endsWith("jitconfig") && at >= ended);
      const after = (at: number) => ((at - ended) / 1000).toFixed(1);
      // Numbers for people: a machine that is busy with other things is no mistake of ours.
      console.log(
        `${slot.name}: ${after(asked?.at ?? 0)} s after a job it asks for its next registration, after ${after(lab.github.now())} s it is online`,
      );
    }
  });

  await lab.scene("a stop cancels the job, and leaves no registration and no container", async () => {
    const running = await startJobs();
    await Promise.all(both.map((slot) => slot.systemctl("stop")));
    for (const job of running) await lab.expectJob(job, "cancelled");
    for (const slot of both) assert.equal(slot.find(), undefined, `${slot.name} is still registered`);
    assert.equal(await host.run("docker", "ps", "--all", "--quiet"), "");
    await Promise.all(both.map((slot) => slot.systemctl("start")));
    await runJobs("true");
  });

  await lab.scene("after kill -9 of the runner amid a job there is a new one", async () => {
    const running = await startJobs();
    const old = both.map((slot) => slot.find());
    await Promise.all(both.map((slot) => slot.kill()));
    for (const job of running) Object.assign(job, { status: "completed", conclusion: "failure" });
    for (const [index, slot] of both.entries()) await slot.online(old[index]);
    await runJobs(EXPECT_CLEAN);
  });

  await lab.scene("a registration deleted before its job is replaced", async () => {
    for (const slot of both) {
      const old = await slot.online();
      lab.github.scope(slot.scope).runners.delete(old.id);
      await slot.online(old);
    }
    await runJobs("true");
  });

  await lab.scene("Docker restarted amid a job, the slot comes back", async () => {
    const [inBox, onBare] = await startJobs();
    await host.bash("systemctl reset-failed docker.service docker.socket; systemctl restart docker.service");
    assert.ok(inBox !== undefined && onBare !== undefined);
    await lab.expectJob(inBox, "cancelled");
    assert.equal(onBare.status, "in_progress", "a process has nothing to do with Docker");
    await bare.systemctl("restart");
    await runJobs(EXPECT_CLEAN);
  });

  await lab.scene("after a reboot and after a power cut they take jobs", async () => {
    await startJobs();
    await host.reboot();
    await runJobs(EXPECT_CLEAN);
    for (const job of await startJobs()) Object.assign(job, { status: "completed", conclusion: "failure" });
    await host.reboot("hard");
    await runJobs(EXPECT_CLEAN);
  });
});
