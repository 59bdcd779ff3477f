// File actions of an installation on a real disk: each can be repeated, none follows a link or takes what is not ours.

import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  copyProgram,
  ensureFolder,
  makeFolder,
  removeEmptyFolder,
  removeFile,
  sweepTemporaries,
  syncPath,
  writeInstalled,
} from "../../src/adapters/install-files.ts";
import {
  findFreeRange,
  findHolder,
  listGroups,
  readAccount,
} from "../../src/adapters/install-files-accounts.ts";
import { openFileHands } from "../../src/adapters/install-files-hands.ts";
import {
  hashFile,
  listMissing,
  listNames,
  listUnwritable,
  lookAtFile,
  lookAtFolder,
  readMarkers,
} from "../../src/adapters/install-files-state.ts";
import { hashText } from "../../src/apply/read-generations.ts";
import { WorldError } from "../../src/base/world-error.ts";
import type { FileAction } from "../../src/model/apply.ts";
import type { HostTools, ToolResult } from "../../src/model/ports.ts";
import { makeFolder as makeTestFolder, readTree } from "./folder.ts";

const isRoot = process.geteuid?.() === 0;
const us = { kind: "us" } as const;

test("folders are made with their mode, whatever the umask, and made again without harm", (t) => {
  const root = makeTestFolder(t);
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  makeFolder({ path: join(root, "a/b"), owner: us, mode: 0o755 });
  makeFolder({ path: join(root, "a/c"), owner: us, mode: 0o700 });
  makeFolder({ path: join(root, "a/c"), owner: us, mode: 0o750 });
  ensureFolder(join(root, "a"));
  assert.deepEqual(readTree(root), { "a/": "0755", "a/b/": "0755", "a/c/": "0750" });
});

test("a link where a folder belongs is refused, and what it leads to keeps its owner", (t) => {
  const root = makeTestFolder(t);
  fs.mkdirSync(join(root, "target"), { mode: 0o755 });
  fs.symlinkSync("target", join(root, "link"));
  const folder = { path: join(root, "link"), owner: { kind: "uid", uid: 12_345 }, mode: 0o700 } as const;
  assert.throws(() => makeFolder(folder), WorldError);
  assert.equal(fs.statSync(join(root, "target")).mode & 0o777, 0o755);
});

test("folders are given to a uid", { skip: !isRoot }, (t) => {
  const root = makeTestFolder(t);
  makeFolder({ path: join(root, "work"), owner: { kind: "uid", uid: 1001 }, mode: 0o700 });
  const { uid, gid } = fs.statSync(join(root, "work"));
  assert.deepEqual({ uid, gid }, { uid: 1001, gid: 1001 });
});

test("a file takes its place whole, a link there is replaced and not followed", (t) => {
  const root = makeTestFolder(t);
  fs.writeFileSync(join(root, "victim"), "untouched");
  fs.symlinkSync("victim", join(root, "unit"));
  writeInstalled(join(root, "unit"), "new", 0o644);
  writeInstalled(join(root, "deep/er/script.sh"), "#!/bin/sh\n", 0o755);
  syncPath(join(root, "unit"));
  syncPath(join(root, "gone"));
  assert.deepEqual(readTree(root), {
    "deep/": "0755",
    "deep/er/": "0755",
    "deep/er/script.sh": "0755 #!/bin/sh\n",
    unit: "0644 new",
    victim: "0644 untouched",
  });
});

test("a program is replaced while it runs", (t) => {
  const root = makeTestFolder(t);
  const from = join(root, "new");
  const to = join(root, "bin/ci-fleet");
  fs.writeFileSync(from, "two");
  ensureFolder(join(root, "bin"));
  fs.writeFileSync(to, "one");
  const running = fs.openSync(to, "r");
  t.after(() => fs.closeSync(running));
  copyProgram(from, to);
  assert.equal(fs.readFileSync(running, "utf8"), "one");
  assert.deepEqual(readTree(join(root, "bin")), { "ci-fleet": "0755 two" });
  assert.throws(() => copyProgram(join(root, "absent"), to), /cannot copy/);
  assert.deepEqual(readTree(join(root, "bin")), { "ci-fleet": "0755 two" });
});

test("removing goes on where it ended, and leaves a folder that holds something of others", (t) => {
  const root = makeTestFolder(t);
  fs.mkdirSync(join(root, "ours"));
  fs.mkdirSync(join(root, "shared"));
  fs.writeFileSync(join(root, "shared/theirs"), "");
  fs.writeFileSync(join(root, "file"), "");
  for (const path of ["file", "file", "absent", "file/below"]) removeFile(join(root, path));
  for (const path of ["ours", "ours", "shared", "absent"]) removeEmptyFolder(join(root, path));
  assert.deepEqual(readTree(root), { "shared/": "0755", "shared/theirs": "0644 " });
});

test("half-written files of a run that was cut off are swept, and nothing else", (t) => {
  const root = makeTestFolder(t);
  for (const name of [".ci-fleet-0123456789ab.tmp", ".ci-fleet-journal.json", "acme.target"]) {
    fs.writeFileSync(join(root, name), "");
  }
  fs.mkdirSync(join(root, ".part-0123456789ab/root/bin"), { recursive: true });
  sweepTemporaries([root, join(root, "absent")]);
  assert.deepEqual(Object.keys(readTree(root)), [".ci-fleet-journal.json", "acme.target"]);
});

test("files, folders and markers are seen as they are", (t) => {
  const root = makeTestFolder(t);
  const path = join(root, "file");
  fs.writeFileSync(path, "text");
  fs.chmodSync(path, 0o755);
  fs.symlinkSync("file", join(root, "link"));
  fs.mkdirSync(join(root, "drained"));
  fs.writeFileSync(join(root, "drained/ours"), "mark");
  fs.writeFileSync(join(root, "drained/theirs"), "other");
  const plain = { kind: "file", sha256: hashText("text"), executable: true, size: 4 } as const;
  assert.deepEqual(lookAtFile(path), plain);
  assert.equal(hashFile(path), hashText("text"));
  assert.deepEqual(lookAtFile(join(root, "link")), { kind: "other", what: "a symbolic link" });
  assert.deepEqual(lookAtFile(join(root, "file/below")), { kind: "absent" });
  assert.deepEqual(lookAtFolder(path), { kind: "other", what: "a file" });
  assert.deepEqual(lookAtFolder(join(root, "absent")), { kind: "absent" });
  const folder = lookAtFolder(join(root, "drained"));
  assert.deepEqual(folder, { kind: "folder", uid: process.getuid?.(), isEmpty: false });
  assert.deepEqual([...readMarkers(join(root, "drained"), "mark")].sort(), [
    ["ours", true],
    ["theirs", false],
  ]);
  assert.deepEqual(listNames(join(root, "absent")), []);
});

test("what cannot be written is found out at the nearest folder that is there", { skip: isRoot }, (t) => {
  const root = makeTestFolder(t);
  fs.mkdirSync(join(root, "closed"), { mode: 0o555 });
  assert.deepEqual(
    [...listUnwritable([join(root, "closed/a/b"), join(root, "open/a")])],
    [[join(root, "closed"), "permission denied"]],
  );
});

test("programs are looked for where units find them", () => {
  assert.deepEqual(
    [...listMissing(["sh", "/bin/sh", "no-such-program", "/usr/bin/no-such-program"])],
    ["no-such-program", "/usr/bin/no-such-program"],
  );
});

const texts = {
  passwd: "root:x:0:0::/root:/bin/sh\nalice:x:1001:1001::/home/alice:/bin/sh\nci-fleet:x:998:997::/:/\n",
  group: "root:x:0:\ndocker:x:999:alice\n",
  subuid: "# comment\nalice:100000:65536\nci-fleet:200000:65536\nbroken:x:1\n",
  subgid: "alice:100000:65536\n998:300000:65536\n",
};

test("accounts, groups and ranges are read from their files", () => {
  assert.deepEqual(readAccount("ci-fleet", texts), { uid: 998, subordinates: true });
  assert.deepEqual(readAccount("alice", { ...texts, subgid: "alice:1:10\n" }), {
    uid: 1001,
    subordinates: false,
  });
  assert.equal(readAccount("bob", texts), null);
  assert.equal(findHolder(1001, "ci-fleet", texts), "alice");
  assert.equal(findHolder(998, "ci-fleet", texts), null);
  assert.deepEqual([...listGroups(texts)], ["root", "docker"]);
  assert.equal(findFreeRange(texts), 365_536);
  assert.equal(findFreeRange({ ...texts, subuid: "", subgid: "" }), 100_000);
});

function answering(answer: ToolResult): { tools: HostTools; asked: string[][] } {
  const asked: string[][] = [];
  const run: HostTools["run"] = async (command, args) => {
    asked.push([command, ...args]);
    return answer;
  };
  return { tools: { run }, asked };
}

const command: FileAction = {
  kind: "run",
  argv: ["docker", "compose", "build", "a b"],
  timeoutMs: 5000,
  fine: [0],
  mayFail: false,
};

const failures: readonly (readonly [ToolResult, RegExp])[] = [
  [{ kind: "ran", exitCode: 1, stdout: "", stderr: "step 1\nstep 2\nno space\n" }, /exited 1: no space$/],
  [{ kind: "missing" }, /there is no docker/],
  [{ kind: "timeout", afterMs: 5000 }, /did not end within 5 s/],
  [{ kind: "failed", cause: "ended by SIGKILL" }, /ended by SIGKILL/],
];

for (const [answer, message] of failures) {
  test(`a command that ends with ${answer.kind} is told as it could be typed`, async () => {
    const said: string[] = [];
    const { tools, asked } = answering(answer);
    const hands = openFileHands(tools, (line) => said.push(line));
    await assert.rejects(hands.perform(command), (error) => {
      assert.ok(error instanceof WorldError);
      assert.match(error.message, message);
      assert.match(error.message, /`docker compose build 'a b'`/);
      return true;
    });
    assert.deepEqual(asked, [["docker", "compose", "build", "a b"]]);
    assert.deepEqual(said, answer.kind === "ran" ? ["step 1", "step 2"] : []);
  });
}

test("records are written and removed whole", async (t) => {
  const root = makeTestFolder(t);
  const hands = openFileHands(answering({ kind: "missing" }).tools, () => {});
  await hands.writeRecord(join(root, "etc/journal.json"), "{}\n");
  assert.deepEqual(readTree(root), { "etc/": "0755", "etc/journal.json": "0644 {}\n" });
  await hands.removeRecord(join(root, "etc/journal.json"));
  await hands.removeRecord(join(root, "etc/journal.json"));
  assert.deepEqual(readTree(root), { "etc/": "0755" });
});

test("every file action does what it says", async (t) => {
  const root = makeTestFolder(t);
  const { perform } = openFileHands(answering({ kind: "missing" }).tools, () => {});
  const file = { path: join(root, "a/file"), content: "x", mode: 0o644 as const };
  await perform({ kind: "make-folder", folder: { path: join(root, "a"), owner: us, mode: 0o755 } });
  await perform({ kind: "write", file, isNew: true });
  await perform({ kind: "copy-program", from: file.path, to: join(root, "a/copy") });
  fs.writeFileSync(join(root, "a/.ci-fleet-0123456789ab.tmp"), "");
  await perform({ kind: "sweep", folders: [join(root, "a")] });
  await perform({ kind: "sync" });
  assert.deepEqual(readTree(root), { "a/": "0755", "a/copy": "0755 x", "a/file": "0644 x" });
  await perform({ kind: "remove-file", path: file.path });
  await perform({ kind: "remove-file", path: join(root, "a/copy") });
  await perform({ kind: "remove-folder", path: join(root, "a") });
  assert.deepEqual(readTree(root), {});
});
