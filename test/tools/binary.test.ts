// The packaged files themselves: what they are, how large, and that both run. In: dist/, made by
// `npm run build -- --all`.

import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeFolder, readTree } from "../adapters/folder.ts";
import { ciCache, hasTools, runTool } from "./tool.ts";

const dist = join(import.meta.dirname, "../../dist");
const fleet = join(import.meta.dirname, "../../fixtures/cli/two-hosts");
const { version } = JSON.parse(readFileSync(join(dist, "../package.json"), "utf8"));

function isBuilt(t: TestContext, name: string): boolean {
  if (existsSync(join(dist, name))) return true;
  if (process.env.CI === "true") throw new Error(`dist/${name} is missing: npm run build -- --all`);
  t.skip(`dist/${name} is not built`);
  return false;
}

test("the native binary names itself, says nothing on stderr and ignores Node's own options", (t) => {
  if (!isBuilt(t, "ci-fleet")) return;
  const plain = runTool(join(dist, "ci-fleet"), ["--version"]);
  assert.match(plain.stdout, new RegExp(`^ci-fleet ${version} linux-${process.arch} node-24\\.`));
  assert.deepEqual({ ...plain, stdout: "" }, { code: 0, stdout: "", stderr: "" });
  const hostile = runTool("env", [
    "NODE_OPTIONS=--require=/nonexistent",
    join(dist, "ci-fleet"),
    "--version",
  ]);
  assert.deepEqual(hostile, plain);
});

test("the arm64 binary runs under qemu with the libraries of an arm64 Debian", (t) => {
  if (!isBuilt(t, "ci-fleet-linux-arm64") || !hasTools(t, "qemu-aarch64-static")) return;
  const root = join(ciCache, "arm64");
  const answer = runTool("qemu-aarch64-static", [
    "-L",
    root,
    join(dist, "ci-fleet-linux-arm64"),
    "--version",
  ]);
  assert.match(answer.stdout, new RegExp(`^ci-fleet ${version} linux-arm64 node-24\\.`));
  assert.deepEqual({ ...answer, stdout: "" }, { code: 0, stdout: "", stderr: "" });
});

test("both binaries render the same tree", (t) => {
  if (!isBuilt(t, "ci-fleet") || !isBuilt(t, "ci-fleet-linux-arm64") || !hasTools(t, "qemu-aarch64-static"))
    return;
  const render = (...command: readonly [string, ...string[]]) => {
    const folder = makeFolder(t);
    cpSync(fleet, folder, { recursive: true });
    const [program, ...before] = command;
    const answer = runTool(program, [...before, "render", "-C", folder]);
    assert.equal(answer.code, 0, answer.stderr);
    return readTree(join(folder, "rendered"));
  };
  const native = render(join(dist, "ci-fleet"));
  assert.ok(Object.keys(native).length > 30);
  const root = join(ciCache, "arm64");
  assert.deepEqual(render("qemu-aarch64-static", "-L", root, join(dist, "ci-fleet-linux-arm64")), native);
});

for (const name of ["ci-fleet-linux-x64", "ci-fleet-linux-arm64"]) {
  test(`${name} is at most 112 MB, and 32 MB when packed by xz`, (t) => {
    if (!isBuilt(t, name) || !hasTools(t, "xz")) return;
    const path = join(dist, name);
    assert.ok(statSync(path).size <= 112e6, `${statSync(path).size} bytes`);
    const packed = runTool("sh", ["-c", 'xz -T0 -c "$1" | wc -c', "sh", path]);
    assert.ok(Number(packed.stdout) <= 32e6, `${packed.stdout.trim()} bytes`);
  });
}
