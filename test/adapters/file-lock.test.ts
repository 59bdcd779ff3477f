// One at a time, and neither a stranger nor a signal nor a holder's sudden end is in the way.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { takeFileLock } from "../../src/adapters/file-lock.ts";
import { takeLock } from "../../src/adapters/lock.ts";
import { makeFolder } from "./folder.ts";

const NO_WAIT = { forMs: 0, onWait: () => undefined };

test("a second taker waits as long as it was told to, and gets it when it is free", async (t) => {
  const file = join(makeFolder(t), ".lock");
  const first = await takeFileLock(file, NO_WAIT);
  assert.ok(first !== null);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  let waits = 0;
  assert.equal(await takeFileLock(file, { forMs: 300, onWait: () => (waits += 1) }), null);
  assert.equal(waits, 1);
  const second = await takeFileLock(file, { forMs: 20_000, onWait: () => void first.release() });
  assert.ok(second !== null);
  await second.release();
  await second.release();
});

test("who holds the socket of that folder is not in the way", async (t) => {
  const folder = makeFolder(t);
  const stranger = await takeLock(folder, NO_WAIT);
  const lock = await takeFileLock(join(folder, ".lock"), NO_WAIT);
  assert.ok(lock !== null);
  await lock.release();
  await stranger?.release();
});

test("a file that others could open is closed to them, and a link is not followed", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, ".lock"), "", { mode: 0o666 });
  await (await takeFileLock(join(folder, ".lock"), NO_WAIT))?.release();
  assert.equal(statSync(join(folder, ".lock")).mode & 0o777, 0o600);
  symlinkSync(".lock", join(folder, "link"));
  await assert.rejects(takeFileLock(join(folder, "link"), NO_WAIT), /take the lock .*link/);
});

test("a folder that is not there yet has the lock of its socket", async (t) => {
  const file = join(makeFolder(t), "later/.lock");
  const lock = await takeFileLock(file, NO_WAIT);
  assert.ok(lock !== null);
  assert.equal(await takeFileLock(file, NO_WAIT), null);
  await lock.release();
});

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  test(`a holder that ends by ${signal} leaves no lock behind, and until then it is held`, async (t) => {
    const file = join(makeFolder(t), ".lock");
    const module = join(import.meta.dirname, "../../src/adapters/file-lock.ts");
    const script = `
      const { takeFileLock } = await import(${JSON.stringify(module)});
      await takeFileLock(${JSON.stringify(file)}, { forMs: 0, onWait() {} });
      process.stdout.write("held");
      setInterval(() => {}, 1000);
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    assert.equal(await takeFileLock(file, NO_WAIT), null);
    child.kill(signal);
    await once(child, "exit");
    const lock = await takeFileLock(file, { forMs: 20_000, onWait: () => undefined });
    assert.ok(lock !== null);
    await lock.release();
  });
}

test("a lock does not keep its holder from ending", async (t) => {
  const file = join(makeFolder(t), ".lock");
  const module = join(import.meta.dirname, "../../src/adapters/file-lock.ts");
  const script = `
    const { takeFileLock } = await import(${JSON.stringify(module)});
    await takeFileLock(${JSON.stringify(file)}, { forMs: 0, onWait() {} });
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  assert.deepEqual(await once(child, "exit"), [0, null]);
});
