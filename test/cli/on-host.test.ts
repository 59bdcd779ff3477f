// start, stop, drain, logs, status and doctor as a process, on a user's install with stand-ins for the tools.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HIDDEN, makeFakeHost, UP } from "./fake-host.ts";
import { programWords } from "./run-cli.ts";

const UNIT = "home-process@home-ci-forge-1.service";
const SECOND = "home-process@home-ci-forge-2.service";
const JOB = JSON.stringify({
  ...{ repository: "acme/app", job: "bu\u001b[31mild", workflow: "CI", runId: "1", startedAt: 1 },
});

test("drain marks every slot and stops those without a job; the others are left", (t) => {
  const host = makeFakeHost(t);
  host.unit(1, UP);
  host.unit(2, HIDDEN);
  host.write("run/ci-fleet/home/home-ci-forge-2/runner/job.json", JOB);
  const ran = host.run("drain", "ci");
  assert.deepEqual(host.told(), [`systemctl --user stop -- ${UNIT}`]);
  assert.deepEqual(ran, {
    code: 0,
    stdout:
      "drained   home-ci-forge-1\ndraining  home-ci-forge-2 has a job: acme/app, bu\ufffd[31mild of CI\n",
    stderr: "they stop after their job (the watchdog sees to it); --wait waits for that here\n",
  });
  for (const slot of [1, 2]) {
    assert.equal(host.read(`${host.state}/drained/home-ci-forge-${slot}`), "by hand: ci-fleet drain\n");
  }
});

test("start makes a slot that waits for its next try do that now, and leaves one that runs", (t) => {
  const host = makeFakeHost(t);
  host.unit(1, { ActiveState: "activating", SubState: "start-pre" });
  host.unit(2, UP);
  const wait = (state: object, slot: number, ms: number) =>
    host.write(
      `${host.state}/home-ci-forge-${slot}/mint.json`,
      JSON.stringify({ ...state, nextTryAt: Date.now() + ms }),
    );
  const waiting = { state: "waiting", reason: "group-missing", message: "no group", at: 1, failures: 6 };
  wait(waiting, 1, 600_000);
  host.write(`${host.state}/home-ci-forge-1/setbacks.json`, "{}");
  const ran = host.run("start", "ci");
  assert.deepEqual(
    [ran.code, ran.stdout],
    [0, "retried  home-ci-forge-1\nruns     home-ci-forge-2\n"],
    ran.stderr,
  );
  assert.deepEqual(host.told(), [`systemctl --user restart --no-block -- ${UNIT}`]);
  assert.ok(!existsSync(join(host.home, host.state, "home-ci-forge-1/setbacks.json")));
  wait(waiting, 1, 2000);
  assert.match(host.run("start", "ci").stdout, /^runs {5}home-ci-forge-1\n/);
  assert.deepEqual(host.told(), [], "it is about to try by itself, and may come to a job");
});

test("without systemd a drain says that nobody stops the slot after its job", (t) => {
  const host = makeFakeHost(t);
  const spec = host.read("fleet/fleet.yaml");
  host.write("fleet/fleet.yaml", spec.replace("run: process, runners: 2", "lifetime: persistent"));
  const inventory = host.read("fleet/hosts/forge.yaml");
  host.write("fleet/hosts/forge.yaml", inventory.replace("running: true", "running: false"));
  // The engine does not answer: there may be a job.
  const ran = host.run("drain", "ci");
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /^draining {2}home-ci-forge-1: /);
  assert.equal(
    ran.stderr,
    "after their job they stop only where `ci-fleet watchdog` runs (without systemd: from cron); --wait does it here\n",
  );
});

test("waiting for a drain gives up in time, with exit 1 and the drain in force", (t) => {
  const host = makeFakeHost(t);
  host.unit(1, HIDDEN);
  const ran = host.run("drain", "home-ci-forge-1", "--wait", "--timeout", "1s");
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /still at work: home-ci-forge-1\n$/);
  assert.deepEqual(host.told(), []);
  assert.ok(existsSync(join(host.home, host.state, "drained/home-ci-forge-1")));
});

test("a drain that is undone starts what should run", (t) => {
  const host = makeFakeHost(t);
  host.unit(2, UP);
  host.write(`${host.state}/drained/home-ci-forge-1`, "by hand\n");
  const ran = host.run("drain", "--undo", "forge");
  assert.deepEqual(host.told(), [`systemctl --user start --no-block -- ${UNIT}`]);
  assert.deepEqual([ran.code, ran.stdout], [0, "started   home-ci-forge-1\nundrained home-ci-forge-2\n"]);
  assert.ok(!existsSync(join(host.home, host.state, "drained/home-ci-forge-1")));
});

test("start starts what is down; what is drained or not installed says what to do", (t) => {
  const host = makeFakeHost(t);
  host.write(`${host.state}/drained/home-ci-forge-2`, "");
  const ran = host.run("start", "ci");
  assert.deepEqual(host.told(), [`systemctl --user start --no-block -- ${UNIT}`]);
  assert.deepEqual([ran.code, ran.stdout], [1, "started  home-ci-forge-1\n"]);
  assert.match(ran.stderr, /home-ci-forge-2 is drained: `ci-fleet drain --undo home-ci-forge-2`/);
  host.remove(`fake/units/${UNIT}`);
  assert.match(host.run("start", "home-ci-forge-1").stderr, /is not installed here/);
});

test("stop asks before it cancels a job, and a script says --yes", (t) => {
  const host = makeFakeHost(t);
  host.unit(1, UP);
  host.unit(2, HIDDEN);
  const refused = host.run("stop", "ci");
  assert.deepEqual([refused.code, refused.stdout, host.told()], [1, "", []]);
  assert.match(refused.stderr, /^home-ci-forge-2: its processes cannot be seen/);
  assert.match(refused.stderr, /nothing was stopped: --yes cancels the jobs, `ci-fleet drain --wait ci`/);
  const ran = host.run("stop", "ci", "--yes");
  assert.deepEqual(host.told(), [`systemctl --user stop -- ${UNIT} ${SECOND}`]);
  assert.deepEqual([ran.code, ran.stdout], [0, "stopped  home-ci-forge-1\nstopped  home-ci-forge-2\n"]);
  assert.match(
    ran.stderr,
    /the next pass of the watchdog starts what should always run; `ci-fleet drain ci` keeps it down\n$/,
  );
  assert.match(ran.stderr, /cancelled within two minutes/);
});

test("a manager that refuses is a failed world, with the command and the way out", (t) => {
  const host = makeFakeHost(t);
  host.write("fake/fail", "Failed to start x.service: Access denied\n");
  const ran = host.run("start", "home-ci-forge-1");
  assert.equal(ran.code, 3);
  assert.match(
    ran.stderr,
    /cannot run systemctl --user start --no-block -- home-process@.*: Failed to start x/,
  );
  assert.match(ran.stderr, /run it as root/);
});

test("a marker that cannot be written stops the drain before anything is stopped", (t) => {
  const host = makeFakeHost(t);
  host.unit(1, UP);
  host.write(`${host.state}/drained`, "a file where a folder belongs");
  const ran = host.run("drain", "ci");
  assert.equal(ran.code, 3);
  assert.deepEqual(host.told(), []);
});

test("logs are cleaned of what would move the cursor, colours of the runner among them", (t) => {
  const host = makeFakeHost(t);
  host.write(
    "fake/journal",
    "10:00 \u001b[32mListening\u001b[0m\r\nRunning job: \u001b]0;x\u0007a\u202eb\u0008\nlast",
  );
  const ran = host.run("logs", "home-ci-forge-1", "-n", "5");
  assert.deepEqual(ran, {
    code: 0,
    stdout: "10:00 Listening\nRunning job: a\ufffdb\ufffd\nlast\n",
    stderr: "",
  });
  assert.deepEqual(host.told(), [
    `journalctl --quiet --no-pager --all --output=short-iso --lines=5 --user-unit=${UNIT} --user-unit=home-mint@home-ci-forge-1.service`,
  ]);
  host.write("fake/fail", "No journal files were found.\n");
  const failed = host.run("logs", "home-ci-forge-1");
  assert.equal(failed.code, 3);
  assert.match(failed.stderr, /No journal files were found/);
});

test("an empty log and a pool with several slots are said", (t) => {
  const host = makeFakeHost(t);
  assert.match(host.run("logs", "home-ci-forge-1").stderr, /^there is nothing in the log of home-ci-forge-1/);
  const several = host.run("logs", "ci");
  assert.deepEqual(
    [several.code, several.stderr],
    [2, "error: ci has 2 slots, and logs shows one\nname one of home-ci-forge-1, home-ci-forge-2\n"],
  );
});

test("status without GitHub shows the local part; exit 1 where a slot needs a look", (t) => {
  const host = makeFakeHost(t);
  host.unit(1, UP);
  const ran = host.run("status", "--local", "--json");
  assert.equal(ran.code, 1, "the second slot should run");
  type Slot = { slot: string; here: string; github: string; reason: string };
  const document = JSON.parse(ran.stdout) as { schema: string; host: string; slots: Slot[] };
  assert.deepEqual([document.schema, document.host], ["ci-fleet/status/v1", "forge"]);
  assert.deepEqual(
    document.slots.map(({ slot, here, github, reason }) => [slot, here, github, reason]),
    [
      ["home-ci-forge-1", "starting", "unknown", "Starting"],
      ["home-ci-forge-2", "stopped", "unknown", "Stopped"],
    ],
  );
});

test("status says why GitHub is not known, and shows the rest", (t) => {
  const host = makeFakeHost(t);
  host.unit(1, UP);
  host.unit(2, UP);
  const ran = host.run("status");
  assert.equal(ran.code, 0);
  assert.match(ran.stdout, /GitHub, target default: not known: .*token/);
  assert.match(ran.stdout, /home-ci-forge-1 {2}running {2}starting {2}unknown/);
});

test("what mint wrote down is the reason that status and doctor give", (t) => {
  const host = makeFakeHost(t);
  host.unit(1, { ActiveState: "activating", SubState: "start-pre" });
  host.unit(2, UP);
  const red = {
    state: "red",
    reason: "disk-full",
    message: "/ is full",
    at: 1,
    nextTryAt: null,
    failures: 2,
  };
  host.write(`${host.state}/home-ci-forge-1/mint.json`, JSON.stringify(red));
  const status = host.run("status", "--local");
  assert.equal(status.code, 1);
  assert.match(status.stdout, /disk-full: \/ is full\n {6}→ ci-fleet doctor/);
  const doctor = host.run("doctor", "--offline", "--json");
  assert.equal(doctor.code, 1);
  type Finding = { check: string; verdict: string; found: string; why: string; fix: string | null };
  const document = JSON.parse(doctor.stdout) as { schema: string; findings: Finding[] };
  assert.equal(document.schema, "ci-fleet/doctor/v1");
  const held = document.findings.find(
    ({ check, verdict }) => check === "slots-can-start" && verdict === "error",
  );
  assert.equal(held?.found, "home-ci-forge-1 does not start (disk-full): / is full");
  const lingering = document.findings.find(({ check }) => check === "user-lingers");
  assert.notEqual(lingering, undefined);
  assert.deepEqual(host.told(), [], "doctor and status change nothing");
});

test("mistakes are told before anything is looked at", (t) => {
  const host = makeFakeHost(t);
  const cases: readonly (readonly [readonly string[], string])[] = [
    [
      ["drain"],
      "error: drain needs <what>: a slot, a pool or a host; pool:NAME or host:NAME where one name is both\n",
    ],
    [["drain", "ci", "--timeout", "5m"], "error: --timeout needs --wait\n"],
    [
      ["drain", "ci", "--wait", "--timeout", "soon"],
      'error: --timeout "soon" is no duration like 90s or 2h\n',
    ],
    [["logs", "home-ci-forge-1", "-n", "all"], 'error: --lines "all" is no number\n'],
    [["status", "--watch"], "error: --watch needs a terminal\n"],
    [["status", "--watch", "--json"], "error: --watch and --json exclude each other\n"],
  ];
  for (const [words, message] of cases) {
    assert.deepEqual(host.run(...words), { code: 2, stdout: "", stderr: message }, words.join(" "));
  }
  assert.deepEqual(host.told(), []);
});

test("status --watch paints the page again from the top, until it is interrupted", (t) => {
  if (spawnSync("script", ["--version"]).status !== 0) return t.skip("missing: script (bsdutils)");
  const host = makeFakeHost(t);
  host.unit(1, UP);
  host.unit(2, UP);
  const words = ["status", "--watch", "--local", "--user", "--host", "forge"];
  const line = [...programWords(), ...words].map((word) => `'${word}'`).join(" ");
  const ran = spawnSync("script", ["-qefc", `timeout --signal=INT 4 ${line}`, "/dev/null"], {
    cwd: join(host.home, "fleet"),
    env: host.env,
    encoding: "utf8",
    input: "",
  });
  const pages = ran.stdout.split("\u001b[H").slice(1);
  assert.ok(pages.length >= 2, ran.stdout);
  for (const page of pages) {
    assert.match(page, /^Fleet home: 2 slots, 0 with a job\u001b\[K/);
    assert.match(page, /\u001b\[J/);
  }
});
