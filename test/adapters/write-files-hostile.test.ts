// The writer among things that were put there to mislead it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { surveyFolder } from "../../src/adapters/write-files-survey.ts";
import { makeFolder } from "./folder.ts";
import { ask, refusalsOf, rendered, write } from "./write-scene.ts";

test("links, folders, FIFOs and sockets in place of files are refused, and so are links in place of folders", async (t) => {
  const top = makeFolder(t);
  const root = join(top, "rendered");
  write(root);
  const victim = join(top, "victim");
  writeFileSync(victim, "precious\n");
  const compose = join(root, "hosts/forge/compose.yaml");
  const refusal = (): readonly string[] => refusalsOf(surveyFolder(ask(root, { force: true })));

  rmSync(compose);
  symlinkSync(victim, compose);
  assert.deepEqual(refusal(), [
    "error CF803 hosts/forge/compose.yaml is a symbolic link where a file belongs",
  ]);
  rmSync(compose);
  mkdirSync(compose);
  assert.deepEqual(refusal(), ["error CF803 hosts/forge/compose.yaml is a folder where a file belongs"]);
  rmSync(compose, { recursive: true });
  execFileSync("mkfifo", [compose]);
  assert.deepEqual(refusal(), ["error CF803 hosts/forge/compose.yaml is a FIFO where a file belongs"]);
  rmSync(compose);
  const server = createServer();
  await new Promise<void>((done) => server.listen(compose, done));
  assert.deepEqual(refusal(), ["error CF803 hosts/forge/compose.yaml is a socket where a file belongs"]);
  await new Promise((done) => server.close(done));
  rmSync(compose, { force: true });

  renameSync(join(root, "hosts/forge"), join(top, "elsewhere"));
  symlinkSync(join(top, "elsewhere"), join(root, "hosts/forge"));
  assert.deepEqual(refusal(), ["error CF804 hosts/forge is a symbolic link where a folder belongs"]);
  rmSync(join(root, "hosts/forge"));
  writeFileSync(join(root, "hosts/forge"), "");
  assert.deepEqual(refusal(), ["error CF804 hosts/forge is a file where a folder belongs"]);
  rmSync(join(root, "hosts/forge"));
  symlinkSync(victim, join(root, "hosts/spark/manifest.json.new"));
  rmSync(join(root, "hosts/spark/manifest.json"));
  symlinkSync(victim, join(root, "hosts/spark/manifest.json"));
  assert.deepEqual(refusal(), [
    "error CF803 hosts/spark/manifest.json is a symbolic link where a file belongs",
  ]);

  rmSync(root, { recursive: true });
  symlinkSync(join(top, "elsewhere"), root);
  assert.deepEqual(refusal(), ["error CF804 . is a symbolic link where a folder belongs"]);
  assert.equal(readFileSync(victim, "utf8"), "precious\n");
});

test("a link planted where the journal belongs is refused", (t) => {
  const root = rendered(t);
  symlinkSync("/etc/passwd", join(root, ".ci-fleet-journal.json"));
  assert.deepEqual(refusalsOf(surveyFolder(ask(root))), [
    "error CF803 .ci-fleet-journal.json is a symbolic link where a file belongs",
  ]);
});

test("rendered paths that would leave the folder are refused", (t) => {
  const root = join(makeFolder(t), "rendered");
  const paths = [
    "../x",
    "/etc/passwd",
    "hosts/../../x",
    "hosts//a/x",
    "hosts/a/./x",
    "x",
    "hosts/a",
    "",
    "a/\0",
  ];
  const files = paths.map((path) => ({ path, content: "", mode: 0o644 as const }));
  const survey = surveyFolder(ask(root, { files }));
  assert.deepEqual(
    survey.refusals.map((r) => `${r.code} ${r.path}`),
    paths.map((path) => `CF808 ${path}`),
  );
  assert.deepEqual(survey.changes, []);
});

test("a manifest that names files outside is worthless, so pruning cannot reach them", (t) => {
  const top = makeFolder(t);
  const root = join(top, "rendered");
  write(root);
  writeFileSync(join(top, "victim"), "precious\n");
  const hostile = { version: 1, ciFleet: "1", files: {} as Record<string, object> };
  hostile.files["../../../victim"] = { sha256: "0".repeat(64), mode: "0644" };
  writeFileSync(join(root, "hosts/spark/manifest.json"), JSON.stringify(hostile));
  const survey = write(root, { prune: true });
  assert.deepEqual(refusalsOf(survey), [
    "warning CF806 hosts/spark/manifest.json is not what ci-fleet writes: which files here are ours is unknown",
  ]);
  assert.equal(readFileSync(join(top, "victim"), "utf8"), "precious\n");
  assert.deepEqual(refusalsOf(surveyFolder(ask(root))), [], "it was written anew");
});

test("a manifest with merge conflicts is written anew where files are as rendered, and guards the others", (t) => {
  const root = rendered(t);
  writeFileSync(join(root, "hosts/forge/manifest.json"), "<<<<<<< ours\n");
  writeFileSync(join(root, "hosts/forge/compose.yaml"), "theirs\n");
  assert.deepEqual(
    surveyFolder(ask(root)).refusals.map((r) => `${r.code} ${r.path}`),
    ["CF806 hosts/forge/manifest.json", "CF802 hosts/forge/compose.yaml"],
  );
});

test("a manifest of a newer format stops an older ci-fleet", (t) => {
  const root = rendered(t);
  writeFileSync(join(root, "hosts/forge/manifest.json"), '{"version": 2, "files": {}}');
  assert.deepEqual(refusalsOf(surveyFolder(ask(root))), [
    "error CF807 hosts/forge/manifest.json has format 2, which this ci-fleet does not know",
  ]);
});

test("root does not write where every user may", { skip: process.geteuid?.() !== 0 && "needs root" }, (t) => {
  const root = rendered(t);
  chmodSync(join(root, "hosts/forge"), 0o777);
  assert.deepEqual(refusalsOf(surveyFolder(ask(root))), [
    "error CF805 hosts/forge may be changed by every user, and root would write in it",
  ]);
  chmodSync(join(root, "hosts/forge"), 0o1777);
  assert.deepEqual(refusalsOf(surveyFolder(ask(root))), []);
});
