// `render` as a person uses it: writes, checks, shows, prunes, refuses.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mountSmallDisk, readTree } from "../adapters/folder.ts";
import { copyFleet, runCli } from "./run-cli.ts";

const COMPOSE = "rendered/hosts/forge/compose.yaml";

function edit(cwd: string, from: string, to: string): void {
  const path = join(cwd, "fleet.yaml");
  const text = readFileSync(path, "utf8");
  assert.ok(text.includes(from));
  writeFileSync(path, text.replace(from, to));
}

const lastLine = (text: string): string | undefined => text.trimEnd().split("\n").at(-1);

test("the first render writes, the second has nothing to do, and --check agrees", (t) => {
  const cwd = copyFleet(t);
  const unborn = runCli(["render", "--check"], { cwd });
  assert.equal(unborn.code, 1);
  assert.ok(unborn.stdout.includes(`new      ${COMPOSE}\n`));
  assert.ok(unborn.stdout.includes("new      fleet.schema.json\n"));
  const first = runCli(["render"], { cwd });
  assert.equal(first.code, 0);
  assert.ok(first.stdout.includes(`new      ${COMPOSE}\n`));
  const tree = readTree(cwd);
  assert.ok(tree["fleet.schema.json"] !== undefined);
  assert.ok(tree["rendered/hosts/spark/manifest.json"] !== undefined);
  const second = runCli(["render"], { cwd });
  assert.deepEqual([second.code, second.stdout], [0, ""]);
  assert.match(lastLine(second.stderr) ?? "", /^rendered is up to date: \d+ files$/);
  const check = runCli(["render", "--check"], { cwd });
  assert.deepEqual([check.code, check.stdout], [0, ""]);
  assert.deepEqual(readTree(cwd), tree);
});

test("--check, --diff and --dry-run tell and write nothing", (t) => {
  const cwd = copyFleet(t);
  runCli(["render"], { cwd });
  edit(cwd, "memory: 4GiB", "memory: 6GiB");
  const tree = readTree(cwd);
  const check = runCli(["render", "--check"], { cwd });
  const dry = runCli(["render", "--dry-run"], { cwd });
  const diff = runCli(["render", "--diff"], { cwd });
  const both = runCli(["render", "--diff", "--check"], { cwd });
  assert.deepEqual([check.code, dry.code, diff.code, both.code], [1, 0, 0, 1]);
  const listed = `changed  ${COMPOSE}\nchanged  rendered/hosts/spark/compose.yaml\n`;
  assert.deepEqual([check.stdout, dry.stdout], [listed, listed]);
  assert.match(
    diff.stdout,
    /^--- a\/rendered\/hosts\/forge\/compose\.yaml\n\+\+\+ b\/rendered\/hosts\/forge\/compose\.yaml\n@@ /,
  );
  assert.equal(diff.stdout, both.stdout);
  assert.equal(lastLine(check.stderr)?.includes("nothing was written"), true);
  assert.deepEqual(readTree(cwd), tree);
  assert.equal(runCli(["render"], { cwd }).stdout, listed);
});

test("--json says the same for programs", (t) => {
  const cwd = copyFleet(t);
  type Document = { schema: string; written: boolean; changes: { action: string; path: string }[] };
  const dry = JSON.parse(runCli(["render", "-n", "--json"], { cwd }).stdout) as Document;
  assert.deepEqual([dry.schema, dry.written], ["ci-fleet/render/v1", false]);
  const wet = JSON.parse(runCli(["render", "--json"], { cwd }).stdout) as Document;
  assert.deepEqual({ ...wet, written: false }, dry);
  assert.equal(
    wet.changes.every(({ action }) => action === "create"),
    true,
  );
});

test("--host renders one host, and needs one that exists", (t) => {
  const cwd = copyFleet(t);
  assert.equal(runCli(["render", "--host", "spark"], { cwd }).code, 0);
  assert.deepEqual(
    Object.keys(readTree(join(cwd, "rendered"))).filter(
      (path) => path.split("/").length <= 3 && path.endsWith("/"),
    ),
    ["hosts/", "hosts/spark/"],
  );
  const wrong = runCli(["render", "--host", "sprak"], { cwd });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /error: the fleet has no host "sprak"; did you mean spark\?\n/);
  assert.equal(runCli(["render", "--host", "spark", "--host", "forge"], { cwd }).code, 0);
});

test("what is no longer rendered is named, and removed with --prune only", (t) => {
  const cwd = copyFleet(t);
  runCli(["render"], { cwd });
  writeFileSync(join(cwd, "rendered/hosts/spark/notes.txt"), "mine\n");
  edit(cwd, "  spark:\n", "");
  const kept = runCli(["render"], { cwd });
  assert.equal(kept.code, 0);
  assert.match(
    kept.stderr,
    /files are no longer rendered; `ci-fleet render --prune` removes what ci-fleet wrote\n$/,
  );
  assert.equal(runCli(["render", "--check"], { cwd }).code, 1, "stale files are drift");
  const pruned = runCli(["render", "--prune"], { cwd });
  assert.match(pruned.stdout, /^removed {2}rendered\/hosts\/spark\/compose\.yaml$/m);
  const left = Object.keys(readTree(cwd)).filter((path) => path.includes("rendered/hosts/spark"));
  assert.deepEqual(left, ["rendered/hosts/spark/", "rendered/hosts/spark/notes.txt"]);
  assert.equal(runCli(["render", "--check"], { cwd }).code, 0);
});

test("a file edited by hand is refused with the difference, and --force drops the edit", (t) => {
  const cwd = copyFleet(t);
  runCli(["render"], { cwd });
  const text = readFileSync(join(cwd, COMPOSE), "utf8");
  writeFileSync(join(cwd, COMPOSE), `${text}# mine\n`);
  const tree = readTree(cwd);
  edit(cwd, "cpus: 2", "cpus: 3");
  const refused = runCli(["render"], { cwd });
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  assert.match(
    refused.stderr,
    /compose\.yaml: error: was edited by hand since ci-fleet wrote it \[CF801\]\n {2}= help: /,
  );
  assert.match(refused.stderr, /^-# mine$/m);
  assert.match(refused.stderr, /nothing was written to rendered\n$/);
  const after = readTree(cwd);
  assert.deepEqual({ ...after, "fleet.yaml": "" }, { ...tree, "fleet.yaml": "" });
  const check = runCli(["render", "--check"], { cwd });
  assert.deepEqual([check.code, check.stdout.split("\n")[0]], [1, `edited   ${COMPOSE}`]);
  assert.equal(runCli(["render", "--force"], { cwd }).code, 0);
  assert.ok(!readFileSync(join(cwd, COMPOSE), "utf8").includes("# mine"));
});

test("links in the way are refused, at --out they are what was asked for", (t) => {
  const cwd = copyFleet(t);
  mkdirSync(join(cwd, "real"));
  symlinkSync("real", join(cwd, "rendered"));
  const planted = runCli(["render"], { cwd });
  assert.equal(planted.code, 1);
  assert.match(planted.stderr, /rendered: error: is a symbolic link where a folder belongs \[CF804\]/);
  assert.deepEqual(readTree(join(cwd, "real")), {});
  assert.equal(runCli(["render", "--out", "rendered"], { cwd }).code, 0);
  assert.ok(readTree(join(cwd, "real"))["hosts/forge/compose.yaml"] !== undefined);
  assert.equal(readTree(cwd)["fleet.schema.json"], undefined, "with --out only that folder is written");
});

test("a fleet.schema.json of someone else is left alone, an old one of ours is renewed", (t) => {
  const cwd = copyFleet(t);
  const path = join(cwd, "fleet.schema.json");
  writeFileSync(path, '{"mine": true}\n');
  const ran = runCli(["render"], { cwd });
  assert.match(ran.stderr, /warning: fleet\.schema\.json was not written by ci-fleet and is left as it is\n/);
  assert.equal(readFileSync(path, "utf8"), '{"mine": true}\n');
  const schema = runCli(["schema"]).stdout;
  writeFileSync(path, '{"title": "ci-fleet: fleet.yaml, version 1"}\n');
  assert.equal(runCli(["render", "--check"], { cwd }).stdout, "changed  fleet.schema.json\n");
  runCli(["render"], { cwd });
  assert.equal(readFileSync(path, "utf8"), schema);
});

test("a folder that may not be written says so and keeps what it has", (t) => {
  if (process.geteuid?.() === 0) return t.skip("root writes anyway");
  const cwd = copyFleet(t);
  runCli(["render"], { cwd });
  const before = readTree(join(cwd, "rendered"));
  edit(cwd, "cpus: 2", "cpus: 3");
  chmodSync(join(cwd, "rendered/hosts/forge"), 0o555);
  const ran = runCli(["render"], { cwd });
  const after = readTree(join(cwd, "rendered"));
  chmodSync(join(cwd, "rendered/hosts/forge"), 0o755);
  assert.equal(ran.code, 3);
  assert.match(
    ran.stderr,
    /error: cannot write in .*\/rendered\/hosts\/forge: permission denied \(EACCES\)\n/,
  );
  assert.deepEqual(after, { ...before, "hosts/forge/": "0555" });
});

test("a full disk is said, and nothing is lost", (t) => {
  const disk = mountSmallDisk(t);
  if (disk === null) return t.skip("needs the right to mount");
  const cwd = copyFleet(t);
  const out = join(disk, "out");
  assert.equal(runCli(["render", "--out", out, "--host", "forge"], { cwd }).code, 0);
  const before = readTree(disk);
  writeFileSync(join(disk, "filler"), Buffer.alloc(100 << 10));
  edit(cwd, "cpus: 2", "cpus: 3");
  const ran = runCli(["render", "--out", out], { cwd });
  assert.equal(ran.code, 3);
  assert.match(
    ran.stderr,
    /error: cannot write to .*\/out: \d+ KiB are needed and \d+ KiB are free \(ENOSPC\)\n/,
  );
  rmSync(join(disk, "filler"));
  assert.deepEqual(readTree(disk), before);
});
