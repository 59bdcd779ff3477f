// Every kind of credential against the fake GitHub: found, checked, renewed, refused in words.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { describeFailure, expectAnswer } from "../../src/adapters/credentials-problem.ts";
import type { GitHubAccess } from "../../src/adapters/github.ts";
import { CredentialError } from "../../src/base/credential-error.ts";
import type { HostTools, ToolResult } from "../../src/model/ports.ts";
import { startGitHubLab, TOKEN, UID } from "./github-lab.ts";

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

test("where the copy from systemd is refused, the file is looked at: it may have been replaced since", async (t) => {
  const lab = await startGitHubLab(t);
  const folder = join(lab.folder, "handed");
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, "default.token"), "ghp_ThatEndedInTheMeantimeAndIsOfNoUse0000\n", {
    mode: 0o400,
  });
  const access = await lab.open({ places: { env: { CREDENTIALS_DIRECTORY: folder } } });
  assert.equal((await list(access)).kind, "ok");
  rmSync(join(lab.folder, "token"));
  const without = await lab.open({ places: { env: { CREDENTIALS_DIRECTORY: folder } } });
  assert.match((await refusalOf(without)).message, /Bad credentials/);
});

test("a copy from systemd of a file that everyone may read is refused like the file", async (t) => {
  const lab = await startGitHubLab(t);
  const folder = join(lab.folder, "handed");
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, "default.token"), `${TOKEN}\n`, { mode: 0o400 });
  chmodSync(join(lab.folder, "token"), 0o644);
  const access = await lab.open({ places: { env: { CREDENTIALS_DIRECTORY: folder } } });
  assert.match((await refusalOf(access)).message, /open to other users/);
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

test("a symbolic link to a safe file is followed", async (t) => {
  const lab = await startGitHubLab(t);
  renameSync(join(lab.folder, "token"), join(lab.folder, "real"));
  symlinkSync("real", join(lab.folder, "token"));
  assert.equal((await list(await lab.open())).kind, "ok");
  assert.equal(typeof UID, "number");
});
