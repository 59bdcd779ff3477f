// The packaged files themselves: what they are, how large, and that both run. In: dist/, made by
// `npm run build -- --all`.

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ciCache, hasTools, runTool } from "./tool.ts";

const dist = join(import.meta.dirname, "../../dist");
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

for (const name of ["ci-fleet-linux-x64", "ci-fleet-linux-arm64"]) {
  test(`${name} is at most 112 MB, and 32 MB when packed by xz`, (t) => {
    if (!isBuilt(t, name) || !hasTools(t, "xz")) return;
    const path = join(dist, name);
    assert.ok(statSync(path).size <= 112e6, `${statSync(path).size} bytes`);
    const packed = runTool("sh", ["-c", 'xz -T0 -c "$1" | wc -c', "sh", path]);
    assert.ok(Number(packed.stdout) <= 32e6, `${packed.stdout.trim()} bytes`);
  });
}
