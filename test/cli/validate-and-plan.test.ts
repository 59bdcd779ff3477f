// What `validate` and `plan` say of good and bad fleets, and of specs that cannot be read.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder, readTree } from "../adapters/folder.ts";
import { judgeSarif } from "../base/judge-sarif.ts";
import { copyFleet, runCli } from "./run-cli.ts";

const NOTE = `fleet.yaml:7:19: info: whether runner 2.336.0 is still current is not known`;

test("a fleet with warnings is valid, and with --strict it is not", (t) => {
  const cwd = copyFleet(t);
  const before = readTree(cwd);
  const loose = runCli(["validate"], { cwd });
  const strict = runCli(["validate", "--strict"], { cwd });
  assert.deepEqual(
    [loose.code, loose.stderr],
    [0, "fleet.yaml is valid: 1 warning and 1 note; 2 hosts, 2 pools, 5 slots\n"],
  );
  assert.equal(strict.code, 1);
  assert.equal(strict.stderr, loose.stderr.replace("is valid", "is not valid"));
  assert.equal(strict.stdout, loose.stdout);
  assert.ok(loose.stdout.startsWith(NOTE), loose.stdout);
  assert.deepEqual(readTree(cwd), before, "validate writes nothing");
});

test("all problems come at once, and in each format they are the same ones", (t) => {
  const cwd = copyFleet(t);
  appendFileSync(join(cwd, "fleet.yaml"), "    runers: 2\n    labels: [ubuntu-latest]\n");
  const text = runCli(["validate"], { cwd });
  assert.equal(text.code, 1);
  const codes = [...text.stdout.matchAll(/\[(CF\d+)\]$/gm)].map((match) => match[1]);
  assert.ok(codes.length >= 2, text.stdout);
  const json = runCli(["validate", "--json"], { cwd });
  const sarif = runCli(["validate", "-o", "sarif"], { cwd });
  const github = runCli(["validate", "-o", "github"], { cwd });
  assert.deepEqual([json.code, sarif.code, github.code], [1, 1, 1]);
  assert.deepEqual([json.stderr, sarif.stderr, github.stderr], ["", "", ""]);
  type Json = { diagnostics: { code: string; file: string; line: number }[] };
  type Sarif = { runs: { results: { ruleId: string }[]; tool: { driver: { version: string } } }[] };
  const document = JSON.parse(json.stdout) as Json;
  const log = JSON.parse(sarif.stdout) as Sarif;
  assert.deepEqual(
    document.diagnostics.map(({ code }) => code),
    codes,
  );
  assert.deepEqual(
    log.runs[0]?.results.map(({ ruleId }) => ruleId),
    codes,
  );
  assert.deepEqual(
    [...github.stdout.matchAll(/title=(CF\d+)/g)].map((match) => match[1]),
    codes,
  );
  assert.equal(runCli(["validate", "-o", "json"], { cwd }).stdout, json.stdout);
});

test("GitHub gets places from the top of the repository, wherever the command was started", (t) => {
  const cwd = makeFolder(t);
  mkdirSync(join(cwd, ".git"));
  cpSync(copyFleet(t), join(cwd, "infra/ci"), { recursive: true });
  appendFileSync(join(cwd, "infra/ci/fleet.yaml"), "    runers: 2\n");
  mkdirSync(join(cwd, "infra/ci/images"));
  const runs = [
    runCli(["validate", "-o", "github"], { cwd: join(cwd, "infra/ci/images") }),
    runCli(["validate", "-o", "github", "-C", "infra/ci"], { cwd }),
    runCli(["validate", "-o", "github", "-f", join(cwd, "infra/ci/fleet.yaml")]),
  ];
  for (const { stdout } of runs) {
    assert.match(stdout, /^::error file=infra\/ci\/fleet\.yaml,line=\d+,.*title=CF602::/m);
    assert.doesNotMatch(stdout, /file=(?!infra\/ci\/)/);
  }
  const sarif = runCli(["validate", "-o", "sarif"], { cwd: join(cwd, "infra/ci/images") });
  assert.deepEqual(judgeSarif(JSON.parse(sarif.stdout)), []);
  assert.match(sarif.stdout, /"uri": "infra\/ci\/fleet\.yaml"/);
});

test("a fault in an inventory is shown in that file", (t) => {
  const cwd = copyFleet(t);
  appendFileSync(join(cwd, "hosts/spark.yaml"), "cpuu: 3\n");
  const ran = runCli(["validate"], { cwd });
  assert.equal(ran.code, 1);
  assert.match(ran.stdout, /^hosts\/spark\.yaml:\d+:1: error: .*cpuu/m);
});

test("a missing inventory is said at the host, with what to run there", (t) => {
  const cwd = copyFleet(t);
  rmSync(join(cwd, "hosts/spark.yaml"));
  const ran = runCli(["validate"], { cwd });
  assert.equal(ran.code, 1);
  assert.match(ran.stdout, /^fleet\.yaml:10:3: error: .*spark/m);
  assert.match(ran.stdout, /ci-fleet init/);
});

test("a spec from the future and one for another ci-fleet stop everything", (t) => {
  const cwd = copyFleet(t);
  writeFileSync(join(cwd, "future.yaml"), "version: 2\nfleet: home\nnewThing: true\n");
  const future = runCli(["render", "-f", "future.yaml"], { cwd });
  assert.equal(future.code, 1);
  assert.match(
    future.stderr,
    /^future\.yaml:1:10: error: the spec has version 2, this ci-fleet knows version 1 \[CF615\]/,
  );
  appendFileSync(join(cwd, "fleet.yaml"), 'requires: ">=2.0"\n');
  const other = runCli(["render"], { cwd });
  assert.equal(other.code, 1);
  assert.match(other.stderr, /the spec asks for ci-fleet >=2\.0, this is \d+\.\d+\.\d+ \[CF616\]/);
  assert.equal(readTree(cwd)["rendered/"], undefined);
});

test("plan is a page, or a document that only grows", (t) => {
  const cwd = copyFleet(t);
  const page = runCli(["plan"], { cwd });
  assert.equal(page.code, 0);
  assert.match(page.stdout, /^Fleet home: 2 pools on 2 hosts, 5 slots\n/);
  const document = JSON.parse(runCli(["plan", "--json"], { cwd }).stdout) as Record<string, unknown>;
  assert.deepEqual([document.format, document.fleet], ["ci-fleet/plan/v1", "home"]);
  writeFileSync(join(cwd, "fleet.yaml"), "version: 1\n");
  const bad = runCli(["plan", "--json"], { cwd });
  assert.deepEqual([bad.code, bad.stdout], [1, ""]);
  assert.match(bad.stderr, /error: /);
});

test("no spec, two specs, a folder, a FIFO, a file without permission: each is said", (t) => {
  const cwd = makeFolder(t);
  mkdirSync(join(cwd, ".git"));
  assert.deepEqual(runCli(["validate"], { cwd }), {
    code: 3,
    stdout: "",
    stderr: `error: cannot find a fleet.yaml: there is none in ${cwd}, /etc/ci-fleet\n\`ci-fleet init\` makes one; -f and -C name another place\n`,
  });
  assert.deepEqual(runCli(["validate", "-f", "nope.yaml"], { cwd }), {
    code: 3,
    stdout: "",
    stderr: "error: cannot read nope.yaml: there is no such file\n`ci-fleet init` makes one\n",
  });
  writeFileSync(join(cwd, "fleet.yaml"), "");
  writeFileSync(join(cwd, "fleet.yml"), "");
  assert.deepEqual(runCli(["validate"], { cwd }), {
    code: 2,
    stdout: "",
    stderr: `error: ${cwd} has fleet.yaml and fleet.yml\nname one with -f\n`,
  });
  assert.equal(runCli(["validate", "-f", "."], { cwd }).stderr, "error: cannot read .: it is not a file\n");
  spawnSync("mkfifo", [join(cwd, "pipe")]);
  assert.equal(
    runCli(["validate", "-f", "pipe"], { cwd }).stderr,
    "error: cannot read pipe: it is not a file\n",
  );
  assert.equal(
    runCli(["validate", "-f", "/dev/zero"], { cwd }).stderr,
    "error: cannot read /dev/zero: it is not a file\n",
  );
});

test("a link that leads out of the fleet's folder is not read, unless a person named it", (t) => {
  const secret = join(makeFolder(t), "secret");
  writeFileSync(secret, "root:*:20228:0:99999:7:::\n");
  for (const name of ["fleet.yaml", "hosts/forge.yaml"]) {
    const cwd = copyFleet(t);
    rmSync(join(cwd, name));
    symlinkSync(secret, join(cwd, name));
    const ran = runCli(["validate"], { cwd });
    assert.deepEqual([ran.code, ran.stdout], [3, ""]);
    assert.match(ran.stderr, new RegExp(`^error: cannot read ${name}: a symbolic link leads out of /`));
    assert.doesNotMatch(ran.stderr, /root:/);
  }
  const cwd = copyFleet(t);
  renameSync(join(cwd, "hosts/forge.yaml"), join(cwd, "hosts/anvil.yaml"));
  symlinkSync("anvil.yaml", join(cwd, "hosts/forge.yaml"));
  symlinkSync(cwd, join(cwd, "here"));
  assert.equal(runCli(["validate"], { cwd }).code, 0);
  assert.equal(runCli(["validate", "-f", "here/fleet.yaml"], { cwd }).code, 0);
});

test("a spec without permission to read", { skip: process.geteuid?.() === 0 && "root reads anyway" }, (t) => {
  const cwd = copyFleet(t);
  chmodSync(join(cwd, "fleet.yaml"), 0);
  const ran = runCli(["validate"], { cwd });
  assert.deepEqual(
    [ran.code, ran.stderr],
    [3, "error: cannot read fleet.yaml: permission denied (EACCES)\n"],
  );
});

test("a folder without permission to look", {
  skip: process.geteuid?.() === 0 && "root looks anyway",
}, (t) => {
  const cwd = copyFleet(t);
  chmodSync(cwd, 0o600);
  const ran = runCli(["validate", "-C", cwd]);
  chmodSync(cwd, 0o700);
  const [first] = ran.stderr.split("\n");
  const cause = "permission denied (EACCES)";
  assert.deepEqual([ran.code, first], [3, `error: cannot look for ${cwd}/fleet.yaml: ${cause}`]);
});

test("what the kernel refuses where nobody expects it is the world's failure, not a bug", () => {
  const ran = runCli(["validate", "-C", `/${"a".repeat(300)}`]);
  assert.equal(ran.code, 3);
  assert.match(
    ran.stderr,
    /^error: cannot stat \/a+: the name is too long for this file system \(ENAMETOOLONG\)\n$/,
  );
});

test("an image folder is read whole, and what leads out of the repository is refused", (t) => {
  const cwd = copyFleet(t);
  mkdirSync(join(cwd, "images/ci"), { recursive: true });
  writeFileSync(join(cwd, "images/ci/Dockerfile"), "FROM ghcr.io/actions/actions-runner:2.336.0\n");
  appendFileSync(join(cwd, "fleet.yaml"), "    image: {dockerfile: images/ci/Dockerfile}\n");
  assert.equal(runCli(["validate"], { cwd }).code, 0);
  spawnSync("ln", ["-s", "/etc/passwd", join(cwd, "images/ci/passwd")]);
  assert.match(runCli(["validate"], { cwd }).stdout, /passwd is neither a file nor a folder \[CF720\]/);
  rmSync(join(cwd, "images"), { recursive: true });
  spawnSync("ln", ["-s", "/etc", join(cwd, "images")]);
  assert.match(runCli(["validate"], { cwd }).stdout, /cannot be used: .*\[CF720\]/);
});
