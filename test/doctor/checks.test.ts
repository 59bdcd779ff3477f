// Every check, broken in each way that it knows: the verdict, what is said, and the command that mends it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CHECKS, examineHost } from "../../src/doctor/examine-host.ts";
import { seen } from "../../src/model/host-observation.ts";
import { ENGINES_CASES } from "./cases-engines.ts";
import { GUEST_CASES, onParent } from "./cases-guests.ts";
import { INSTALLATION_CASES } from "./cases-installation.ts";
import { MACHINE_CASES } from "./cases-machine.ts";
import { NODE_CASES, onNode } from "./cases-node.ts";
import { RIGHTS_CASES } from "./cases-rights.ts";
import { makeFacts, makePlacement, makeProcessPlacement, withPlacements } from "./make-facts.ts";

const ALL = [
  ...MACHINE_CASES,
  ...ENGINES_CASES,
  ...RIGHTS_CASES,
  ...INSTALLATION_CASES,
  ...NODE_CASES,
  ...GUEST_CASES,
];

test("a host on which all is well gets nothing but good words", () => {
  const findings = examineHost(makeFacts());
  assert.deepEqual(
    findings.filter(({ verdict }) => verdict !== "fine"),
    [],
  );
  assert.ok(findings.length > 20);
});

test("a node on which all is well gets nothing but good words", () => {
  const findings = examineHost(makeFacts(onNode())).filter(({ group }) => group === "Node");
  assert.deepEqual(
    findings.filter(({ verdict }) => verdict !== "fine"),
    [],
  );
  assert.ok(findings.length >= 6);
});

test("a machine whose guests are all well gets nothing but good words", () => {
  const findings = examineHost(makeFacts(onParent())).filter(({ group }) => group === "Guests");
  assert.deepEqual(
    findings.filter(({ verdict }) => verdict !== "fine"),
    [],
  );
  assert.ok(findings.length >= 7);
});

test("guests are judged only where they are, and only once they are installed", () => {
  const before = examineHost(makeFacts(onParent({}, { unit: seen(null) }, { installed: seen(false) })));
  const names = before.filter(({ group }) => group === "Guests").map(({ check }) => check);
  assert.deepEqual(names, ["kvm-is-there", "guest-programs-are-there"]);
  assert.ok(examineHost(makeFacts()).every(({ group }) => group !== "Guests"));
});

for (const [index, [name, change, verdict, found, fix]] of ALL.entries()) {
  test(`${name}: ${verdict} ${index}, ${found.source.slice(0, 40)}`, () => {
    const findings = examineHost(makeFacts(change)).filter(({ check }) => check === name);
    const hit = findings.find((each) => each.verdict === verdict && found.test(each.found));
    assert.ok(hit !== undefined, JSON.stringify(findings, null, 2));
    assert.equal(hit.fix, fix);
  });
}

test("each check has a case that it finds fault with, or a note", () => {
  const covered = new Set(ALL.map(([name]) => name));
  assert.deepEqual(
    CHECKS.map(({ name }) => name).filter((name) => !covered.has(name)),
    [],
  );
});

test("what a host has no use for is not judged", () => {
  const bare = withPlacements([makeProcessPlacement({ gpu: null, user: "ci-fleet" })]);
  const checks = new Set(examineHost(makeFacts(bare)).map(({ check }) => check));
  for (const name of [
    "docker-answers",
    "compose-is-there",
    "cdi-is-current",
    "rootless-is-possible",
    "amd-computes",
  ]) {
    assert.ok(!checks.has(name), name);
  }
  const boxes = withPlacements([makePlacement()]);
  const others = new Set(examineHost(makeFacts(boxes)).map(({ check }) => check));
  for (const name of ["account-exists", "account-has-no-power", "runner-is-installed", "user-lingers"]) {
    assert.ok(!others.has(name), name);
  }
});

test("names are facts, texts are sentences", () => {
  for (const { name, looksAt, why } of CHECKS) {
    assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    assert.match(why, /^[A-Z`].*[.)]$/s, name);
    assert.match(looksAt, /^\S.*[^.]$/s, name);
  }
  const names = CHECKS.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
});
