// `ci-fleet watchdog` as it is typed, on a user's install with stand-ins for the tools and without a credential.

import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { takeFileLock } from "../../src/adapters/file-lock.ts";
import { HIDDEN, makeFakeHost } from "./fake-host.ts";

const UNIT = "home-process@home-ci-forge-1.service";

function listNames(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

test("a slot that should run is started without GitHub's word; a refused credential is exit 77", (t) => {
  const host = makeFakeHost(t);
  host.unit(2, HIDDEN);
  const ran = host.run("watchdog");
  assert.equal(ran.code, 77, ran.stderr);
  assert.deepEqual(host.told(), [`systemctl --user start --no-block -- ${UNIT}`]);
  const [first, second, third] = ran.stdout.split("\n");
  assert.equal(first, "start        home-ci-forge-1  DeadSlot: its unit is inactive; it should always run");
  assert.equal(second, "             done: started");
  assert.match(third ?? "", /^unknown {6}home-ci-forge-2 {2}LocalUnknown: /);
  assert.match(
    ran.stdout,
    /notice {7}CredentialRefused: https:\/\/github\.com\/acme: .*; `ci-fleet auth check`$/m,
  );
});

test("every change is in the audit log with its evidence, closed to others, and memory beside it", (t) => {
  const host = makeFakeHost(t);
  host.run("watchdog");
  const folder = join(host.home, host.state);
  assert.deepEqual(listNames(folder), [
    ".fleet.lock",
    ".watchdog.lock",
    "watchdog.answers.json",
    "watchdog.audit.jsonl",
    "watchdog.counts.json",
    "watchdog.json",
  ]);
  for (const name of listNames(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  const [line] = host.read(`${host.state}/watchdog.audit.jsonl`).split("\n");
  const { at, ...entry } = JSON.parse(line ?? "") as Record<string, unknown>;
  assert.match(String(at), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(entry, {
    subject: "home-ci-forge-1",
    slot: "home-ci-forge-1",
    pool: "ci",
    verdict: "act",
    reason: "DeadSlot",
    evidence: ["its unit is inactive", "it should always run"],
    action: "start",
    result: "done",
    steps: ["started"],
  });
});

test("a second pass does not start again what was started just now", (t) => {
  const host = makeFakeHost(t);
  host.run("watchdog");
  host.told();
  const ran = host.run("watchdog");
  assert.deepEqual(host.told(), []);
  assert.match(ran.stdout, /^wait {9}home-ci-forge-1 {2}StartedJustNow: its unit is inactive$/m);
});

test("--dry-run decides the same, does nothing and writes nothing", (t) => {
  const host = makeFakeHost(t);
  const ran = host.run("watchdog", "--dry-run");
  assert.match(ran.stdout, /^would start {2}home-ci-forge-1 {2}DeadSlot: /);
  assert.deepEqual(host.told(), []);
  assert.deepEqual(listNames(join(host.home, host.state)), []);
});

test("--json is one document with every decision", (t) => {
  const host = makeFakeHost(t);
  const document = JSON.parse(host.run("watchdog", "--json", "--dry-run").stdout) as {
    readonly schema: string;
    readonly dryRun: boolean;
    readonly decisions: readonly { readonly slot: string; readonly reason: string }[];
  };
  assert.deepEqual([document.schema, document.dryRun], ["ci-fleet/watchdog/v1", true]);
  assert.deepEqual(
    document.decisions.map(({ slot, reason }) => `${slot} ${reason}`),
    ["home-ci-forge-1 DeadSlot", "home-ci-forge-2 DeadSlot"],
  );
});

test("before an apply there is nothing to look after, and it says so", (t) => {
  const host = makeFakeHost(t);
  for (const slot of [1, 2]) host.remove(`fake/units/home-process@home-ci-forge-${slot}.service`);
  const { stdout } = host.run("watchdog");
  const text = "home-ci-forge-1 and 1 more are not installed on this host; `ci-fleet apply`";
  assert.ok(stdout.includes(`notice       NotInstalled: ${text}\n`), stdout);
});

test("where nothing can be remembered nothing is begun", (t) => {
  const host = makeFakeHost(t);
  host.write(".local/state/ci-fleet", "in the way\n");
  const ran = host.run("watchdog");
  assert.equal(ran.code, 3);
  assert.match(ran.stderr, /cannot keep the watchdog's memory in \S+\/ci-fleet\/home: /);
  assert.deepEqual([ran.stdout, host.told()], ["", []]);
});

test("while another pass or an apply is at work nothing is done, with exit 75", async (t) => {
  const host = makeFakeHost(t);
  host.write(".local/state/ci-fleet/home/.keep", "");
  const lock = await takeFileLock(join(host.home, ".local/state/ci-fleet/home/.fleet.lock"), {
    forMs: 0,
    onWait: () => undefined,
  });
  assert.notEqual(lock, null);
  const ran = host.run("watchdog");
  await lock?.release();
  assert.deepEqual([ran.code, ran.stdout], [75, ""]);
  assert.deepEqual(host.told(), []);
});

test("a drained slot is not started, and without the filter of architectures there is a warning", (t) => {
  const host = makeFakeHost(t);
  for (const slot of [1, 2]) host.write(`${host.state}/drained/home-ci-forge-${slot}`, "by hand\n");
  const ran = host.run("watchdog", "--no-arch-filter");
  assert.deepEqual(host.told(), []);
  assert.match(ran.stderr, /^warning: slots may be started for jobs of another architecture/);
  assert.match(ran.stdout, /2 of 2 left as they are/);
});
