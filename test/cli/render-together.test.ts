// `render` when others are in the way: a second one, a kill, another user, place, language and time zone.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { takeLock } from "../../src/adapters/lock.ts";
import { makeFolder, readTree } from "../adapters/folder.ts";
import { cleanEnv, copyFleet, programLine, runCli, startCli } from "./run-cli.ts";

test("a second render waits, says so, and goes on when the first is done", async (t) => {
  const cwd = copyFleet(t);
  const lock = await takeLock(join(cwd, "rendered"), { forMs: 0, onWait: () => undefined });
  const child = startCli(["render"], { cwd, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  for await (const chunk of child.stderr ?? []) {
    stderr += String(chunk);
    if (stderr.includes("waiting …")) await lock?.release();
  }
  assert.match(stderr, /another ci-fleet is at work in .*\/rendered; waiting …\n/);
  assert.match(stderr, /rendered into rendered: /);
  assert.equal(child.exitCode ?? (await once(child, "exit"))[0], 0);
});

test("a second render gives up with 75 when the first does not end", async (t) => {
  const cwd = copyFleet(t);
  const lock = await takeLock(join(cwd, "rendered"), { forMs: 0, onWait: () => undefined });
  const child = startCli(["render"], { cwd, stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number];
  await lock?.release();
  assert.equal(code, 75);
  assert.equal(readTree(cwd)["rendered/"], undefined);
});

test("two renders at once leave what one would", async (t) => {
  const cwd = copyFleet(t);
  const exits = [1, 2, 3].map(() => once(startCli(["render"], { cwd, stdio: "ignore" }), "exit"));
  assert.deepEqual(
    (await Promise.all(exits)).map(([code]) => code as number),
    [0, 0, 0],
  );
  const alone = copyFleet(t);
  runCli(["render"], { cwd: alone });
  assert.deepEqual(readTree(join(cwd, "rendered")), readTree(join(alone, "rendered")));
});

test("a killed render is seen by --check and mended by the next one", async (t) => {
  const alone = copyFleet(t);
  runCli(["render"], { cwd: alone });
  const wanted = readTree(join(alone, "rendered"));
  for (let round = 0; round < 6; round++) {
    const cwd = copyFleet(t);
    mkdirSync(join(cwd, "rendered"));
    const child = startCli(["render"], { cwd, stdio: "ignore" });
    const ended = once(child, "exit");
    await sleep(60 + Math.random() * 120);
    child.kill("SIGKILL");
    await ended;
    const found = runCli(["render", "--check"], { cwd });
    const isDone = JSON.stringify(readTree(join(cwd, "rendered"))) === JSON.stringify(wanted);
    if (!isDone) assert.equal(found.code, 1);
    const mended = runCli(["render"], { cwd });
    assert.deepEqual([mended.code, readTree(join(cwd, "rendered"))], [0, wanted]);
  }
});

test("the same spec gives the same bytes under another umask, time zone, locale, home and folder", (t) => {
  const first = copyFleet(t);
  assert.equal(runCli(["render"], { cwd: first }).code, 0);
  const second = join(makeFolder(t), "a b/ü");
  cpSync(first, second, { recursive: true, filter: (path) => !path.endsWith("rendered") });
  const env = cleanEnv({
    TZ: "Pacific/Kiritimati",
    LC_ALL: "tr_TR.UTF-8",
    LANG: "tr_TR.UTF-8",
    HOME: "/nonexistent",
  });
  const line = `umask 077; cd /; ${programLine()} render -f "$0/fleet.yaml"`;
  const ran = spawnSync("bash", ["-c", line, second], { env, encoding: "utf8" });
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(readTree(join(second, "rendered")), readTree(join(first, "rendered")));
});
