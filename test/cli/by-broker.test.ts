// Commands on a host that holds no credential, as they are typed there: `ssh` is a script that runs the forced command
// of the broker's side, which asks a GitHub that keeps to its own description.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeFolder } from "../adapters/folder.ts";
import { serveFakeGitHub } from "../github/serve.ts";
import { FakeState } from "../github/state.ts";
import { programWords, type Ran, startCli } from "./run-cli.ts";

const specOf = (auth: string, url: string): string => `version: 1
fleet: home
targets:
  default: {url: https://github.com/acme, apiUrl: "${url}", auth: ${auth}}
  other: {url: https://github.com/other, apiUrl: "${url}", auth: {token: /etc/ci-fleet/only-on-the-host}}
hosts: {forge: , spark: }
pools:
  ci: {run: process, limits: {cpus: 1, memory: 1GiB}}
  more: {run: process, target: other, limits: {cpus: 1, memory: 1GiB}}
`;

async function open(t: TestContext) {
  const state = new FakeState();
  const credential = { kind: "classic", scopes: ["orgs/acme"], write: true, actionsRead: true } as const;
  state.credentials.set("ghp_broker", { ...credential, expiresAt: null });
  for (const [name, online] of [
    ["home-ci-forge-1-aaaaaaa", true],
    ["home-ci-spark-1-bbbbbbb", true],
  ] as const) {
    const runner = state.addRunner("orgs/acme", { name, labels: ["x"], ephemeral: true, groupId: 1 });
    runner.lie = { online };
  }
  const server = await serveFakeGitHub(state, { check: true });
  t.after(async () => {
    await server.close();
    assert.deepEqual(server.mistakes, []);
  });
  const home = makeFolder(t);
  const write = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text, { mode });
    chmodSync(join(home, path), mode);
  };
  const inventory = readFileSync("fixtures/cli/two-hosts/hosts/forge.yaml", "utf8");
  for (const [place, auth] of [
    ["host", "{broker: ssh://mint@control}"],
    ["control", `{token: ${join(home, "token")}}`],
  ] as const) {
    write(`${place}/fleet.yaml`, specOf(auth, server.url));
    for (const host of ["forge", "spark"]) {
      write(`${place}/hosts/${host}.yaml`, inventory.replaceAll("forge", host));
    }
  }
  write("token", "ghp_broker\n", 0o600);
  const forced = [...programWords(), "mint", "--stdio", "--host", "forge", "-C", "control"];
  const line = forced.map((word) => `'${word}'`).join(" ");
  write("bin/ssh", `#!/bin/sh\necho "$*" >>'${home}/asked'\ncd '${home}' && exec ${line}\n`, 0o755);
  const env = { HOME: home, PATH: `${join(home, "bin")}:${process.env.PATH}` };
  const run = (...words: readonly string[]): Promise<Ran> =>
    new Promise((settle) => {
      const child = startCli([...words, "--user"], { cwd: join(home, "host"), env });
      let [stdout, stderr] = ["", ""];
      child.stdout?.on("data", (chunk) => (stdout += chunk));
      child.stderr?.on("data", (chunk) => (stderr += chunk));
      child.on("close", (code) => settle({ code, stdout, stderr }));
    });
  return { run, write, state, home };
}

test("status knows GitHub's side of this host's slots, and says nothing of other hosts'", async (t) => {
  const { run } = await open(t);
  const { stdout } = await run("status", "--json", "--host", "forge");
  type Row = { slot: string; github: string; reason: string };
  const { slots } = JSON.parse(stdout) as { slots: readonly Row[] };
  const find = (name: string) => slots.find(({ slot }) => slot === name);
  assert.equal(find("home-ci-forge-1")?.github, "online");
  assert.deepEqual(
    [find("home-ci-spark-1")?.github, find("home-ci-spark-1")?.reason],
    ["unknown", "NotAsked"],
  );
});

test("doctor and auth check ask the broker, for the target that it has the credential of", async (t) => {
  const { run } = await open(t);
  const doctor = await run("doctor", "--host", "forge");
  assert.match(doctor.stdout, /https:\/\/github\.com\/acme by ssh:\/\/mint@control answers/);
  const check = await run("auth", "check", "--target", "default");
  assert.deepEqual(
    [check.code, check.stdout],
    [0, "default: the broker ssh://mint@control\n  ok       see this host's runners by the broker\n"],
    check.stderr,
  );
});

test("a broker whose credential GitHub refuses is told as a refusal", async (t) => {
  const { run, state } = await open(t);
  state.credentials.clear();
  const check = await run("auth", "check", "--target", "default");
  assert.equal(check.code, 77, check.stderr);
  assert.match(check.stdout, /missing {2}see this host's runners by the broker: Bad credentials\./);
  assert.match((await run("doctor", "--host", "forge")).stdout, /by\s+ssh:\/\/mint@control refuses: Bad/);
});

test("a broker that cannot be reached is an error of doctor's, with the command that shows why", async (t) => {
  const { run, write } = await open(t);
  write(
    "bin/ssh",
    '#!/bin/sh\necho "ssh: connect to host control port 22: No route to host" >&2\nexit 255\n',
    0o755,
  );
  const check = await run("auth", "check", "--target", "default");
  assert.equal(check.code, 3);
  const doctor = await run("doctor", "--host", "forge");
  assert.match(
    doctor.stdout.replaceAll(/\s+/g, " "),
    /does not answer: ssh: connect to host control port 22: No route/,
  );
  assert.match(doctor.stdout, /→ ssh -v -i \S+\/broker\.key .* -l mint -- control/);
  const status = await run("status", "--host", "forge");
  assert.match(status.stdout, /GitHub, target default: not known: ssh: connect to host control/);
});
