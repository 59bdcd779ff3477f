// `ci-fleet auth` as it is typed: what is put where, what is refused and with which exit code. What GitHub says to a
// credential is in test/adapters/credentials-*.test.ts.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { AuthFinding, AuthReport } from "../../src/adapters/credentials-check.ts";
import { findObjection, judgeReport, showReport } from "../../src/cli/auth/show-report.ts";
import { makeFolder } from "../adapters/folder.ts";
import { cleanEnv, programWords } from "./run-cli.ts";

const TOKEN = "ghp_thisIsTheSecretTokenOfTheTests0001";
const SPEC = (auth: string) => `version: 1
fleet: acme
github: {url: "https://github.com/acme"${auth}}
hosts: {forge: }
pools: {ci: {lifetime: persistent}}
`;

function makeHome(t: TestContext, auth = "") {
  const home = makeFolder(t);
  mkdirSync(join(home, "repo/.git"), { recursive: true });
  writeFileSync(join(home, "repo/fleet.yaml"), SPEC(auth));
  const [command, ...first] = programWords();
  const run = (args: readonly string[], input: string) =>
    spawnSync(command, [...first, "auth", ...args], {
      cwd: join(home, "repo"),
      env: cleanEnv({ HOME: home }),
      input,
      encoding: "utf8",
    });
  return { home, run };
}

test("put writes what comes on standard input into the file of the target, closed to others", (t) => {
  const { home, run } = makeHome(t);
  const path = join(home, ".config/ci-fleet/token");
  const first = run(["put", "--user"], `${TOKEN}\n`);
  assert.deepEqual([first.status, first.stdout], [0, `written  ${path} (mode 600)\n`], first.stderr);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(path, "utf8"), `${TOKEN}\n`);
  assert.ok(!(first.stdout + first.stderr).includes(TOKEN));
  assert.ok(run(["put", "--user"], TOKEN).stdout.startsWith("replaced"));
});

test("put says what else the default folder needs, and what goes before what was put there", (t) => {
  const { home, run } = makeHome(t);
  const folder = join(home, ".config/ci-fleet");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = run(["put", "--user"], privateKey.export({ type: "pkcs1", format: "pem" }) as string);
  assert.equal(key.status, 0, key.stderr);
  assert.ok(key.stderr.startsWith(`write the client id of the App into ${folder}/app.id\n`));
  const token = run(["put", "--user"], TOKEN);
  assert.ok(token.stderr.startsWith(`${folder}/app.pem goes first: remove it to use the token\n`));
});

const refusals: readonly (readonly [string, string, string, number, RegExp])[] = [
  ["two words", "", "a b", 77, /holds more than one word/],
  ["nothing", "", "", 77, /is empty/],
  ["too much", "", "x".repeat(70_000), 3, /more than any credential/],
  [
    "a public key where an App's is wanted",
    ", auth: {app: {clientId: Iv23, privateKey: /etc/ci-fleet/app.pem}}",
    "-----BEGIN PUBLIC KEY-----",
    77,
    /not the private one/,
  ],
  [
    "anything for a broker",
    ", auth: {broker: ssh://mint@control}",
    TOKEN,
    2,
    /has no credential file on this host/,
  ],
];
for (const [name, auth, input, code, message] of refusals) {
  test(`put refuses ${name}, and writes nothing`, (t) => {
    const { home, run } = makeHome(t, auth);
    const ran = run(["put", "--user"], input);
    assert.equal(ran.status, code, ran.stderr);
    assert.match(ran.stderr, message);
    assert.ok(!existsSync(join(home, ".config/ci-fleet/token")));
  });
}

test("of several targets one has to be named, and one that exists", (t) => {
  const { home, run } = makeHome(t);
  const targets = "targets: {a: {url: https://github.com/acme}, b: {url: https://github.com/other}}\n";
  const text = SPEC("")
    .replace(/^github.*\n/m, targets)
    .replace("lifetime: persistent", "lifetime: persistent, target: a");
  writeFileSync(join(home, "repo/fleet.yaml"), text);
  const several = run(["put", "--user"], TOKEN);
  assert.deepEqual(
    [several.status, several.stderr],
    [2, "error: the fleet has several targets\nsay which with --target: a, b\n"],
  );
  const none = run(["put", "--user", "--target", "c"], TOKEN);
  assert.deepEqual([none.status, none.stderr], [2, 'error: the fleet has no target "c"\nit has a, b\n']);
});

const finding = (change: Partial<AuthFinding>): AuthFinding => ({
  what: "register runners",
  state: "ok",
  permission: "Self-hosted runners (organization): write",
  detail: "Give it that.",
  ...change,
});
const report = (...findings: readonly AuthFinding[]): AuthReport => ({
  target: "default",
  description: "the token in /etc/ci-fleet/token",
  who: "alice",
  endsAt: null,
  clockOffset: null,
  findings,
  refused: false,
});

test("the exit code of a check tells a refusal, a finding and silence apart", () => {
  const missing = finding({ state: "missing" });
  const unknown = finding({ state: "unknown" });
  assert.equal(judgeReport(report(finding({}))), 0);
  assert.equal(judgeReport(report(finding({}), unknown)), 0);
  assert.equal(judgeReport(report(finding({}), missing)), 77);
  assert.equal(judgeReport(report(finding({}), finding({ state: "missing", permission: null }))), 1);
  assert.equal(judgeReport(report(unknown)), 3);
  assert.equal(judgeReport({ ...report(), refused: true }), 77);
  assert.equal(findObjection(report(finding({}))), null);
  assert.equal(
    findObjection(report(missing)),
    "register runners (Self-hosted runners (organization): write): Give it that.",
  );
});

test("a report says who, until when, and what is missing by GitHub's own name", () => {
  const day = 86_400_000;
  const shown = showReport(
    { ...report(finding({}), finding({ state: "missing" })), endsAt: 20 * day, clockOffset: 90_000 },
    10 * day,
  );
  assert.equal(
    shown,
    `default: the token in /etc/ci-fleet/token, as alice
  it ends on 1970-01-21, in 10 days
  this machine's clock is 90 s off GitHub's
  ok       register runners
  missing  register runners (Self-hosted runners (organization): write): Give it that.
`,
  );
});
