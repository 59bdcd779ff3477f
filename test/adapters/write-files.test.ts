// The writer against a real folder: what it writes, what it leaves alone, what it refuses.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { commitSurvey } from "../../src/adapters/write-files-commit.ts";
import type { Survey, WriteRequest } from "../../src/adapters/write-files-records.ts";
import { surveyFolder } from "../../src/adapters/write-files-survey.ts";
import { WorldError } from "../../src/base/world-error.ts";
import type { RenderedFile } from "../../src/model/rendered-file.ts";
import { makeFolder, mountSmallDisk, readTree } from "./folder.ts";

const FILES: readonly RenderedFile[] = [
  { path: "hosts/forge/compose.yaml", content: "services: {}\n", mode: 0o644 },
  { path: "hosts/forge/runner/entrypoint.sh", content: "#!/bin/sh\n", mode: 0o755 },
  { path: "hosts/spark/compose.yaml", content: "services: {a: }\n", mode: 0o644 },
  { path: "workflows/runs-on.md", content: "# runs-on\n", mode: 0o644 },
];

const ask = (root: string, more: Partial<WriteRequest> = {}): WriteRequest => ({
  root,
  files: FILES,
  scope: null,
  ciFleetVersion: "1.2.3",
  prune: false,
  force: false,
  ...more,
});

function write(root: string, more: Partial<WriteRequest> = {}): Survey {
  const survey = surveyFolder(ask(root, more));
  commitSurvey(survey);
  return survey;
}

const changesOf = (survey: Survey): readonly string[] => survey.changes.map((c) => `${c.kind} ${c.path}`);
const refusalsOf = (survey: Survey): readonly string[] =>
  survey.refusals.map((r) => `${r.severity} ${r.code} ${r.path} ${r.message}`);

function rendered(t: TestContext): string {
  const root = join(makeFolder(t), "rendered");
  write(root);
  return root;
}

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
      error.message === `cannot write to ${root}: 2 MiB are needed and 1 MiB are free (ENOSPC)`,
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
