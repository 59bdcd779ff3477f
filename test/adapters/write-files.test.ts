// The writer against a real folder: what it writes, and what it leaves alone.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commitSurvey } from "../../src/adapters/write-files-commit.ts";
import { surveyFolder } from "../../src/adapters/write-files-survey.ts";
import { WorldError } from "../../src/base/world-error.ts";
import { makeFolder, mountSmallDisk, readTree } from "./folder.ts";
import { ask, changesOf, FILES, refusalsOf, rendered, write } from "./write-scene.ts";

test("a first run writes every file with its mode, whatever the umask, and a manifest for each folder", (t) => {
  const old = process.umask(0o077);
  t.after(() => process.umask(old));
  const root = rendered(t);
  assert.deepEqual(readTree(root), {
    "hosts/": "0755",
    "hosts/forge/": "0755",
    "hosts/forge/compose.yaml": "0644 services: {}\n",
    "hosts/forge/manifest.json": `0644 {
  "version": 1,
  "ciFleet": "1.2.3",
  "files": {
    "compose.yaml": {"sha256": "fa6ccea1ca4e3a031d9e99f25cc05db803aa9bac642c000ddab14f6d9da54b52", "mode": "0644"},
    "runner/entrypoint.sh": {"sha256": "a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf", "mode": "0755"}
  }
}
`,
    "hosts/forge/runner/": "0755",
    "hosts/forge/runner/entrypoint.sh": "0755 #!/bin/sh\n",
    "hosts/spark/": "0755",
    "hosts/spark/compose.yaml": "0644 services: {a: }\n",
    "hosts/spark/manifest.json": readTree(root)["hosts/spark/manifest.json"],
    "workflows/": "0755",
    "workflows/manifest.json": readTree(root)["workflows/manifest.json"],
    "workflows/runs-on.md": "0644 # runs-on\n",
  });
});

test("a second run touches nothing", (t) => {
  const root = rendered(t);
  const paths = [...FILES.map((f) => f.path), "hosts/forge/manifest.json", "workflows/manifest.json"];
  for (const path of paths) utimesSync(join(root, path), 1000, 1000);
  const folderTime = statSync(join(root, "hosts/forge")).mtimeMs;
  const survey = write(root);
  assert.deepEqual([survey.changes, survey.groups, survey.unchanged], [[], [], 4]);
  assert.deepEqual(
    paths.map((path) => statSync(join(root, path)).mtimeMs),
    paths.map(() => 1000_000),
  );
  assert.equal(statSync(join(root, "hosts/forge")).mtimeMs, folderTime);
});

test("a changed file is updated, and only its folder's manifest with it", (t) => {
  const root = rendered(t);
  const files = [
    { path: "hosts/forge/compose.yaml", mode: 0o644 as const, content: "services: {b: }\n" },
    ...FILES.slice(1),
  ];
  const survey = write(root, { files });
  assert.deepEqual(changesOf(survey), ["update hosts/forge/compose.yaml"]);
  assert.deepEqual(
    survey.groups.map((g) => g.group),
    ["hosts/forge"],
  );
  assert.equal(readFileSync(join(root, "hosts/forge/compose.yaml"), "utf8"), "services: {b: }\n");
  assert.deepEqual(changesOf(surveyFolder(ask(root, { files }))), []);
});

test("permissions that git does not keep are no difference, the executable bit is", (t) => {
  const root = rendered(t);
  chmodSync(join(root, "hosts/forge/compose.yaml"), 0o664);
  chmodSync(join(root, "hosts/forge/runner/entrypoint.sh"), 0o644);
  assert.deepEqual(changesOf(write(root)), ["mode hosts/forge/runner/entrypoint.sh"]);
  assert.equal(statSync(join(root, "hosts/forge/runner/entrypoint.sh")).mode & 0o777, 0o755);
});

test("a file edited by hand is refused and kept, and --force drops the edit", (t) => {
  const root = rendered(t);
  const path = join(root, "hosts/forge/compose.yaml");
  writeFileSync(path, "services: {mine: }\n");
  const survey = surveyFolder(ask(root));
  assert.deepEqual(refusalsOf(survey), [
    "error CF801 hosts/forge/compose.yaml was edited by hand since ci-fleet wrote it",
  ]);
  assert.throws(() => commitSurvey(survey), /must not be committed/);
  assert.equal(readFileSync(path, "utf8"), "services: {mine: }\n");
  write(root, { force: true });
  assert.equal(readFileSync(path, "utf8"), "services: {}\n");
});

test("a file that ci-fleet did not write is refused, unless it is exactly what would be written", (t) => {
  const root = join(makeFolder(t), "rendered");
  mkdirSync(join(root, "hosts/forge"), { recursive: true });
  writeFileSync(join(root, "hosts/forge/compose.yaml"), "mine\n");
  assert.deepEqual(refusalsOf(surveyFolder(ask(root))), [
    "error CF802 hosts/forge/compose.yaml was not written by ci-fleet",
  ]);
  writeFileSync(join(root, "hosts/forge/compose.yaml"), "services: {}\n");
  assert.equal(write(root).unchanged, 1);
});

test("an empty file that the manifest names is what a power cut leaves, and is written again", (t) => {
  const root = rendered(t);
  writeFileSync(join(root, "hosts/forge/compose.yaml"), "");
  assert.deepEqual(changesOf(write(root)), ["update hosts/forge/compose.yaml"]);
});

test("a file whose bytes are no UTF-8 is a difference", (t) => {
  const root = join(makeFolder(t), "rendered");
  const files = [{ path: "hosts/a/x", content: "\ufffd\n", mode: 0o644 as const }];
  write(root, { files });
  writeFileSync(join(root, "hosts/a/x"), Buffer.from([0xff, 0x0a]));
  assert.equal(refusalsOf(surveyFolder(ask(root, { files })))[0]?.slice(0, 11), "error CF801");
});

test("stale files stay until --prune, which takes empty folders and the manifest with them", (t) => {
  const root = rendered(t);
  const files = FILES.filter(
    (f) => f.path !== "hosts/forge/runner/entrypoint.sh" && !f.path.includes("spark"),
  );
  const stale = ["stale hosts/forge/runner/entrypoint.sh", "stale hosts/spark/compose.yaml"];
  assert.deepEqual(changesOf(write(root, { files })), stale);
  assert.deepEqual(
    changesOf(write(root, { files })),
    stale,
    "they are still ours after a run that kept them",
  );
  writeFileSync(join(root, "hosts/spark/notes.txt"), "mine\n");
  assert.deepEqual(changesOf(write(root, { files, prune: true })), [
    "remove hosts/forge/runner/entrypoint.sh",
    "remove hosts/spark/compose.yaml",
  ]);
  assert.deepEqual(Object.keys(readTree(root)), [
    "hosts/",
    "hosts/forge/",
    "hosts/forge/compose.yaml",
    "hosts/forge/manifest.json",
    "hosts/spark/",
    "hosts/spark/notes.txt",
    "workflows/",
    "workflows/manifest.json",
    "workflows/runs-on.md",
  ]);
});

test("a stale file that was edited by hand is not pruned", (t) => {
  const root = rendered(t);
  writeFileSync(join(root, "hosts/spark/compose.yaml"), "mine\n");
  const files = FILES.filter((f) => !f.path.includes("spark"));
  const survey = surveyFolder(ask(root, { files, prune: true }));
  assert.deepEqual(refusalsOf(survey), [
    "error CF801 hosts/spark/compose.yaml is no longer rendered, but was edited by hand, so it is not removed",
  ]);
});

test("a scope leaves the other folders alone", (t) => {
  const root = rendered(t);
  rmSync(join(root, "hosts/forge/compose.yaml"));
  rmSync(join(root, "hosts/spark/compose.yaml"));
  const files = FILES.filter((f) => f.path.startsWith("hosts/spark/"));
  const survey = write(root, { files, scope: new Set(["hosts/spark"]), prune: true });
  assert.deepEqual(changesOf(survey), ["create hosts/spark/compose.yaml"]);
});

test("a disk that is too small is refused before the first file", (t) => {
  const disk = mountSmallDisk(t);
  if (disk === null) return t.skip("needs the right to mount");
  const root = join(disk, "rendered");
  write(root);
  const before = readTree(disk);
  const files = [...FILES, { path: "hosts/big/x", content: "x".repeat(1 << 20), mode: 0o644 as const }];
  assert.throws(
    () => write(root, { files }),
    (error) =>
      error instanceof WorldError &&
      error.message === `cannot write to ${root}: 1032 KiB are needed and 228 KiB are free (ENOSPC)`,
  );
  assert.deepEqual(readTree(disk), before);
});

test("a disk that fills up in the middle loses nothing, and the next run finishes", (t) => {
  const disk = mountSmallDisk(t);
  if (disk === null) return t.skip("needs the right to mount");
  const root = join(disk, "rendered");
  write(root);
  const files = FILES.map((file) => ({ ...file, content: file.content.repeat(20) }));
  const survey = surveyFolder(ask(root, { files }));
  const fill = (instant: string, path: string): void => {
    if (instant !== "after-rename" || path !== "hosts/forge/compose.yaml") return;
    assert.notEqual(spawnSync("dd", ["if=/dev/zero", `of=${disk}/filler`, "bs=4k"]).status, 0);
  };
  assert.throws(() => commitSurvey(survey, { at: fill }), {
    message: `cannot write ${root}/hosts/forge/runner/entrypoint.sh: no space left on the device (ENOSPC)`,
  });
  const after = readTree(root);
  assert.equal(after["hosts/forge/compose.yaml"], `0644 ${files[0]?.content}`);
  assert.equal(after["hosts/spark/compose.yaml"], `0644 ${FILES[2]?.content}`);
  assert.deepEqual(
    Object.keys(after).filter((path) => path.endsWith(".tmp")),
    [],
  );
  rmSync(join(disk, "filler"));
  assert.deepEqual(refusalsOf(surveyFolder(ask(root, { files }))), [
    "warning CF809 . an earlier render was stopped half way",
  ]);
  write(root, { files });
  const fresh = join(makeFolder(t), "rendered");
  write(fresh, { files });
  assert.deepEqual(readTree(root), readTree(fresh));
});
