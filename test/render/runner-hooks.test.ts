// The job hooks, run by bash with what a workflow's author may put into a job's environment.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { sampleTexts } from "./hostile-text.ts";
import { makeSlot, type Slot } from "./runner-world.ts";

function runHook(slot: Slot, name: string, env: Readonly<Record<string, string>> = {}) {
  const result = spawnSync("bash", [slot.at("scripts", name)], {
    encoding: "utf8",
    env: {
      PATH: process.env.PATH,
      LC_ALL: "C.UTF-8",
      CI_FLEET_SLOT: "acme-ci-forge-1",
      CI_FLEET_LIFETIME: "persistent",
      CI_FLEET_RUN_DIR: slot.at("run"),
      CI_FLEET_WORK: slot.folder,
      CI_FLEET_RUNNER_ROOT: slot.at("root"),
      CI_FLEET_MIN_FREE_MIB: "1",
      ...env,
    },
  });
  return { code: result.status, output: `${result.stdout}${result.stderr}` };
}

test("a job leaves its marker while it runs, and takes it away", (t) => {
  const slot = makeSlot(t);
  const env = {
    GITHUB_REPOSITORY: "acme/app",
    GITHUB_RUN_ID: "42",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_JOB: "build",
  };
  assert.deepEqual(runHook(slot, "job-started.sh", env), { code: 0, output: "" });
  const { startedAt, ...marker } = JSON.parse(slot.read("run", "job.json") ?? "");
  assert.deepEqual(marker, {
    slot: "acme-ci-forge-1",
    repository: "acme/app",
    runId: "42",
    runAttempt: "1",
    workflow: "",
    job: "build",
  });
  assert.ok(Number.isInteger(startedAt));
  assert.deepEqual(runHook(slot, "job-completed.sh"), { code: 0, output: "" });
  assert.deepEqual(readdirSync(slot.at("run")), []);
});

test("whatever a workflow is called, the marker is JSON that holds exactly that", (t) => {
  const slot = makeSlot(t);
  const texts = sampleTexts(60);
  const [keys, names] = [
    ["repository", "runId", "runAttempt", "workflow", "job"],
    ["GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_WORKFLOW", "GITHUB_JOB"],
  ];
  for (let from = 0; from < texts.length; from += names.length) {
    const batch = texts.slice(from, from + names.length);
    const env = Object.fromEntries(batch.map((text, at) => [names[at] ?? "", text]));
    const { code, output } = runHook(slot, "job-started.sh", env);
    assert.equal(code, 0, output);
    const marker = JSON.parse(slot.read("run", "job.json") ?? "");
    for (const [at, text] of batch.entries()) {
      const cut = Buffer.from(text).subarray(0, 1024).toString();
      assert.equal(marker[keys[at] ?? ""], cut);
    }
  }
});

test("a job is refused, with what is missing, when the disk is nearly full", (t) => {
  const slot = makeSlot(t);
  const { code, output } = runHook(slot, "job-started.sh", { CI_FLEET_MIN_FREE_MIB: "99999999999" });
  assert.equal(code, 1);
  assert.match(
    output,
    /^::error title=Runner disk is full::acme-ci-forge-1 has \d+ MiB free, and a job needs 99999999999 MiB\. /,
  );
  assert.deepEqual(readdirSync(slot.at("run")), []);
});

test("a marker that cannot be written does not stop the job", (t) => {
  const slot = makeSlot(t);
  const { code, output } = runHook(slot, "job-started.sh", { CI_FLEET_RUN_DIR: slot.at("absent") });
  assert.equal(code, 0);
  assert.match(output, /::warning::ci-fleet: could not write the job marker/);
  assert.equal(runHook(slot, "job-completed.sh", { CI_FLEET_RUN_DIR: slot.at("absent") }).code, 0);
});
