// `ci-fleet apply` as people meet it, on a machine that is no host of a fleet: what it refuses, and that it says why.

import assert from "node:assert/strict";
import { appendFileSync, chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "../adapters/folder.ts";
import { copyFleet, runCli } from "../cli/run-cli.ts";

test("a machine that is no host of the fleet is told which there are", (t) => {
  const ran = runCli(["apply", "--dry-run", "--host", "frge"], { cwd: copyFleet(t) });
  assert.equal(ran.code, 2);
  assert.equal(ran.stdout, "");
  assert.match(ran.stderr, /the fleet has no host "frge"; did you mean forge\?/);
});

test("what is rendered must be what the spec renders to, unless that is passed over", (t) => {
  const folder = copyFleet(t);
  const apply = (...words: readonly string[]) =>
    runCli(["apply", "--dry-run", "--host", "forge", ...words], { cwd: folder });
  assert.doesNotMatch(apply().stderr, /renders to/, "nothing is rendered yet: the spec is all there is");
  assert.equal(runCli(["render"], { cwd: folder }).code, 0);
  assert.doesNotMatch(apply().stderr, /renders to/);
  const spec = join(folder, "fleet.yaml");
  appendFileSync(spec, "# a comment changes nothing\n");
  assert.doesNotMatch(apply().stderr, /renders to/);
  appendFileSync(spec, "watchdog: {every: 5m}\n");
  const stale = apply();
  assert.notEqual(stale.code, 0);
  assert.equal(stale.stdout, "", "nothing is planned from files that nobody has seen");
  assert.match(
    stale.stderr,
    /rendered\/hosts\/forge is not what fleet\.yaml renders to .*: \d+ of its files differ/,
  );
  assert.match(stale.stderr, /ci-fleet render --diff/);
  assert.match(apply("--from-spec").stdout, /systemctl daemon-reload/);
});

test("errors in the spec end it before the host is looked at", (t) => {
  const folder = copyFleet(t);
  writeFileSync(join(folder, "fleet.yaml"), "version: 1\n");
  const ran = runCli(["apply", "--host", "forge"], { cwd: folder });
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /nothing is applied while there are errors\n$/);
});

test("a dry run prints commands for people or JSON for programs, and says what stands in the way", (t) => {
  const folder = copyFleet(t);
  const words = ["apply", "--dry-run", "--host", "forge", "--json"];
  const ran = runCli(words, { cwd: folder });
  const document = JSON.parse(ran.stdout) as Record<string, unknown>;
  assert.equal(document.schema, "ci-fleet/apply/v1");
  assert.equal(document.applied, false);
  assert.ok((document.steps as { step: string }[]).some(({ step }) => step === "systemctl daemon-reload"));
  // Run from source it never has a program for the units.
  assert.match(JSON.stringify(document.refusals), /runs from source/);
  const kinds = (document.refusals as { kind: string }[]).map(({ kind }) => kind);
  assert.equal(ran.code, kinds.includes("world") ? 3 : 1);
});

test("where the spec names no credential, either file of the default folder will do, closed to others", (t) => {
  const folder = copyFleet(t);
  const spec = join(folder, "fleet.yaml");
  writeFileSync(spec, readFileSync(spec, "utf8").replace(/^ {2}auth: .*\n/m, ""));
  const home = makeFolder(t);
  const dryRun = () =>
    runCli(["apply", "--dry-run", "--user", "--host", "forge"], {
      cwd: folder,
      env: { HOME: home, XDG_CONFIG_HOME: join(home, "config") },
    }).stderr;
  const path = join(home, "config/ci-fleet");
  assert.ok(
    dryRun().includes(
      `${path}/token, the credential of target default, or app.pem in its place, is not there\n`,
    ),
  );
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "app.pem"), "x", { mode: 0o600 });
  assert.doesNotMatch(dryRun(), /credential/);
  chmodSync(join(path, "app.pem"), 0o644);
  assert.match(dryRun(), /is not used: \S+app\.pem is open to other users \(mode 0644\)\n.*chmod 600/);
});

test("--remove needs no spec, but something that is installed", (t) => {
  const folder = makeFolder(t);
  const env = { HOME: folder, XDG_CONFIG_HOME: join(folder, "config") };
  const none = runCli(["apply", "--remove", "--user", "-C", folder], { env });
  assert.equal(none.code, 2);
  assert.match(none.stderr, /no fleet is installed in .*config\/ci-fleet/);
  const both = runCli(["apply", "--remove", "--from-spec"], { cwd: folder });
  assert.equal(both.code, 2);
  rmSync(folder, { recursive: true, force: true });
});
