// Which spec a command is about, seen from different folders.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findRepository, findSpec } from "../../src/adapters/find-spec.ts";
import { makeFolder } from "./folder.ts";

const NOWHERE = "/nonexistent/fleet.yaml";

test("the spec is found by walking up, and not above the git root", (t) => {
  const top = realpathSync(makeFolder(t));
  mkdirSync(join(top, "repo/.git"), { recursive: true });
  mkdirSync(join(top, "repo/rendered/hosts"), { recursive: true });
  writeFileSync(join(top, "fleet.yaml"), "");
  const inner = join(top, "repo/rendered/hosts");
  assert.deepEqual(findSpec(inner, NOWHERE), {
    kind: "none",
    lookedIn: [inner, join(top, "repo/rendered"), join(top, "repo"), "/nonexistent"],
  });
  writeFileSync(join(top, "repo/fleet.yml"), "");
  assert.deepEqual(findSpec(inner, NOWHERE), { kind: "found", path: join(top, "repo/fleet.yml") });
});

test("two specs in one folder are not chosen between", (t) => {
  const top = realpathSync(makeFolder(t));
  for (const name of ["fleet.yaml", "fleet.yml"]) writeFileSync(join(top, name), "");
  assert.deepEqual(findSpec(top, NOWHERE), {
    kind: "ambiguous",
    paths: [join(top, "fleet.yaml"), join(top, "fleet.yml")],
  });
});

test("the system's spec is the last resort", (t) => {
  const top = realpathSync(makeFolder(t));
  mkdirSync(join(top, "empty/.git"), { recursive: true });
  writeFileSync(join(top, "system.yaml"), "");
  assert.deepEqual(findSpec(join(top, "empty"), join(top, "system.yaml")), {
    kind: "found",
    path: join(top, "system.yaml"),
  });
});

test("a spec in a folder that everyone may write is not picked up from below", (t) => {
  const top = realpathSync(makeFolder(t));
  mkdirSync(join(top, "open/mine"), { recursive: true });
  writeFileSync(join(top, "open/fleet.yaml"), "");
  chmodSync(join(top, "open"), 0o1777);
  assert.equal(findSpec(join(top, "open/mine"), NOWHERE).kind, "none");
  assert.equal(findSpec(join(top, "open"), NOWHERE).kind, "found", "standing in it is asking for it");
});

test("on a host the fleet that is installed there is found, and of several none is chosen", (t) => {
  const top = realpathSync(makeFolder(t));
  const [system, empty] = [join(top, "etc/fleet.yaml"), join(top, "empty")];
  mkdirSync(join(empty, ".git"), { recursive: true });
  mkdirSync(join(top, "etc/acme"), { recursive: true });
  writeFileSync(join(top, "etc/acme/fleet.yaml"), "");
  mkdirSync(join(top, "etc/other"));
  assert.deepEqual(findSpec(empty, system), { kind: "found", path: join(top, "etc/acme/fleet.yaml") });
  writeFileSync(join(top, "etc/other/fleet.yaml"), "");
  assert.deepEqual(findSpec(empty, system), {
    kind: "several",
    folders: [join(top, "etc/acme"), join(top, "etc/other")],
  });
});

test("the repository of a folder is where .git is, a folder or the file of a linked work tree", (t) => {
  const top = realpathSync(makeFolder(t));
  mkdirSync(join(top, "a/b"), { recursive: true });
  mkdirSync(join(top, ".git"));
  assert.equal(findRepository(join(top, "a/b")), top);
  writeFileSync(join(top, "a/.git"), "gitdir: /elsewhere\n");
  assert.equal(findRepository(join(top, "a/b")), join(top, "a"));
  assert.equal(findRepository("/proc"), null);
});
