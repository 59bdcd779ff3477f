// Every kind of credential against the fake GitHub: found, checked, renewed, refused in words.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import { describeFailure, expectAnswer } from "../../src/adapters/credentials-problem.ts";
import type { GitHubAccess } from "../../src/adapters/github.ts";
import { CredentialError } from "../../src/base/credential-error.ts";
import type { AuthSpec } from "../../src/model/fleet.ts";
import type { HostTools, ToolResult } from "../../src/model/ports.ts";
import { addApp, appAuth, expectOk, type GitHubLab, startGitHubLab, TOKEN, UID } from "./github-lab.ts";

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

test("a token file is read, and read again when GitHub refuses the token", async (t) => {
  const lab = await startGitHubLab(t);
  const access = await lab.open();
  assert.equal((await list(access)).kind, "ok");
  const credential = lab.state.credentials.get(TOKEN);
  assert.ok(credential);
  lab.state.credentials.delete(TOKEN);
  lab.state.credentials.set("ghp_theNextOne", credential);
  const refused = await list(access);
  assert.ok(refused.kind === "refused" && refused.status === 401);
  assert.match(refused.help ?? "", /auth put/);
  writeFileSync(join(lab.folder, "token"), "ghp_theNextOne\n");
  assert.equal((await list(access)).kind, "ok");
});

test("an expired token is a refused credential with exit code 77's error", async (t) => {
  const lab = await startGitHubLab(t);
  const credential = lab.state.credentials.get(TOKEN);
  assert.ok(credential);
  credential.expiresAt = Date.now() - 1000;
  const answer = await list(await lab.open());
  assert.throws(() => expectAnswer("list the runners", answer), CredentialError);
  assert.match(
    String((answer.kind === "refused" && describeFailure("list the runners", answer).message) || ""),
    /^cannot list the runners: Bad credentials, GET http.* answered 401$/,
  );
});

test("a token without permission names what is missing", async (t) => {
  const lab = await startGitHubLab(t);
  lab.state.credentials.set(TOKEN, {
    kind: "fine-grained",
    scopes: ["*"],
    write: false,
    actionsRead: true,
    expiresAt: null,
  });
  const answer = await (await lab.open()).scopes[0]?.api.createRegistrationToken();
  assert.ok(answer?.kind === "refused");
  const error = describeFailure("register acme-ci-forge-1", answer);
  assert.ok(error instanceof CredentialError);
  assert.equal(error.missing, "Self-hosted runners (organization): write");
  assert.match(error.message, /missing permission: Self-hosted runners \(organization\): write$/);
});

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
  const created = await access.scopes[0]?.api.createRegistrationToken();
  assert.equal(created?.kind, "ok");
  assert.equal(mints(lab), 2);
});

test("callers side by side share one new token", async (t) => {
  const lab = await startApp(t);
  const access = await lab.open({ target: lab.target(undefined, appAuth(lab)) });
  const answers = await Promise.all([list(access), list(access), list(access)]);
  assert.ok(answers.every(({ kind }) => kind === "ok"));
  assert.equal(mints(lab), 1);
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
  assert.match(
    (await open({ kind: "app", clientId: "Iv23wrong", privateKey: pem })).message,
    /no GitHub App Iv23wrong/,
  );
  assert.match((await open(appAuth(lab), "other")).message, /is not installed on other/);
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  writeFileSync(pem, other.export({ type: "pkcs8", format: "pem" }));
  assert.match((await open(appAuth(lab))).help ?? "", /Compare the client id in the spec with the key/);
  writeFileSync(pem, lab.pem);
  lab.state.apps[0]?.installations.set(501, { account: "acme", write: true, suspended: true });
  assert.match((await open(appAuth(lab))).message, /suspended/);
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

test("what systemd handed over goes first, and a blank copy leads to the file itself", async (t) => {
  const lab = await startGitHubLab(t);
  const folder = join(lab.folder, "handed");
  mkdirSync(folder, { mode: 0o700 });
  const places = { env: { CREDENTIALS_DIRECTORY: folder, CI_FLEET_TOKEN: "ghp_not_this_one" } };
  writeFileSync(join(lab.folder, "token"), "ghp_wrong\n");
  writeFileSync(join(folder, "default.token"), `${TOKEN}\n`, { mode: 0o440 });
  assert.equal((await list(await lab.open({ places }))).kind, "ok");
  renameSync(join(folder, "default.token"), join(lab.folder, "token"));
  chmodSync(join(lab.folder, "token"), 0o600);
  writeFileSync(join(folder, "default.token"), "\n", { mode: 0o400 });
  assert.equal((await list(await lab.open({ places }))).kind, "ok");
});

test("a variable of the environment is used with a warning", async (t) => {
  const lab = await startGitHubLab(t);
  rmSync(join(lab.folder, "token"));
  for (const env of [{ CI_FLEET_TOKEN: TOKEN }, { CI_FLEET_TOKEN_DEFAULT: TOKEN, CI_FLEET_TOKEN: "no" }]) {
    const access = await lab.open({ places: { env } });
    assert.equal((await list(access)).kind, "ok");
    assert.equal(access.credential.warnings.length, 1);
    assert.ok(!inspect(access.credential, { depth: 9, showHidden: true }).includes(TOKEN));
  }
  const odd = await lab.open({ places: { env: { CI_FLEET_TOKEN: "two words" } } });
  assert.match((await refusalOf(odd)).message, /holds more than one word/);
});

test("a user's install looks below the user's own folder", async (t) => {
  const lab = await startGitHubLab(t);
  const target = lab.target(undefined, { kind: "token", file: "/etc/ci-fleet/token" });
  assert.equal((await list(await lab.open({ target, places: { userFolder: lab.folder } }))).kind, "ok");
});

test("a broker's host is told that it holds nothing", async (t) => {
  const lab = await startGitHubLab(t);
  const auth = {
    kind: "broker",
    url: "ssh://mint@control",
    user: "mint",
    host: "control",
    port: null,
  } as const;
  const access = await lab.open({ target: lab.target(undefined, auth) });
  assert.equal(access.credential.kind, "broker");
  assert.match((await refusalOf(access)).message, /come from the broker/);
});

function toolsOf(answers: Readonly<Record<string, ToolResult>>): HostTools & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    run: async (command, args) => {
      asked.push([command, ...args].join(" "));
      return answers[command] ?? { kind: "missing" };
    },
  };
}

const ran = (stdout: string, exitCode = 0): ToolResult => ({ kind: "ran", exitCode, stdout, stderr: "" });

test("root asks a user's GitHub CLI as that user, with nothing of its own around", async (t) => {
  const lab = await startGitHubLab(t);
  const target = lab.target(undefined, { kind: "gh", user: "alice" });
  const getent = ran("alice:x:1000:1000:Alice:/home/alice:/bin/bash\n");
  const tools = toolsOf({ getent, runuser: ran(`${TOKEN}\n`) });
  const access = await lab.open({ target, places: { uid: 0, tools } });
  assert.equal((await list(access)).kind, "ok");
  assert.deepEqual(tools.asked, [
    "getent passwd alice",
    "runuser -u alice -- env -i HOME=/home/alice USER=alice PATH=/usr/local/bin:/usr/bin:/bin:/home/linuxbrew/.linuxbrew/bin:/snap/bin LC_ALL=C NO_COLOR=1 gh auth token --hostname github.com",
  ]);
});

test("a GitHub CLI that has nothing to give says why", async (t) => {
  const lab = await startGitHubLab(t);
  const target = lab.target(undefined, { kind: "gh", user: "alice" });
  const getent = ran("alice:x:1000:1000::/home/alice:/bin/sh\n");
  const cases: readonly (readonly [Readonly<Record<string, ToolResult>>, number, RegExp])[] = [
    [{ getent: ran("", 2) }, 0, /no user alice/],
    [{ getent }, 1001, /only root and alice/],
    [{ getent, runuser: ran("", 127) }, 0, /gh\) is not installed/],
    [{ getent, runuser: ran("no oauth token\n", 1) }, 0, /has no token for github\.com/],
    [{ getent, env: ran("", 1) }, 1000, /has no token for github\.com/],
  ];
  for (const [answers, uid, expected] of cases) {
    const access = await lab.open({ target, places: { uid, tools: toolsOf(answers) } });
    assert.match((await refusalOf(access)).message, expected);
  }
  const slow = toolsOf({ getent, runuser: { kind: "timeout", afterMs: 15_000 } });
  const answer = await list(await lab.open({ target, places: { uid: 0, tools: slow } }));
  assert.equal(answer.kind, "unknown");
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

test("a symbolic link to a safe file is followed", async (t) => {
  const lab = await startGitHubLab(t);
  renameSync(join(lab.folder, "token"), join(lab.folder, "real"));
  symlinkSync("real", join(lab.folder, "token"));
  assert.equal((await list(await lab.open())).kind, "ok");
  assert.equal(typeof UID, "number");
});
