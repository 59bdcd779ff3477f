// binfmt.sh with the kernel of this machine, and its rules beside those of Debian's package.

import assert from "node:assert/strict";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { renderSystemd } from "../../src/render/systemd.ts";
import { unitCases } from "../render/systemd-cases.ts";
import { hasTools, runTool } from "./tool.ts";

const table = "/proc/sys/fs/binfmt_misc";

function renderScript(): string {
  const each = unitCases["every-unit-there-is"];
  if (each === undefined) throw new Error("there is no such case");
  const script = renderSystemd(each.plan, each.host).find(({ path }) => path.endsWith("binfmt.sh"));
  return script?.content ?? "";
}

test("the rules are those that Debian registers", (t) => {
  if (!hasTools(t, "qemu-riscv64-static")) return;
  const script = renderScript();
  for (const qemu of ["aarch64", "riscv64", "arm"]) {
    const [, , , , magic, mask] = readFileSync(`/usr/lib/binfmt.d/qemu-${qemu}.conf`, "utf8").split(":");
    assert.ok(script.includes(`'${magic}' '${mask}'`), `${qemu}: ${magic} ${mask}`);
  }
});

test("the kernel takes the rules, once, and gives them back", (t) => {
  if (!hasTools(t, "qemu-riscv64-static")) return;
  if (!isWritable(`${table}/register`)) {
    t.skip(`${table} is not writable here`);
    return;
  }
  const run = (verb: string) => {
    const answer = runTool("bash", ["-s", verb], renderScript());
    assert.equal(answer.code, 0, answer.stderr);
  };
  t.after(() => run("unregister"));
  run("register");
  run("register");
  assert.match(readFileSync(`${table}/acme-aarch64`, "utf8"), /^flags: OCF$/m, "runners there need sudo");
  if (existsSync(`${table}/acme-riscv64`)) {
    assert.match(readFileSync(`${table}/acme-riscv64`, "utf8"), /^flags: F$/m);
  }
  run("unregister");
  assert.equal(existsSync(`${table}/acme-aarch64`), false);
});

test("a rule of ours that lacks a flag is made anew", (t) => {
  if (!hasTools(t, "qemu-aarch64-static")) return;
  if (!isWritable(`${table}/register`)) {
    t.skip(`${table} is not writable here`);
    return;
  }
  const script = renderScript();
  const run = (text: string, verb: string) => {
    const answer = runTool("bash", ["-s", verb], text);
    assert.equal(answer.code, 0, answer.stderr);
  };
  const flags = () => /^flags: (.*)$/m.exec(readFileSync(`${table}/acme-aarch64`, "utf8"))?.[1];
  t.after(() => run(script, "unregister"));
  // As it was before the pool's runners became emulated themselves; Debian's handlers would do for that.
  run(
    script
      .replace("'linux/arm64' 'aarch64' CF", "'linux/arm64' 'aarch64' F")
      .replace('has_handler "$2"', 'false && has_handler "$2"'),
    "register",
  );
  assert.equal(flags(), "F");
  run(script, "register");
  assert.equal(flags(), "OCF");
});

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
