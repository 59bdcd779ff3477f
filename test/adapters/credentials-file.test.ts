// A secret is read only from a file that nobody else could have read or replaced.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readSecretFile } from "../../src/adapters/credentials-file.ts";
import { UID } from "./github-lab.ts";

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-secret-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function put(folder: string, name: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, "secret\n");
  chmodSync(path, mode);
  return path;
}

const read = (
  path: string,
  rules: { fromSystemd?: boolean; mayBeRead?: boolean; uid?: number } = {},
): string => {
  const file = readSecretFile(path, { uid: UID, ...rules });
  return file.kind === "refused" ? file.message : file.kind;
};

test("0600 and 0400 are read; everything that others may open is refused with the command that closes it", (t) => {
  const folder = makeFolder(t);
  assert.equal(read(put(folder, "a", 0o600)), "read");
  assert.equal(read(put(folder, "b", 0o400)), "read");
  for (const mode of [0o644, 0o640, 0o660, 0o604, 0o601, 0o620]) {
    const path = put(folder, `m${mode}`, mode);
    const file = readSecretFile(path, { uid: UID });
    assert.ok(file.kind === "refused", mode.toString(8));
    assert.match(file.message, new RegExp(`open to other users \\(mode 0${mode.toString(8)}\\)`));
    assert.ok(file.help.startsWith(`Run \`chmod 600 ${path}\``));
  }
});

test("systemd's copies may show 0440, never more; what is no secret may be read by all and changed by none", (t) => {
  const folder = makeFolder(t);
  assert.equal(read(put(folder, "a", 0o440), { fromSystemd: true }), "read");
  assert.match(read(put(folder, "b", 0o444), { fromSystemd: true }), /open to other users/);
  assert.equal(read(put(folder, "c", 0o644), { mayBeRead: true }), "read");
  assert.match(read(put(folder, "d", 0o664), { mayBeRead: true }), /open to other users/);
});

test("a folder that others may write to could give another secret", (t) => {
  const folder = makeFolder(t);
  const path = put(folder, "token");
  chmodSync(folder, 0o770);
  assert.match(read(path), /others may write to the folder/);
  chmodSync(folder, 0o1777);
  assert.equal(read(path), "read");
  chmodSync(folder, 0o700);
});

test("so could one further up, and one behind a link", (t) => {
  const folder = makeFolder(t);
  const open = join(folder, "open");
  const deep = join(open, "deep");
  mkdirSync(deep, { recursive: true, mode: 0o700 });
  put(deep, "token");
  symlinkSync(join(deep, "token"), join(folder, "link"));
  assert.equal(read(join(folder, "link")), "read");
  chmodSync(open, 0o777);
  assert.match(read(join(deep, "token")), /others may write to the folder .*open \(mode 0777\)/);
  assert.match(read(join(folder, "link")), /others may write to the folder .*open \(mode 0777\)/);
});

test("links that go round, folders, FIFOs and what is not there have their own words", (t) => {
  const folder = makeFolder(t);
  symlinkSync("b", join(folder, "a"));
  symlinkSync("a", join(folder, "b"));
  assert.match(read(join(folder, "a")), /symbolic link/);
  mkdirSync(join(folder, "folder"), { mode: 0o700 });
  assert.match(read(join(folder, "folder")), /no regular file/);
  execFileSync("mkfifo", ["-m", "600", join(folder, "fifo")]);
  assert.match(read(join(folder, "fifo")), /no regular file/);
  assert.equal(read(join(folder, "absent")), "missing");
  assert.equal(read(join(folder, "absent", "deeper")), "missing");
  writeFileSync(join(folder, "large"), Buffer.alloc(70_000), { mode: 0o600 });
  assert.match(read(join(folder, "large")), /too large/);
});

test("a file or folder of somebody else is refused", {
  skip: UID !== 0 && "only root can give files away",
}, (t) => {
  const folder = makeFolder(t);
  const path = put(folder, "token");
  chownSync(path, 12_345, 12_345);
  assert.match(read(path), /the file .* belongs to uid 12345/);
  chownSync(path, 0, 0);
  assert.equal(read(path), "read");
  chownSync(folder, 12_345, 12_345);
  assert.match(read(path), /the folder .* belongs to uid 12345/);
});
