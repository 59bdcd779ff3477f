// `init` on this very machine: what it writes, what it adds, what it never touches.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeFolder, readTree } from "../adapters/folder.ts";
import { copyFleet, runCli } from "./run-cli.ts";

/** A repository of its own, so that no spec above it is found. */
function emptyRepo(t: TestContext): string {
  const cwd = makeFolder(t);
  mkdirSync(join(cwd, ".git"));
  return cwd;
}

const URL = ["--url", "https://github.com/acme"];
const files = (cwd: string): readonly string[] =>
  Object.keys(readTree(cwd)).filter((path) => !path.startsWith(".git/") && !path.endsWith("/"));

test("an empty folder gets a fleet that validates and renders", (t) => {
  const cwd = emptyRepo(t);
  const ran = runCli(["init", "--yes", "--name", "box"], { cwd });
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(
    ran.stdout,
    "new      fleet.yaml\nnew      hosts/box.yaml\nnew      fleet.schema.json\nnew      .gitignore\n",
  );
  assert.match(
    ran.stderr,
    /put the real address into fleet\.yaml: https:\/\/github\.com\/your-org is only an example/,
  );
  const spec = readFileSync(join(cwd, "fleet.yaml"), "utf8");
  assert.ok(spec.startsWith("# yaml-language-server: $schema=./fleet.schema.json\n"));
  assert.ok(spec.includes("# CHANGE THIS"));
  assert.equal(readFileSync(join(cwd, "fleet.schema.json"), "utf8"), runCli(["schema"]).stdout);
  const valid = runCli(["validate"], { cwd });
  assert.equal(valid.code, 0, valid.stdout);
  assert.equal(runCli(["render"], { cwd }).code, 0);
  assert.equal(runCli(["render", "--check"], { cwd }).code, 0);
});

test("the inventory is exactly what detect --yaml prints", (t) => {
  const cwd = emptyRepo(t);
  runCli(["init", "--yes", "--name", "box"], { cwd });
  const printed = runCli(["detect", "--yaml", "--name", "box"]);
  assert.equal(readFileSync(join(cwd, "hosts/box.yaml"), "utf8"), printed.stdout);
});

test("an address that validate would refuse is refused, and nothing is written", (t) => {
  const cwd = emptyRepo(t);
  assert.deepEqual(runCli(["init", "--yes", "--url", "http://github.com/acme"], { cwd }), {
    code: 2,
    stdout: "",
    stderr: "error: --url: GitHub is reached by https only\nfor example --url https://github.com/acme\n",
  });
  assert.deepEqual(files(cwd), []);
});

test("a first --refresh has nothing to compare with, and says nothing of it", (t) => {
  const cwd = emptyRepo(t);
  const ran = runCli(["init", "--yes", "--refresh", ...URL, "--name", "box"], { cwd });
  assert.equal(ran.code, 0, ran.stderr);
  assert.doesNotMatch(ran.stderr, /hardware is as/);
});

test("without a terminal and without --yes it asks for what it cannot know, by flag", (t) => {
  const cwd = emptyRepo(t);
  assert.deepEqual(runCli(["init"], { cwd }), {
    code: 2,
    stdout: "",
    stderr:
      "error: init needs to know who gets the runners\nsay --url https://github.com/OWNER, or --yes for an example\n",
  });
  assert.deepEqual(files(cwd), []);
});

test("the owner of the repository's remote is the default", (t) => {
  const cwd = makeFolder(t);
  spawnSync("git", ["init", "-q", cwd]);
  spawnSync("git", [
    "-C",
    cwd,
    "remote",
    "add",
    "origin",
    "https://user:secret@github.com/octo-org/fleet.git",
  ]);
  assert.equal(runCli(["init"], { cwd }).code, 0);
  const spec = readFileSync(join(cwd, "fleet.yaml"), "utf8");
  assert.match(spec, /^ {2}url: https:\/\/github\.com\/octo-org$/m);
  assert.match(spec, /^fleet: octo-org$/m);
  assert.ok(!spec.includes("secret"));
});

test("every flag of a new fleet ends up in the spec", (t) => {
  const cwd = emptyRepo(t);
  const flags = [
    "--name",
    "box",
    "--fleet",
    "lab",
    "--pool",
    "build",
    "--lifetime",
    "persistent",
    "--run",
    "container",
  ];
  assert.equal(runCli(["init", ...URL, ...flags, "--auth-app", "Iv23liABC:/root/key.pem"], { cwd }).code, 0);
  const spec = readFileSync(join(cwd, "fleet.yaml"), "utf8");
  for (const line of [
    "fleet: lab",
    "  url: https://github.com/acme",
    '    app: {clientId: Iv23liABC, privateKey: "/root/key.pem"}',
    "  box:",
    "  build:",
    "    lifetime: persistent",
  ]) {
    assert.ok(spec.split("\n").includes(line), `${line} in ${spec}`);
  }
  const token = emptyRepo(t);
  assert.equal(runCli(["init", ...URL, "--name", "box", "--auth-token"], { cwd: token }).code, 0);
  assert.match(readFileSync(join(token, "fleet.yaml"), "utf8"), /^ {4}token: "\/etc\/ci-fleet\/token"$/m);
  const gh = emptyRepo(t);
  assert.equal(runCli(["init", ...URL, "--name", "box", "--auth-gh", "alice"], { cwd: gh }).code, 0);
  assert.match(readFileSync(join(gh, "fleet.yaml"), "utf8"), /^ {4}gh: \{user: alice\}$/m);
});

test("flags that cannot be meant exit 2 and write nothing; a token is not repeated", (t) => {
  const cwd = emptyRepo(t);
  const token = `ghp_${"A1b2C3d4".repeat(5).slice(0, 36)}`;
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--url", "acme"], /^error: --url: expected an https:\/\/ address/],
    [
      ["--url", "https://alice:pw@github.com/acme"],
      /^error: --url: expected an https:\/\/ address without a user/,
    ],
    [["--url", "https://github.com/a/b/c"], /^error: --url: the address has more than owner and repository/],
    [[...URL, "--name", "Box 1"], /^error: --name: a name has lower-case letters/],
    [[...URL, "--name", "../x"], /^error: --name: a name has lower-case letters/],
    [[...URL, "--auth-token", token], /^error: --auth-token was given a secret/],
    [[...URL, "--auth-app", token], /^error: --auth-app was given a secret/],
    [
      [...URL, "--auth-token", "token"],
      /^error: --auth-token: the file is a path on the host that begins with \//,
    ],
    [[...URL, "--auth-gh", "a b"], /^error: --auth-gh: expected the name of a user of the host/],
    [
      [...URL, "--auth-gh", "a", "--auth-token", "/t"],
      /^error: --auth-token and --auth-gh exclude each other/,
    ],
  ];
  for (const [flags, message] of cases) {
    const ran = runCli(["init", "--yes", ...flags], { cwd });
    assert.deepEqual([ran.code, ran.stdout], [2, ""], flags.join(" "));
    assert.match(ran.stderr, message);
    assert.ok(!ran.stderr.includes(token));
  }
  assert.deepEqual(files(cwd), []);
});

test("--dry-run shows every file and writes none", (t) => {
  const cwd = emptyRepo(t);
  const ran = runCli(["init", "--yes", "--name", "box", "--dry-run"], { cwd });
  assert.equal(ran.code, 0);
  assert.match(ran.stdout, /^--- \/dev\/null\n\+\+\+ b\/fleet\.yaml\n/);
  for (const path of ["hosts/box.yaml", "fleet.schema.json", ".gitignore"])
    assert.ok(ran.stdout.includes(`+++ b/${path}`));
  assert.deepEqual(files(cwd), []);
});

test("a fleet that is there gets this host, and every other byte stays", (t) => {
  const cwd = copyFleet(t);
  const before = readTree(cwd);
  const ran = runCli(["init", "--name", "box", "--pool", "gpu"], { cwd });
  assert.deepEqual(
    [ran.code, ran.stdout],
    [0, "changed  fleet.yaml\nnew      hosts/box.yaml\nnew      fleet.schema.json\n"],
  );
  const after = readTree(cwd);
  const wanted = (before["fleet.yaml"] ?? "")
    .replace("  spark:\n", "  spark:\n  box:\n")
    .replace("hosts: [forge]", "hosts: [forge, box]");
  assert.equal(after["fleet.yaml"], wanted);
  assert.equal(after["hosts/forge.yaml"], before["hosts/forge.yaml"]);
  const again = runCli(["init", "--name", "box"], { cwd });
  assert.deepEqual([again.code, again.stdout], [0, ""]);
  assert.deepEqual(readTree(cwd), after);
});

test("a host that the spec names already only gets its inventory", (t) => {
  const cwd = copyFleet(t);
  rmSync(join(cwd, "hosts/spark.yaml"));
  const spec = readTree(cwd)["fleet.yaml"];
  const ran = runCli(["init", "--name", "spark"], { cwd });
  assert.deepEqual([ran.code, ran.stdout], [0, "new      hosts/spark.yaml\nnew      fleet.schema.json\n"]);
  assert.equal(readTree(cwd)["fleet.yaml"], spec);
});

test("an inventory that differs is only replaced by --refresh, which shows the changes, or --force", (t) => {
  const cwd = copyFleet(t);
  const before = readTree(cwd);
  const refused = runCli(["init", "--name", "forge"], { cwd });
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  assert.match(refused.stderr, /^error: hosts\/forge\.yaml is there already: --refresh detects again/m);
  assert.deepEqual(readTree(cwd), before);
  const refreshed = runCli(["init", "--name", "forge", "--refresh"], { cwd });
  assert.equal(refreshed.code, 0);
  assert.match(refreshed.stdout, /^machine\.product: ProArt X670E-CREATOR WIFI → /m);
  assert.match(refreshed.stdout, /^changed {2}hosts\/forge\.yaml$/m);
  assert.equal(readTree(cwd)["fleet.yaml"], before["fleet.yaml"]);
  const again = runCli(["init", "--name", "forge", "--refresh"], { cwd });
  assert.deepEqual([again.code, again.stdout], [0, ""]);
  // A slow machine says before that it is looking.
  assert.match(again.stderr, /^the hardware is as the inventory says$/m);
});

test("flags for a new fleet are refused where there is one", (t) => {
  const cwd = copyFleet(t);
  const ran = runCli(["init", "--url", "https://github.com/other"], { cwd });
  assert.deepEqual(
    [ran.code, ran.stderr],
    [2, "error: --url is for a new fleet, and there is one\nedit the spec to change it\n"],
  );
});

test("the same command a second time finds everything there", (t) => {
  const cwd = emptyRepo(t);
  const init = ["init", "--yes", "--name", "box", "--url", "https://github.com/acme", "--fleet", "acme"];
  assert.equal(runCli(init, { cwd }).code, 0);
  const before = readTree(cwd);
  const again = runCli(init, { cwd });
  assert.deepEqual([again.code, again.stdout], [0, ""]);
  assert.match(again.stderr, /^everything is there already$/m);
  assert.deepEqual(readTree(cwd), before);
});

test("a .gitignore that is there stays as it is", (t) => {
  const cwd = emptyRepo(t);
  writeFileSync(join(cwd, ".gitignore"), "mine\n");
  const ran = runCli(["init", "--yes", "--name", "box"], { cwd });
  assert.equal(ran.code, 0);
  assert.match(ran.stdout, /^kept {5}\.gitignore$/m);
  assert.equal(readFileSync(join(cwd, ".gitignore"), "utf8"), "mine\n");
});

test("a link where a file of init belongs is refused", (t) => {
  const cwd = copyFleet(t);
  symlinkSync("/etc/hostname", join(cwd, "hosts/box.yaml"));
  const ran = runCli(["init", "--name", "box"], { cwd });
  assert.equal(ran.code, 3);
  assert.match(ran.stderr, /error: cannot write .*hosts\/box\.yaml: it is a symbolic link\n/);
});

test("serial numbers and MAC addresses are written when asked for, and stay when looked at again", (t) => {
  const cwd = makeFolder(t);
  const read = () => readFileSync(join(cwd, "hosts/forge.yaml"), "utf8");
  const init = ["init", "--yes", "--name", "forge"];
  assert.equal(runCli(init, { cwd }).code, 0);
  assert.doesNotMatch(read(), /identifiers/);
  const asked = runCli([...init, "--refresh", "--identifiers"], { cwd });
  assert.equal(asked.code, 0);
  assert.match(read(), /^identifiers:/m);
  const printed = runCli(["detect", "--yaml", "--identifiers", "--name", "forge"]);
  assert.equal(read(), printed.stdout);
  const again = runCli([...init, "--refresh"], { cwd });
  assert.equal(again.code, 0);
  assert.match(again.stderr, /^the hardware is as the inventory says$/m);
  assert.match(read(), /^identifiers:/m);
});
