// `auth check`: who, what, and what is missing, for each kind of credential.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type AuthNeeds, type AuthReport, checkCredential } from "../../src/adapters/credentials-check.ts";
import { Secret } from "../../src/base/secret.ts";
import type { FakeCredential } from "../github/state.ts";
import { addApp, appAuth, startGitHubLab, TOKEN } from "./github-lab.ts";

const ALL: AuthNeeds = { register: true, readJobs: true, groups: ["ci"], proveWrite: false };

const summary = ({ findings }: AuthReport) =>
  findings.map(({ what, state, permission }) => [what, state, permission]);

const RUNNERS = "Self-hosted runners (organization)";

test("a classic token is judged by its scopes", async (t) => {
  const lab = await startGitHubLab(t);
  lab.state.addGroup("orgs/acme", "ci");
  lab.state.addJob({ repository: "acme/app", labels: ["gpu"] });
  const report = await checkCredential(await lab.open(), ALL);
  assert.equal(report.who, "octo");
  assert.equal(report.refused, false);
  assert.deepEqual(summary(report), [
    ["see the runners of https://github.com/acme", "ok", "scope admin:org"],
    ["register runners of https://github.com/acme", "ok", "scope admin:org"],
    ["find the runner group ci", "ok", "scope admin:org"],
    ["read the jobs of acme/app", "ok", "Actions (repository): read"],
  ]);
  assert.ok(lab.state.requests.every(({ method }) => method === "GET"));
});

test("a classic token without scopes, a missing group and an end are told", async (t) => {
  const lab = await startGitHubLab(t);
  const credential = lab.state.credentials.get(TOKEN) as FakeCredential;
  const expiresAt = Math.floor(Date.now() / 1000) * 1000 + 86_400_000;
  lab.state.credentials.set(TOKEN, { ...credential, write: false, actionsRead: false, expiresAt });
  lab.state.addJob({ repository: "acme/app", labels: ["gpu"] });
  const report = await checkCredential(await lab.open(), ALL);
  assert.equal(report.endsAt, expiresAt);
  assert.deepEqual(summary(report), [
    ["see the runners of https://github.com/acme", "ok", "scope admin:org"],
    ["register runners of https://github.com/acme", "missing", "scope admin:org"],
    ["find the runner group ci", "missing", null],
    ["read the jobs of acme/app", "missing", "Actions (repository): read"],
  ]);
});

test("a fine-grained token cannot be judged by reading; asking for a token proves it", async (t) => {
  const lab = await startGitHubLab(t);
  const credential = lab.state.credentials.get(TOKEN) as FakeCredential;
  lab.state.credentials.set(TOKEN, { ...credential, kind: "fine-grained", write: false });
  const needs = { ...ALL, groups: [], readJobs: false };
  const report = await checkCredential(await lab.open(), needs);
  assert.deepEqual(summary(report)[1], [
    "register runners of https://github.com/acme",
    "unknown",
    `${RUNNERS}: write`,
  ]);
  const proved = await checkCredential(await lab.open(), { ...needs, proveWrite: true });
  assert.deepEqual(summary(proved)[1], [
    "register runners of https://github.com/acme",
    "missing",
    `${RUNNERS}: write`,
  ]);
});

test("an App is judged by the permissions of its installation", async (t) => {
  for (const write of [true, false]) {
    const lab = await startGitHubLab(t);
    addApp(lab, "acme", write);
    const access = await lab.open({ target: lab.target(undefined, appAuth(lab)) });
    const report = await checkCredential(access, { ...ALL, groups: [], readJobs: false });
    assert.equal(report.who, "App ci-fleet-app");
    assert.equal(summary(report)[1]?.[1], write ? "ok" : "missing");
  }
});

test("repositories ask for another permission, each by itself", async (t) => {
  const lab = await startGitHubLab(t);
  addApp(lab, "alice");
  const scope = { kind: "repositories", owner: "alice", repos: ["app", "lib"] } as const;
  const access = await lab.open({ target: lab.target(scope, appAuth(lab)) });
  const report = await checkCredential(access, { ...ALL, readJobs: false });
  assert.deepEqual(
    summary(report).map(([what, state, permission]) => `${what}: ${state}, ${permission}`),
    ["app", "lib"].flatMap((name) => [
      `see the runners of https://github.com/alice/${name}: ok, Administration (repository): read`,
      `register runners of https://github.com/alice/${name}: ok, Administration (repository): write`,
    ]),
  );
});

test("a credential that GitHub refuses, and one that is not there, end the check", async (t) => {
  const lab = await startGitHubLab(t);
  const bad = await checkCredential(await lab.open({ secret: new Secret("ghp_bad") }), ALL);
  assert.deepEqual([bad.refused, bad.who, bad.findings[0]?.state], [true, null, "missing"]);
  assert.match(bad.findings[0]?.detail ?? "", /^Bad credentials\. Put a valid credential/);
  rmSync(join(lab.folder, "token"));
  const none = await checkCredential(await lab.open(), ALL);
  assert.equal(none.refused, true);
  assert.match(none.findings[0]?.detail ?? "", /there is no .*token\. Put it there/);
});

test("a new credential is tried without touching the one in place", async (t) => {
  const lab = await startGitHubLab(t);
  const { pem } = addApp(lab);
  rmSync(join(lab.folder, "app.pem"));
  const target = lab.target(undefined, appAuth(lab));
  const report = await checkCredential(await lab.open({ target, secret: new Secret(pem) }), {
    ...ALL,
    groups: [],
    readJobs: false,
  });
  assert.deepEqual([report.refused, report.who], [false, "App ci-fleet-app"]);
});

test("GitHub being down is no verdict", async (t) => {
  const lab = await startGitHubLab(t);
  lab.fail("502", /./);
  const report = await checkCredential(await lab.open(), ALL);
  assert.equal(report.refused, false);
  assert.ok(report.findings.every(({ state }) => state === "unknown"));
});

test("an App that does not exist is not advised to be installed", async (t) => {
  const lab = await startGitHubLab(t);
  addApp(lab);
  const wrong = { kind: "app", clientId: "Iv23wrong", privateKey: join(lab.folder, "app.pem") } as const;
  const report = await checkCredential(await lab.open({ target: lab.target(undefined, wrong) }), ALL);
  assert.equal(report.refused, true);
  assert.match(report.findings[0]?.detail ?? "", /^there is no GitHub App Iv23wrong\. Compare the client id/);
});

test("where nobody was reached, nothing is said of the kind of token", async (t) => {
  const lab = await startGitHubLab(t);
  lab.fail("reset", /./);
  const report = await checkCredential(await lab.open(), { ...ALL, groups: [], readJobs: false });
  assert.deepEqual(
    report.findings.map(({ state }) => state),
    ["unknown", "unknown"],
  );
  for (const { detail } of report.findings) assert.match(detail, /^GET \S+: /);
});

test("a fine-grained token of an enterprise is told that it can never do", async (t) => {
  const lab = await startGitHubLab(t);
  const credential = lab.state.credentials.get(TOKEN) as FakeCredential;
  lab.state.credentials.set(TOKEN, { ...credential, kind: "fine-grained" });
  const target = lab.target({ kind: "enterprise", slug: "big" });
  const report = await checkCredential(await lab.open({ target }), { ...ALL, groups: [], readJobs: false });
  assert.deepEqual(summary(report), [
    ["see the runners of https://github.com/enterprises/big", "missing", "scope manage_runners:enterprise"],
  ]);
  assert.match(report.findings[0]?.detail ?? "", /takes classic tokens only/);
  assert.doesNotMatch(report.findings[0]?.detail ?? "", /auth check/);
});
