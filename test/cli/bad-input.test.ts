// What goes wrong around a fleet, whichever command meets it: said in one or two lines, with the right exit code, and
// every file is as it was.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeFolder, mountSmallDisk, readTree } from "../adapters/folder.ts";
import { copyFleet, runCli } from "./run-cli.ts";

const isRoot = process.geteuid?.() === 0;
const READERS = [["validate"], ["plan"], ["render"], ["render", "--check"]] as const;
const WRITERS = [["render"], ["init", "--name", "third"], ["init", "--name", "forge", "--refresh"]] as const;

/** A fleet that was rendered, in a repository of its own. */
function makeFleet(t: TestContext, folder = copyFleet(t)): string {
  mkdirSync(join(folder, ".git"), { recursive: true });
  assert.equal(runCli(["render"], { cwd: folder }).code, 0);
  return folder;
}

/** Runs each command and demands its exit code, its words, and that nothing changed. */
function expectRefusals(
  cwd: string,
  commands: readonly (readonly string[])[],
  code: number,
  said: RegExp,
): void {
  const before = readTree(cwd);
  for (const command of commands) {
    const ran = runCli(command, { cwd });
    const text = `${command.join(" ")}:\n${ran.stdout}${ran.stderr}`;
    assert.equal(ran.code, code, text);
    assert.match(`${ran.stdout}${ran.stderr}`, said, text);
    assert.doesNotMatch(text, /bug|\n {4}at /i);
    assert.deepEqual(readTree(cwd), before, text);
  }
}

test("a spec that is a folder or no text stops every command", (t) => {
  const cwd = makeFleet(t);
  writeFileSync(join(cwd, "fleet.yaml"), Buffer.from([0x76, 0xff, 0xfe, 0x00, 0x80]));
  expectRefusals(cwd, READERS, 1, /^fleet\.yaml:1:\d+: error: .*\[CF601\]/m);
  rmSync(join(cwd, "fleet.yaml"));
  mkdirSync(join(cwd, "fleet.yaml"));
  expectRefusals(cwd, [...READERS, ...WRITERS], 3, /^error: cannot read fleet\.yaml: it is not a file$/m);
});

test("a spec or an inventory without permission stops every command", {
  skip: isRoot && "root reads anyway",
}, (t) => {
  for (const name of ["fleet.yaml", "hosts/spark.yaml"]) {
    const cwd = makeFleet(t);
    chmodSync(join(cwd, name), 0);
    const said = new RegExp(`^error: cannot read ${name}: permission denied \\(EACCES\\)$`, "m");
    const refused = READERS.map((command) => runCli(command, { cwd }));
    for (const ran of refused) {
      assert.equal(ran.code, 3);
      assert.match(ran.stderr, said);
    }
    chmodSync(join(cwd, name), 0o644);
    assert.equal(runCli(["render", "--check"], { cwd }).code, 0, "nothing was lost");
  }
});

test("a spec from the future is left alone by every command", (t) => {
  const cwd = makeFleet(t);
  const text = readFileSync(join(cwd, "fleet.yaml"), "utf8").replace("version: 1", "version: 2");
  writeFileSync(join(cwd, "fleet.yaml"), text);
  const said = /fleet\.yaml:\d+:10: error: the spec has version 2, this ci-fleet knows version 1 \[CF615\]/;
  expectRefusals(cwd, [...READERS, ...WRITERS], 1, said);
});

test("a fleet that asks for another ci-fleet is left alone by every command", (t) => {
  const cwd = makeFleet(t);
  writeFileSync(join(cwd, "fleet.yaml"), `${readFileSync(join(cwd, "fleet.yaml"), "utf8")}requires: ">=9"\n`);
  expectRefusals(cwd, [...READERS, ...WRITERS], 1, /the spec asks for ci-fleet >=9, this is \d.* \[CF616\]/);
});

test("an inventory that is missing is an error, and what was rendered from it stays", (t) => {
  const cwd = makeFleet(t);
  rmSync(join(cwd, "hosts/spark.yaml"));
  expectRefusals(
    cwd,
    READERS,
    1,
    /nothing is known about host `spark`: there is no hosts\/spark\.yaml \[CF701\]/,
  );
});

test("an inventory from the future is left alone", (t) => {
  const cwd = makeFleet(t);
  const path = join(cwd, "hosts/spark.yaml");
  writeFileSync(path, readFileSync(path, "utf8").replace("version: 1", "version: 2"));
  expectRefusals(cwd, READERS, 1, /^hosts\/spark\.yaml:\d+:\d+: error: .*\[CF638\]/m);
});

test("a folder that takes no files is said with what to do", (t) => {
  const disk = isRoot ? mountSmallDisk(t) : makeFolder(t);
  if (disk === null) return t.skip("needs the right to mount");
  const cwd = join(disk, "fleet");
  cpSync(copyFleet(t), cwd, { recursive: true });
  mkdirSync(join(cwd, ".git"));
  close(cwd);
  const said = isRoot
    ? /^error: cannot .*: the file system is read-only \(EROFS\)\n/m
    : /^error: cannot .*: permission denied \(EACCES\)\n/m;
  expectRefusals(cwd, WRITERS, 3, said);
  assert.doesNotMatch(runCli(["init", "--name", "third"], { cwd }).stderr, /make room/);
  assert.equal(runCli(["validate"], { cwd }).code, 0, "reading goes on");
  if (!isRoot) for (const folder of ["", "hosts"]) chmodSync(join(cwd, folder), 0o755);
});

/** Modes stop nobody who is root; a mount does. */
function close(cwd: string): void {
  if (isRoot) assert.equal(spawnSync("mount", ["-o", "remount,ro", join(cwd, "..")]).status, 0);
  else for (const folder of ["hosts", ""]) chmodSync(join(cwd, folder), 0o555);
}

test("a disk that is full leaves every file whole", (t) => {
  const disk = mountSmallDisk(t);
  if (disk === null) return t.skip("needs the right to mount");
  const cwd = join(disk, "fleet");
  cpSync(copyFleet(t), cwd, { recursive: true });
  mkdirSync(join(cwd, ".git"));
  const free = 200 * 1024;
  writeFileSync(join(disk, "filler"), Buffer.alloc(free));
  const before = readTree(cwd);
  const render = runCli(["render"], { cwd });
  assert.equal(render.code, 3);
  assert.match(
    render.stderr,
    /^error: cannot write to .*: \d+ KiB are needed and \d+ KiB are free \(ENOSPC\)$/m,
  );
  assert.deepEqual(readTree(cwd), before);
  const init = runCli(["init", "--name", "third"], { cwd });
  assert.equal(init.code, 3, init.stderr);
  assert.match(
    init.stderr,
    /^error: cannot write .*: no space left on the device \(ENOSPC\)\nnothing is lost: make room/m,
  );
  for (const [path, text] of Object.entries(before)) {
    if (path !== "fleet.yaml" && !path.endsWith("/")) assert.equal(readTree(cwd)[path], text);
  }
  const left = Object.keys(readTree(cwd)).filter((path) => /\.tmp$/.test(path));
  assert.deepEqual(left, []);
  rmSync(join(disk, "filler"));
  assert.equal(runCli(["init", "--name", "third"], { cwd }).code, 0);
  assert.equal(runCli(["plan"], { cwd }).code, 0, "the same command again finishes what was begun");
});
