// One at a time in one folder, and no lock outlives its holder.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { takeLock } from "../../src/adapters/lock.ts";
import { makeFolder } from "./folder.ts";

const NO_WAIT = { forMs: 0, onWait: () => undefined };

test("a second taker is told to wait and gives up", async (t) => {
  const folder = makeFolder(t);
  const first = await takeLock(folder, NO_WAIT);
  assert.ok(first !== null);
  let waits = 0;
  assert.equal(await takeLock(folder, { forMs: 120, onWait: () => (waits += 1) }), null);
  assert.equal(waits, 1);
  await first.release();
  const second = await takeLock(folder, NO_WAIT);
  assert.ok(second !== null);
  await second.release();
});

test("the wait ends when the lock is free", async (t) => {
  const folder = makeFolder(t);
  const first = await takeLock(folder, NO_WAIT);
  const second = takeLock(folder, { forMs: 10_000, onWait: () => void first?.release() });
  const lock = await second;
  assert.ok(lock !== null);
  await lock.release();
});

test("the same folder by another path is the same lock, also before it exists", async (t) => {
  const folder = makeFolder(t);
  mkdirSync(join(folder, "real"));
  symlinkSync("real", join(folder, "link"));
  const lock = await takeLock(join(folder, "real/out"), NO_WAIT);
  assert.equal(await takeLock(join(folder, "link/../link/out"), NO_WAIT), null);
  const other = await takeLock(join(folder, "real/other"), NO_WAIT);
  assert.ok(other !== null);
  await other.release();
  await lock?.release();
});

test("a holder that is killed leaves no lock behind", async (t) => {
  const folder = makeFolder(t);
  const lockFile = join(import.meta.dirname, "../../src/adapters/lock.ts");
  const script = `
    const { takeLock } = await import(${JSON.stringify(lockFile)});
    await takeLock(${JSON.stringify(folder)}, { forMs: 0, onWait() {} });
    process.stdout.write("held");
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  assert.equal(await takeLock(folder, NO_WAIT), null);
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  const lock = await takeLock(folder, NO_WAIT);
  assert.ok(lock !== null);
  await lock.release();
});
