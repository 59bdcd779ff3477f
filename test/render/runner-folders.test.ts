// What folders.sh makes of a slot's folders before its runner starts. Run by bash in temporary folders.

import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readlinkSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { EPHEMERAL, layRunner, makeSlot, PERSISTENT, type Slot } from "./runner-world.ts";

function startJob(slot: Slot, env: Readonly<Record<string, string>> = {}) {
  slot.write("jit\n", "run", "jitconfig");
  return slot.run({ ...EPHEMERAL, ...env });
}

test("an ephemeral slot starts with an empty work folder, but keeps the caches in it", async (t) => {
  const slot = makeSlot(t);
  slot.write("old", "work", "repo", "repo", "file");
  slot.write("old", "work", ".hidden");
  slot.write("old", "work", "..twice");
  slot.write("tool", "work", "_tool", "node", "x");
  slot.write("kept", "elsewhere");
  symlinkSync(slot.at("elsewhere"), slot.at("work/link"));
  const { code, output } = await startJob(slot, {
    CI_FLEET_CACHES: `${slot.at("work/_tool")}\n${slot.at("c")}`,
  });
  assert.equal(code, 0, output);
  for (const name of ["repo", ".hidden", "..twice", "link"])
    assert.ok(!existsSync(slot.at("work", name)), name);
  assert.equal(slot.read("work", "_tool", "node", "x"), "tool");
  assert.equal(slot.read("elsewhere"), "kept");
  assert.ok(existsSync(slot.at("c")));
});

test("a persistent slot keeps its work folder", async (t) => {
  const slot = makeSlot(t);
  slot.write("old", "work", "repo", "file");
  slot.write("TOKEN123", "run", "token");
  assert.equal((await slot.run(PERSISTENT)).code, 0);
  assert.equal(slot.read("work", "repo", "file"), "old");
});

test("an empty folder mounted over the runner is named as the cause", async (t) => {
  const slot = makeSlot(t);
  mkdirSync(slot.at("empty"));
  const { code, reason, output } = await startJob(slot, { CI_FLEET_RUNNER_ROOT: slot.at("empty") });
  assert.deepEqual({ code, reason }, { code: 46, reason: "runner-broken" });
  assert.match(output, /is an empty folder mounted over it\?/);
});

test("a folder that cannot be one ends the slot with a code of its own", async (t) => {
  const slot = makeSlot(t);
  slot.write("a file", "work");
  const { code, reason } = await startJob(slot);
  assert.deepEqual({ code, reason }, { code: 47, reason: "folder-unusable" });
});

function fromSource(slot: Slot, stamp: string, externals = "copy") {
  return {
    CI_FLEET_RUNNER_SOURCE: slot.at("source"),
    CI_FLEET_RUNNER_ROOT: slot.at("copy"),
    CI_FLEET_RUNNER_STAMP: stamp,
    CI_FLEET_EXTERNALS: externals,
  };
}

test("a one-job runner that runs from a copy gets a new copy for each job", async (t) => {
  const slot = makeSlot(t);
  layRunner(slot.at("source"), slot.at("log"));
  slot.write("big", "source", "_work", "not copied");
  const spoil = "echo spoilt >externals/node24/node; touch extra";
  assert.equal((await startJob(slot, { ...fromSource(slot, "1"), FAKE_LISTENER: spoil })).code, 0);
  assert.equal(slot.read("copy", "externals", "node24", "node"), "spoilt\n");
  assert.equal((await startJob(slot, fromSource(slot, "1"))).code, 0);
  assert.equal(slot.read("copy", "externals", "node24", "node"), "node");
  assert.ok(!existsSync(slot.at("copy/extra")) && !existsSync(slot.at("copy/_work")));
});

test("a persistent runner is copied anew when its version changes, and not before", async (t) => {
  const slot = makeSlot(t);
  layRunner(slot.at("source"), slot.at("log"));
  slot.write("TOKEN123", "run", "token");
  const run = (stamp: string) => slot.run({ ...PERSISTENT, ...fromSource(slot, stamp, "link") });
  assert.equal((await run("1")).code, 0);
  assert.equal(readlinkSync(slot.at("copy/externals")), slot.at("source/externals"));
  assert.ok(!lstatSync(slot.at("copy/bin")).isSymbolicLink());
  slot.write("mine", "copy", "mark");
  assert.equal((await run("1")).code, 0);
  assert.equal(slot.read("copy", "mark"), "mine");
  assert.equal((await run("2")).code, 0);
  assert.equal(slot.read("copy", "mark"), null);
  assert.equal(slot.read("log", "config.count"), "x\n");
});

test("a copy that was cut off is made again", async (t) => {
  const slot = makeSlot(t);
  layRunner(slot.at("source"), slot.at("log"));
  slot.write("half", "copy", "bin", "half");
  slot.write("TOKEN123", "run", "token");
  assert.equal((await slot.run({ ...PERSISTENT, ...fromSource(slot, "1") })).code, 0);
  assert.ok(!existsSync(slot.at("copy/bin/half")));
});

test("the authority of a company is trusted beside the system's, for tools that can be told", async (t) => {
  const slot = makeSlot(t);
  slot.write("-----BEGIN CERTIFICATE-----\ncorp\n", "corp.pem");
  const listener = `cat "$SSL_CERT_FILE" >${slot.at("log/bundle")}; echo "$NODE_EXTRA_CA_CERTS" >${slot.at("log/node")}`;
  const { code } = await startJob(slot, { CI_FLEET_CA: slot.at("corp.pem"), FAKE_LISTENER: listener });
  assert.equal(code, 0);
  assert.match(slot.read("log", "bundle") ?? "", /corp\n$/);
  assert.equal(slot.read("log", "node"), `${slot.at("corp.pem")}\n`);
});
