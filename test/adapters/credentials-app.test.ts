// GitHub Apps against the fake GitHub: installations, tokens that end, clocks that are wrong, keys that are none.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import type { GitHubAccess } from "../../src/adapters/github.ts";
import { openInstallations } from "../../src/adapters/installations-file.ts";
import type { AuthSpec } from "../../src/model/fleet.ts";
import { addApp, appAuth, expectOk, type GitHubLab, startGitHubLab, TOKEN } from "./github-lab.ts";

async function list(access: GitHubAccess) {
  const answer = await access.scopes[0]?.api.listRunners();
  assert.ok(answer);
  return answer;
}

async function refusalOf(
  access: GitHubAccess,
): Promise<{ readonly message: string; readonly help: string | null }> {
  const answer = await list(access);
  if (answer.kind !== "refused") assert.fail(`not refused: ${JSON.stringify(answer)}`);
  return { message: answer.message, help: answer.help };
}

const mints = (lab: GitHubLab) =>
  lab.state.requests.filter(({ path, status }) => path.endsWith("/access_tokens") && status === 201).length;

async function startApp(
  t: TestContext,
  account = "acme",
  write = true,
): Promise<GitHubLab & { pem: string }> {
  const lab = await startGitHubLab(t);
  return { ...lab, ...addApp(lab, account, write) };
}

test("an App finds its installation for an organization, a repository and a user", async (t) => {
  for (const scope of [
    { kind: "organization", owner: "acme" },
    { kind: "repository", owner: "acme", repo: "app" },
    { kind: "repositories", owner: "acme", repos: ["app"] },
  ] as const) {
    const lab = await startApp(t);
    const access = await lab.open({ target: lab.target(scope, appAuth(lab)) });
    const answer = await list(access);
    assert.equal(answer.kind, "ok", JSON.stringify(answer));
    await list(access);
    assert.equal(mints(lab), 1);
  }
});

test("an App's token is replaced when less than ten minutes are left", async (t) => {
  const lab = await startApp(t);
  let now = Date.now();
  const clock = { now: () => now, monotonic: () => now };
  const ports = { clock, sleep: async () => undefined, random: () => 0.5 };
  const access = await lab.open({ target: lab.target(undefined, appAuth(lab)), options: { ports } });
  await list(access);
  const forward = (minutes: number): void => {
    now += minutes * 60_000;
    lab.state.offset += minutes * 60_000;
  };
  forward(49);
  await list(access);
  assert.equal(mints(lab), 1);
  forward(2);
  assert.equal((await list(access)).kind, "ok");
  assert.equal(mints(lab), 2);
});

test("a token that ended in the middle of a pass is minted anew, once", async (t) => {
  const lab = await startApp(t);
  const access = await lab.open({ target: lab.target(undefined, appAuth(lab)) });
  await list(access);
  for (const credential of lab.state.credentials.values()) {
    if (credential.kind === "installation") credential.expiresAt = 0;
  }
  const before = lab.state.requests.length;
  const created = await access.scopes[0]?.api.createRegistrationToken();
  assert.equal(created?.kind, "ok");
  assert.equal(mints(lab), 2);
  assert.equal(created.meta.sent, lab.state.requests.length - before, "with what the new token cost");
});

test("callers side by side share one new token", async (t) => {
  const lab = await startApp(t);
  const access = await lab.open({ target: lab.target(undefined, appAuth(lab)) });
  const answers = await Promise.all([list(access), list(access), list(access)]);
  assert.ok(answers.every(({ kind }) => kind === "ok"));
  assert.equal(mints(lab), 1);
  const sent = answers.reduce((sum, { meta }) => sum + meta.sent, 0);
  assert.equal(sent, lab.state.requests.length, "what a token costs is counted, once");
});

for (const [name, offset] of [
  ["five minutes behind", 300_000],
  ["half an hour ahead", -1_800_000],
] as const) {
  test(`a clock ${name} of GitHub's signs with GitHub's time`, async (t) => {
    const lab = await startApp(t);
    lab.state.offset = offset;
    const access = await lab.open({ target: lab.target(undefined, appAuth(lab)) });
    const answer = await list(access);
    assert.equal(answer.kind, "ok", JSON.stringify(answer));
    assert.ok(Math.abs((answer.meta.clockOffset ?? 0) - offset) < 3000);
    await list(access);
    assert.equal(mints(lab), 1);
  });
}

test("a wrong App id, a missing installation, a foreign key and a suspended installation differ in words", async (t) => {
  const lab = await startApp(t);
  const pem = join(lab.folder, "app.pem");
  const open = async (auth: AuthSpec, owner = "acme") =>
    refusalOf(await lab.open({ target: lab.target({ kind: "organization", owner }, auth) }));
  const wrong = await open({ kind: "app", clientId: "Iv23wrong", privateKey: pem });
  assert.match(wrong.message, /no GitHub App Iv23wrong/);
  assert.match(wrong.help ?? "", /^Compare the client id in the spec/);
  const elsewhere = await open(appAuth(lab), "other");
  assert.match(elsewhere.message, /is not installed on other/);
  assert.match(elsewhere.help ?? "", /^Install the App on other/);
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  writeFileSync(pem, other.export({ type: "pkcs8", format: "pem" }));
  assert.match((await open(appAuth(lab))).help ?? "", /Compare the client id in the spec with the key/);
  writeFileSync(pem, lab.pem);
  lab.state.apps[0]?.installations.set(501, { account: "acme", write: true, suspended: true });
  assert.match((await open(appAuth(lab))).message, /suspended/);
});

test("where the key's copy from systemd is refused, the file is looked at: it may have been replaced since", async (t) => {
  const lab = await startApp(t);
  const folder = join(lab.folder, "handed");
  mkdirSync(folder, { mode: 0o700 });
  const old = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  writeFileSync(join(folder, "default.pem"), old.export({ type: "pkcs1", format: "pem" }), { mode: 0o400 });
  const places = { env: { CREDENTIALS_DIRECTORY: folder } };
  const open = () => lab.open({ target: lab.target(undefined, appAuth(lab)), places });
  assert.equal((await list(await open())).kind, "ok");
  lab.state.requests.length = 0;
  writeFileSync(join(lab.folder, "app.pem"), old.export({ type: "pkcs1", format: "pem" }));
  assert.match((await refusalOf(await open())).help ?? "", /Compare the client id in the spec with the key/);
  assert.equal(lab.state.requests.length, 1, "the same key is not tried twice");
});

test("an installation that was made anew is found by its new id", async (t) => {
  const lab = await startApp(t);
  const access = await lab.open({ target: lab.target(undefined, appAuth(lab)) });
  await list(access);
  const installations = lab.state.apps[0]?.installations;
  installations?.delete(501);
  installations?.set(777, { account: "acme", write: true });
  for (const [token, credential] of lab.state.credentials) {
    if (credential.kind === "installation") lab.state.credentials.delete(token);
  }
  assert.equal((await list(access)).kind, "ok");
});

test("a key that is none is told apart without being shown", async (t) => {
  const lab = await startApp(t);
  const pem = join(lab.folder, "app.pem");
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const curve = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /is empty/],
    [TOKEN, /no key in PEM/],
    [publicKey.export({ type: "spki", format: "pem" }) as string, /public key/],
    [curve.export({ type: "pkcs8", format: "pem" }) as string, /not RSA/],
    [lab.pem.slice(0, 500), /cut off/],
    ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", /certificate/],
  ];
  for (const [text, expected] of cases) {
    writeFileSync(pem, text);
    const { message } = await refusalOf(await lab.open({ target: lab.target(undefined, appAuth(lab)) }));
    assert.match(message, expected);
    assert.ok(text === "" || !message.includes(text.slice(0, 60)));
  }
});

test("GitHub being down while a token is minted says nothing about the credential", async (t) => {
  const lab = await startApp(t);
  lab.fail("502", /access_tokens/);
  const answer = await list(await lab.open({ target: lab.target(undefined, appAuth(lab)) }));
  assert.equal(answer.kind, "unknown");
});

test("an enterprise refuses Apps before anyone is asked", async (t) => {
  const lab = await startApp(t);
  const target = lab.target({ kind: "enterprise", slug: "big" }, appAuth(lab));
  const { message, help } = await refusalOf(await lab.open({ target }));
  assert.match(message, /enterprise/);
  assert.match(help ?? "", /manage_runners:enterprise/);
  assert.equal(lab.state.requests.length, 0);
});

test("where nothing was written an App goes before a token, and a missing id is said", async (t) => {
  const lab = await startApp(t);
  const target = lab.target(undefined, { kind: "search", folder: lab.folder });
  assert.match((await refusalOf(await lab.open({ target }))).message, /there is no .*app\.id/);
  writeFileSync(join(lab.folder, "app.id"), "Iv23liTEST\n", { mode: 0o644 });
  const access = await lab.open({ target });
  assert.equal(access.credential.kind, "app");
  assert.equal((await list(access)).kind, "ok");
  rmSync(join(lab.folder, "app.pem"));
  assert.equal((await lab.open({ target })).credential.kind, "token");
  rmSync(join(lab.folder, "token"));
  const { message, help } = await refusalOf(await lab.open({ target }));
  assert.match(message, /neither app\.pem with app\.id, nor token/);
  assert.match(help ?? "", /auth put/);
});

test("no credential shows in anything that was opened", async (t) => {
  const lab = await startApp(t);
  const access = await lab.open({ target: lab.target(undefined, appAuth(lab)) });
  expectOk(await list(access));
  const token = expectOk(await access.credential.source.token(false));
  const shown = [access, token, { token }].map(
    (each) => `${inspect(each, { depth: 9, showHidden: true })}${JSON.stringify(each)}`,
  );
  for (const text of shown) {
    assert.ok(!text.includes(token.reveal()));
    assert.ok(!text.includes(lab.pem.slice(40, 90)));
  }
  assert.ok(![...lab.cache.values()].some((each) => JSON.stringify(each).includes(token.reveal())));
});

test("a number that an earlier process found saves a request, and one that is no longer right is looked up", async (t) => {
  const lab = await startApp(t);
  const path = join(lab.folder, "installations.json");
  const target = lab.target(undefined, appAuth(lab));
  const open = () => lab.open({ target, places: { installations: openInstallations(path) } });
  const lookUps = () => lab.state.requests.filter(({ path: each }) => each.endsWith("/installation")).length;
  expectOk(await list(await open()));
  expectOk(await list(await open()));
  assert.equal(lookUps(), 1);
  const installations = lab.state.apps[0]?.installations;
  installations?.delete(501);
  installations?.set(777, { account: "acme", write: true });
  expectOk(await list(await open()));
  assert.equal(lookUps(), 2);
  assert.match(readFileSync(path, "utf8"), /":777}/);
  writeFileSync(path, "not JSON");
  expectOk(await list(await open()));
  writeFileSync(path, '{"x":"y"}');
  expectOk(await list(await open()));
});

test("a folder that cannot be written costs the saving and nothing else", async (t) => {
  const lab = await startApp(t);
  const installations = openInstallations(join(lab.folder, "none/installations.json"));
  const target = lab.target(undefined, appAuth(lab));
  expectOk(await list(await lab.open({ target, places: { installations } })));
});
