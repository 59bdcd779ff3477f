// Tools asked with a time limit: real programs, also ones that hang, flood and are not there.

import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
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

test("a file that cannot be executed is a failure with its errno", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "tool"), "not a program");
  chmodSync(join(folder, "tool"), 0o644);
  const result = await openHostTools({ PATH: folder }).run(join(folder, "tool"), [], 10_000);
  assert.deepEqual(result, { kind: "failed", cause: "EACCES" });
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

test("an engine on another machine is not asked", () => {
  assert.equal(cleanEnvironment({ DOCKER_HOST: "ssh://root@other" }).DOCKER_HOST, undefined);
  assert.equal(
    cleanEnvironment({ DOCKER_HOST: "unix:///run/user/1000/docker.sock" }).DOCKER_HOST,
    "unix:///run/user/1000/docker.sock",
  );
});
