// The files of a machine below a root: nothing leads out of it, nothing blocks, nothing throws.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { openHostFiles } from "../../src/adapters/host-files.ts";
import { makeFolder } from "./folder.ts";

test("an absolute link means a place below the root", (t) => {
  const root = makeFolder(t);
  mkdirSync(join(root, "etc"));
  writeFileSync(join(root, "etc/os-release"), "ID=inside\n");
  symlinkSync("/etc/os-release", join(root, "link"));
  symlinkSync("/etc", join(root, "folder"));
  const files = openHostFiles(root);
  assert.deepEqual(files.readText("/link"), { ok: true, value: "ID=inside\n" });
  assert.deepEqual(files.readText("/folder/os-release"), { ok: true, value: "ID=inside\n" });
  assert.deepEqual(files.list("/folder"), { ok: true, value: ["os-release"] });
  assert.deepEqual(files.readLink("/link"), { ok: true, value: "/etc/os-release" });
});

test("dots and links upwards stay below the root", (t) => {
  const outside = makeFolder(t);
  writeFileSync(join(outside, "secret"), "secret");
  const root = join(outside, "root");
  mkdirSync(join(root, "a"), { recursive: true });
  symlinkSync("../../../secret", join(root, "a/up"));
  symlinkSync("../..", join(root, "a/parents"));
  const files = openHostFiles(root);
  for (const path of [
    "/../secret",
    "/a/up",
    "/a/../../secret",
    "/a/parents/secret",
    "/a/parents/../secret",
  ]) {
    assert.deepEqual(files.readText(path), { ok: false, code: "ENOENT" }, path);
  }
});

test("a loop of links is ELOOP", (t) => {
  const root = makeFolder(t);
  symlinkSync("b", join(root, "a"));
  symlinkSync("a", join(root, "b"));
  assert.deepEqual(openHostFiles(root).readText("/a"), { ok: false, code: "ELOOP" });
});

test("a FIFO is refused instead of waited for", (t) => {
  const root = makeFolder(t);
  assert.equal(spawnSync("mkfifo", [join(root, "fifo")]).status, 0);
  const files = openHostFiles(root);
  assert.deepEqual(files.readText("/fifo"), { ok: false, code: "EINVAL" });
  const stat = files.stat("/fifo");
  assert.equal(stat.ok && stat.value.kind, "fifo");
});

test("failures carry the name of their errno", (t) => {
  const root = makeFolder(t);
  writeFileSync(join(root, "file"), "x");
  const files = openHostFiles(root);
  assert.deepEqual(files.readText("/nothing"), { ok: false, code: "ENOENT" });
  assert.deepEqual(files.readText("/"), { ok: false, code: "EISDIR" });
  assert.deepEqual(files.list("/file"), { ok: false, code: "ENOTDIR" });
  assert.deepEqual(files.readText("/file/below"), { ok: false, code: "ENOTDIR" });
  assert.deepEqual(files.readLink("/file"), { ok: false, code: "EINVAL" });
  assert.deepEqual(files.readText("/a\0b"), { ok: false, code: "EINVAL" });
});

test("a file without read permission is EACCES for everyone but root", (t) => {
  if (process.getuid?.() === 0) return t.skip("root may read everything");
  const root = makeFolder(t);
  writeFileSync(join(root, "locked"), "x");
  chmodSync(join(root, "locked"), 0);
  assert.deepEqual(openHostFiles(root).readText("/locked"), { ok: false, code: "EACCES" });
  assert.deepEqual(openHostFiles(root).openReadWrite("/locked"), { ok: false, code: "EACCES" });
});

test("bytes are cut at the limit, and files that say size 0 are read whole", (t) => {
  const root = makeFolder(t);
  writeFileSync(join(root, "long"), "x".repeat(200_000));
  const bytes = openHostFiles(root).readBytes("/long", 100);
  assert.equal(bytes.ok && bytes.value.length, 100);
  const text = openHostFiles(root).readText("/long");
  assert.equal(text.ok && text.value.length, 200_000);
  const proc = openHostFiles("/").readText("/proc/self/status");
  assert.match(proc.ok ? proc.value : "", /^Name:/);
});

test("no path makes it throw", (t) => {
  const root = makeFolder(t);
  symlinkSync("../x", join(root, "l"));
  const files = openHostFiles(root);
  const part = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("..", ".", "l", "", "\0", "a".repeat(300)),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const path = `/${parts.join("/")}`;
      for (const read of [files.readText, files.list, files.readLink, files.stat, files.openReadWrite]) {
        assert.equal(typeof read(path).ok, "boolean");
      }
    }),
  );
});
