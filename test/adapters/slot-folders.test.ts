// A slot's folders on a real disk, after jobs that left links, files of others and folders in the wrong place. What
// takes root to see is left out for anyone else, and says so.

import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openHostTools } from "../../src/adapters/host-tools.ts";
import {
  makeFolders,
  makeHandOver,
  makeMountPoints,
  putSecret,
  repairOwner,
  throwAway,
} from "../../src/adapters/slot-folders.ts";
import type { Owner } from "../../src/adapters/slot-owner.ts";
import { WorldError } from "../../src/base/world-error.ts";
import { makeFolder } from "./folder.ts";

const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const isRoot = self.uid === 0;
const me: Owner = { ...self, isReachable: true };
const runner: Owner = isRoot ? { uid: 1001, gid: 1001, isReachable: true } : me;
const stranger: Owner = { uid: 4242, gid: 4242, isReachable: false };
const tools = openHostTools(process.env);
const skip = isRoot ? false : "giving files away takes root";
const modeOf = (path: string) => lstatSync(path).mode & 0o7777;

test("folders get their mode and owner, whatever the umask and whatever was there", (t) => {
  const top = makeFolder(t);
  mkdirSync(join(top, "work"), { mode: 0o777 });
  chmodSync(join(top, "work"), 0o777);
  makeFolders(
    [
      { path: join(top, "cache"), owner: "us", mode: 0o755 },
      { path: join(top, "cache/cargo"), owner: "runner", mode: 0o700 },
      { path: join(top, "work"), owner: "runner", mode: 0o700 },
    ],
    runner,
    self,
  );
  assert.deepEqual(
    ["cache", "cache/cargo", "work"].map((name) => [modeOf(join(top, name)), statSync(join(top, name)).uid]),
    [
      [0o755, self.uid],
      [0o700, runner.uid],
      [0o700, runner.uid],
    ],
  );
});

test("a link in the place of a folder is not followed", (t) => {
  const top = makeFolder(t);
  mkdirSync(join(top, "elsewhere"), { mode: 0o755 });
  symlinkSync(join(top, "elsewhere"), join(top, "work"));
  assert.throws(
    () => makeFolders([{ path: join(top, "work"), owner: "runner", mode: 0o700 }], runner, self),
    (error) => error instanceof WorldError && error.message.includes(join(top, "work")),
  );
  assert.deepEqual([modeOf(join(top, "elsewhere")), statSync(join(top, "elsewhere")).uid], [0o755, self.uid]);
});

test("what is thrown away is gone, what links in it lead to is not, and rests of earlier starts go too", async (t) => {
  const top = makeFolder(t);
  mkdirSync(join(top, "slot/work/deep"), { recursive: true });
  mkdirSync(join(top, "slot/.thrown-away.0123"));
  writeFileSync(join(top, "precious"), "x");
  mkdirSync(join(top, "other"));
  writeFileSync(join(top, "other/precious"), "x");
  symlinkSync(join(top, "precious"), join(top, "slot/work/link"));
  symlinkSync(join(top, "other"), join(top, "slot/work/deep/folder"));
  await throwAway([join(top, "slot/work"), join(top, "slot/root")], tools);
  assert.deepEqual(readdirSync(join(top, "slot")), []);
  assert.ok(existsSync(join(top, "precious")) && existsSync(join(top, "other/precious")));
});

test("files of root in a workspace are given back; nothing outside is, by link or by second name", {
  skip,
}, async (t) => {
  const top = makeFolder(t);
  const at = (name: string) => join(top, name);
  mkdirSync(at("work/repo/.git"), { recursive: true });
  writeFileSync(at("work/repo/.git/index"), "x");
  writeFileSync(at("work/repo/tool"), "x", { mode: 0o755 });
  chmodSync(at("work/repo/tool"), 0o4755);
  writeFileSync(at("shadow"), "secret", { mode: 0o600 });
  mkdirSync(at("outside"));
  writeFileSync(at("outside/file"), "x");
  symlinkSync(at("shadow"), at("work/link"));
  symlinkSync(at("outside"), at("work/folder"));
  linkSync(at("shadow"), at("work/second-name"));
  chownSync(at("work"), runner.uid, runner.gid);
  await repairOwner([at("work"), at("missing")], runner, tools);
  const owners = (...names: string[]) => names.map((name) => lstatSync(at(name)).uid);
  assert.deepEqual(
    owners("work/repo", "work/repo/.git/index", "work/repo/tool", "work/link"),
    [1001, 1001, 1001, 1001],
  );
  assert.deepEqual(owners("shadow", "work/second-name", "outside", "outside/file"), [0, 0, 0, 0]);
  assert.equal(modeOf(at("work/repo/tool")), 0o755);
});

test("mount points in the runner's home are the runner's, and links that a job left lead nowhere", {
  skip,
}, (t) => {
  const top = makeFolder(t);
  mkdirSync(join(top, "home/.npm"), { recursive: true });
  mkdirSync(join(top, "elsewhere"));
  symlinkSync(join(top, "elsewhere"), join(top, "home/.cache"));
  chownSync(join(top, "home"), runner.uid, runner.gid);
  makeMountPoints(join(top, "home"), [".cargo/registry", ".npm/_cacache", ".cache/pip", "../up"], runner);
  const made = [".cargo", ".cargo/registry", ".npm", ".npm/_cacache", "up"].map((name) =>
    join(top, "home", name),
  );
  assert.deepEqual(
    made.map((path) => [lstatSync(path).uid, modeOf(path)]),
    made.map(() => [1001, 0o755]),
  );
  assert.deepEqual([readdirSync(join(top, "elsewhere")), statSync(join(top, "elsewhere")).uid], [[], 0]);
});

test("a secret is one file that the runner alone can read, in a new folder that nobody else passes", async (t) => {
  const run = makeFolder(t);
  const folders = { top: join(run, "slot"), handOver: join(run, "slot/runner") };
  await makeHandOver(folders, false, runner, self, tools);
  writeFileSync(join(folders.handOver, "last-exit.json"), "{}");
  const held = openSync(folders.handOver, "r");
  t.after(() => closeSync(held));
  await makeHandOver(folders, false, runner, self, tools);
  putSecret(folders.handOver, "jitconfig", "key\n", runner);
  assert.deepEqual(readdirSync(folders.handOver), ["jitconfig"]);
  // Whoever held the folder of the start before holds one that is gone.
  assert.equal(fstatSync(held).nlink, 0);
  assert.deepEqual([modeOf(folders.top), modeOf(folders.handOver)], [0o700, 0o700]);
  const file = lstatSync(join(folders.handOver, "jitconfig"));
  assert.deepEqual([file.mode & 0o777, file.uid], [0o600, runner.uid]);
});

test("the folder of a process slot lets its own user pass, and shows it nothing", { skip }, async (t) => {
  const run = makeFolder(t);
  const folders = { top: join(run, "slot"), handOver: join(run, "slot/runner") };
  await makeHandOver(folders, true, runner, self, tools);
  assert.deepEqual([modeOf(folders.top), statSync(folders.top).uid], [0o711, 0]);
});

test("where nothing can be given away, only the closed folder around it keeps the secret", async (t) => {
  const run = makeFolder(t);
  const folders = { top: join(run, "slot"), handOver: join(run, "slot/runner") };
  await makeHandOver(folders, false, stranger, self, tools);
  putSecret(folders.handOver, "token", "AAAA\n", stranger);
  assert.deepEqual([modeOf(folders.top), modeOf(folders.handOver)], [0o700, 0o777]);
  assert.equal(modeOf(join(folders.handOver, "token")), 0o644);
});

test("a link that a job left is replaced by the secret, not written through", (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "victim"), "before");
  symlinkSync(join(folder, "victim"), join(folder, "jitconfig"));
  putSecret(folder, "jitconfig", "key\n", me);
  assert.equal(readFileSync(join(folder, "victim"), "utf8"), "before");
  assert.ok(lstatSync(join(folder, "jitconfig")).isFile());
});
