// The command line itself: words, flags, streams, exit codes.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, closeSync, openSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { COMMANDS } from "../../src/cli/command-table.ts";
import { makeFolder } from "../adapters/folder.ts";
import {
  COMMIT,
  cleanEnv,
  copyFleet,
  isBundle,
  programLine,
  programWords,
  runCli,
  VERSION,
} from "./run-cli.ts";

test("mistakes on the command line exit 2 with a guess and one line that helps", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      "rendr",
      'error: unknown command "rendr"; did you mean "render"?',
      "`ci-fleet --help` lists the commands",
    ],
    ["frobnicate", 'error: unknown command "frobnicate"', "`ci-fleet --help` lists the commands"],
    ["aply", 'error: unknown command "aply"; did you mean "apply"?', "`ci-fleet --help` lists the commands"],
    [
      "render --chekc",
      'error: unknown flag "--chekc"; did you mean --check?',
      "`ci-fleet render --help` lists the flags",
    ],
    ["render -x", 'error: unknown flag "-x"', "`ci-fleet render --help` lists the flags"],
    ["plan --no-json", 'error: unknown flag "--no-json"', ""],
    [
      "--verison",
      'error: unknown flag "--verison"; did you mean --version?',
      "`ci-fleet --help` lists the flags",
    ],
    ["render --out", "error: --out needs a value: --out <folder>", ""],
    ["render --out=", "error: --out needs a value: --out <folder>", ""],
    ["render --out a --out b", "error: --out is given twice", ""],
    ["render --check=maybe", "error: --check takes no value", ""],
    ["render extra", 'error: render takes no argument "extra"', ""],
    ["render -- --force", 'error: render takes no argument "--force"', ""],
    [
      "validate -o jsn",
      'error: --output is one of text, json, sarif, github, not "jsn"; did you mean json?',
      "",
    ],
    ["validate --json -o sarif", "error: --json and -o sarif exclude each other", ""],
    ["completion", "error: completion needs <shell>: bash, zsh, fish", ""],
    ["completion bsh", 'error: <shell> is one of bash, zsh, fish, not "bsh"; did you mean bash?', ""],
    ["detect --json --yaml", "error: --json and --yaml exclude each other", ""],
    ["init --run docker", 'error: --run is one of container, process, not "docker"', ""],
    [
      "help rendr",
      'error: unknown command "rendr"; did you mean "render"?',
      "`ci-fleet --help` lists the commands",
    ],
  ];
  for (const [line, error, help] of cases) {
    const ran = runCli(line.split(" "));
    const expected = help === "" ? `${error}\n` : `${error}\n${help}\n`;
    assert.deepEqual(ran, { code: 2, stdout: "", stderr: expected }, line);
  }
});

test("without a command the help goes to stderr with exit 2, asked for it goes to stdout with exit 0", () => {
  const bare = runCli([]);
  const asked = runCli(["--help"]);
  assert.deepEqual([bare.code, bare.stdout, asked.code, asked.stderr], [2, "", 0, ""]);
  assert.equal(bare.stderr, asked.stdout);
  assert.equal(runCli(["help"]).stdout, asked.stdout);
  assert.equal(runCli(["-h"]).stdout, asked.stdout);
});

test("the help of each command begins with examples and names each of its flags", () => {
  for (const command of COMMANDS) {
    const ran = runCli([command.name, "--help"]);
    assert.deepEqual([ran.code, ran.stderr], [0, ""], command.name);
    const [summary, , heading] = ran.stdout.split("\n");
    assert.deepEqual([summary, heading], [`${command.summary}.`, "Examples"]);
    for (const option of command.options) assert.ok(ran.stdout.includes(option.flags), option.flags);
    assert.equal(runCli(["help", command.name]).stdout, ran.stdout);
    for (const line of ran.stdout.split("\n")) assert.ok(line.length <= 110, line);
  }
});

test("version says the same in each way it is asked", () => {
  const line = `ci-fleet ${VERSION} linux-${process.arch} node-${process.versions.node} commit-${COMMIT}\n`;
  for (const words of [["--version"], ["-v"], ["version"]]) {
    assert.deepEqual(runCli(words), { code: 0, stdout: line, stderr: "" });
  }
  assert.deepEqual(JSON.parse(runCli(["version", "--json"]).stdout), {
    schema: "ci-fleet/version/v1",
    version: VERSION,
    commit: COMMIT,
    node: process.versions.node,
    platform: "linux",
    arch: process.arch,
  });
});

test("a value that looks like a number stays text", (t) => {
  const folder = copyFleet(t);
  const ran = runCli(["render", "--host", "007"], { cwd: folder });
  assert.match(ran.stderr, /error: the fleet has no host "007"\nit has forge, spark\n$/);
  assert.equal(runCli(["render", "--out", "1e3", "--host=forge"], { cwd: folder }).code, 0);
  assert.equal(runCli(["render", "--out=1e3", "--check", "--host", "forge"], { cwd: folder }).code, 0);
});

test("a file where a folder belongs is said", () => {
  const file = join(import.meta.dirname, "command-line.test.ts");
  const ends = (stderr: string) => ({ code: 3, stdout: "", stderr: `error: cannot ${stderr}\n` });
  assert.deepEqual(runCli(["validate", "-C", file]), ends(`work in ${file}: it is not a folder`));
  assert.deepEqual(runCli(["detect", "--root", file]), ends(`read the root ${file}: it is not a folder`));
  assert.deepEqual(
    runCli(["detect", "--root", "/no-such"]),
    ends("read the root /no-such: there is no such folder"),
  );
});

test("-C and -f say where the fleet is", (t) => {
  const folder = copyFleet(t);
  assert.equal(runCli(["-C", folder, "validate"]).code, 0);
  assert.equal(runCli(["validate", "-C", folder]).code, 0);
  assert.equal(runCli(["validate", "-f", join(folder, "fleet.yaml")]).code, 0);
  assert.equal(runCli(["validate", "-C", folder, "--file", "fleet.yaml"]).code, 0);
  assert.deepEqual(runCli(["validate", "-C", "/nonexistent"]), {
    code: 3,
    stdout: "",
    stderr: "error: cannot work in /nonexistent: there is no such folder\n",
  });
});

test("a reader that goes away is no error", (t) => {
  const folder = copyFleet(t);
  const line = `${programLine()} schema | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const ran = spawnSync("bash", ["-c", line], { cwd: folder, env: cleanEnv(), encoding: "utf8" });
  assert.deepEqual([ran.stdout, ran.stderr], ["{\n0\n", ""]);
});

test("output larger than a pipe's buffer arrives whole", (t) => {
  const folder = copyFleet(t);
  const variables = Array.from({ length: 60 }, (_, i) => `      V${i}: "${"x".repeat(2000)}"\n`).join("");
  appendFileSync(join(folder, "fleet.yaml"), `    env:\n${variables}`);
  const line = `${programLine()} plan --json 2>&1 | (sleep 0.3; cat) | wc -c`;
  const ran = spawnSync("bash", ["-c", line], { cwd: folder, env: cleanEnv(), encoding: "utf8" });
  const { stdout, stderr } = runCli(["plan", "--json"], { cwd: folder });
  assert.ok(stdout.length > 65536);
  assert.equal(Number(ran.stdout), Buffer.byteLength(stdout) + Buffer.byteLength(stderr));
});

for (const word of ["schema", "--version", "-v"]) {
  test(`a full disk behind standard output is said, with exit 3: ${word}`, (t) => {
    const full = openSync("/dev/full", "w");
    t.after(() => closeSync(full));
    const [command, ...first] = programWords();
    const ran = spawnSync(command, [...first, word], {
      stdio: ["ignore", full, "pipe"],
      env: cleanEnv(),
      encoding: "utf8",
    });
    assert.deepEqual(
      [ran.status, ran.stderr],
      [3, "error: cannot write to standard output: no space left on the device (ENOSPC)\n"],
    );
  });
}

test("a folder that was removed under us is said", (t) => {
  const folder = makeFolder(t);
  const line = `mkdir gone && cd gone && rmdir ../gone && ${programLine()} validate`;
  const ran = spawnSync("bash", ["-c", line], { cwd: folder, env: cleanEnv(), encoding: "utf8" });
  assert.deepEqual(
    [ran.status, ran.stderr],
    [
      3,
      "error: cannot work in the current folder: no such file or folder (ENOENT)\nit was removed: change into another one\n",
    ],
  );
});

test("flags without a command get the help as a mistake does", (t) => {
  const folder = copyFleet(t);
  const ran = runCli(["-C", folder]);
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [2, "", runCli(["--help"]).stdout]);
});

test("colour is for those who want it", (t) => {
  const folder = copyFleet(t);
  const escapes = (env: Record<string, string>): boolean =>
    runCli(["validate"], { cwd: folder, env }).stdout.includes("\u001b[");
  assert.equal(escapes({}), false, "no terminal");
  assert.equal(escapes({ FORCE_COLOR: "1" }), true);
  assert.equal(escapes({ CLICOLOR_FORCE: "1" }), true);
  assert.equal(escapes({ FORCE_COLOR: "1", NO_COLOR: "1" }), false);
  assert.equal(escapes({ FORCE_COLOR: "1", NO_COLOR: "" }), true, "empty means nothing (no-color.org)");
});

test("an argument moves no cursor when it is shown again", () => {
  const ran = runCli(["\u001b[31mrender"]);
  assert.equal(ran.code, 2);
  assert.ok(!ran.stderr.includes("\u001b"));
  assert.equal(
    runCli(["render", `--out=${tmpdir()}/\u001b[2J`, "-C", "/nonexistent\u001b[2J"]).stderr.includes(
      "\u001b",
    ),
    false,
  );
});

test("a bug says that it is one, how to report it, and exits 70", (t) => {
  if (!isBundle) return t.skip("no module can be broken in a binary");
  const folder = makeFolder(t);
  const preload = join(folder, "break.cjs");
  writeFileSync(
    preload,
    'require("node:os").hostname = () => { throw new TypeError("broken on purpose"); };\n',
  );
  const ran = spawnSync(
    process.execPath,
    ["--require", preload, ...programWords().slice(1), "detect", "--yaml"],
    {
      cwd: folder,
      env: cleanEnv(),
      encoding: "utf8",
    },
  );
  assert.deepEqual([ran.status, ran.stdout], [70, ""]);
  const lines = ran.stderr.split("\n");
  assert.equal(lines[0], "bug: this is a fault of ci-fleet, not yours. Nothing more was written.");
  assert.ok(lines.includes("  ci-fleet detect --yaml"));
  assert.ok(lines.includes("  TypeError: broken on purpose"));
});
