// Tools asked with a time limit: real programs, also ones that hang, flood and are not there.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cleanEnvironment, openHostTools } from "../../src/adapters/host-tools.ts";
import { makeFolder } from "./folder.ts";

const tools = openHostTools(process.env);

test("an answer has exit code, stdout and stderr", async () => {
  const result = await tools.run(
    "sh",
    ["-c", 'printf out; printf "%s" "$1" >&2; exit 3', "sh", "$(id) `x`"],
    10_000,
  );
  assert.deepEqual(result, { kind: "ran", exitCode: 3, stdout: "out", stderr: "$(id) `x`" });
});

test("a program that is not there is missing", async () => {
  assert.deepEqual(await tools.run("ci-fleet-no-such-tool", [], 10_000), { kind: "missing" });
});

test("a file that cannot be executed is a failure", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "tool"), "not a program");
  chmodSync(join(folder, "tool"), 0o644);
  const result = await openHostTools({ PATH: folder }).run(join(folder, "tool"), [], 10_000);
  assert.deepEqual(result, { kind: "failed", cause: "it may not be executed" });
});

test("a hanging tool and its children end at the limit", async () => {
  const result = await tools.run("sh", ["-c", "sleep 300 & sleep 300"], 200);
  assert.deepEqual(result, { kind: "timeout", afterMs: 200 });
});

test("a tool whose child keeps the pipe open ends at the limit", async () => {
  const result = await tools.run("sh", ["-c", "sleep 300 & exit 0"], 300);
  assert.deepEqual(result, { kind: "timeout", afterMs: 300 });
});

test("a flood is cut off", async () => {
  const result = await tools.run("sh", ["-c", "yes"], 30_000);
  assert.equal(result.kind, "failed");
});

test("a tool that is killed says by what", async () => {
  assert.deepEqual(await tools.run("sh", ["-c", "kill -9 $$"], 10_000), {
    kind: "failed",
    cause: "ended by SIGKILL",
  });
});

test("an argument that no program can take is a failure, not an exception", async () => {
  const result = await tools.run("sh", ["a\0b"], 10_000);
  assert.equal(result.kind, "failed");
});

test("the environment has the locale fixed and no secret in it", async () => {
  const env = {
    PATH: "relative:/opt/bin",
    GITHUB_TOKEN: "secret",
    LD_PRELOAD: "/x.so",
    HOME: "/home/ci",
    LANG: "de_DE",
  };
  assert.deepEqual(cleanEnvironment(env), {
    PATH: "/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/wsl/lib",
    LC_ALL: "C",
    HOME: "/home/ci",
  });
});

test("a folder of the PATH that this user may not search hides nothing", (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "ask.mjs"), ASK);
  mkdirSync(join(folder, "closed"), { mode: 0o700 });
  chmodSync(folder, 0o755);
  // Only somebody else than root is ever refused.
  if (process.geteuid?.() !== 0) chmodSync(join(folder, "closed"), 0);
  const env = { PATH: `${join(folder, "closed")}:${process.env.PATH}` };
  const modules = join(import.meta.dirname, "../../src/adapters/host-tools.ts");
  const ran = spawnSync(process.execPath, [join(folder, "ask.mjs"), modules], {
    env,
    encoding: "utf8",
  });
  chmodSync(join(folder, "closed"), 0o700); // or its own owner could not remove it
  assert.deepEqual([ran.stdout, ran.stderr], ['{"kind":"missing"} ran', ""]);
});

const ASK = `
const { openHostTools } = await import(process.argv[2]);
if (process.geteuid() === 0) {
  process.setgid(65534);
  process.setuid(65534);
}
const tools = openHostTools(process.env);
const missing = await tools.run("ci-fleet-no-such-tool", [], 10_000);
const there = await tools.run("true", [], 10_000);
process.stdout.write(JSON.stringify(missing) + " " + there.kind);
`;

test("an engine on another machine is not asked", () => {
  assert.equal(cleanEnvironment({ DOCKER_HOST: "ssh://root@other" }).DOCKER_HOST, undefined);
  assert.equal(
    cleanEnvironment({ DOCKER_HOST: "unix:///run/user/1000/docker.sock" }).DOCKER_HOST,
    "unix:///run/user/1000/docker.sock",
  );
});
