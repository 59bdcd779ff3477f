// The edit that adds a host: for each way people write `hosts`, the exact text that comes out.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { addHost } from "../../src/cli/init/add-host.ts";

const CASES: readonly (readonly [string, string, string])[] = [
  ["a block", "hosts:\n  a:\n  b:\npools: {}\n", "hosts:\n  a:\n  b:\n  new:\npools: {}\n"],
  ["deeper indentation", "hosts:\n    a:\n", "hosts:\n    a:\n    new:\n"],
  ["no final line break", "hosts:\n  a:", "hosts:\n  a:\n  new:\n"],
  [
    "a comment after the last",
    "hosts:\n  a: # one\n\n# pools\npools:\n",
    "hosts:\n  a: # one\n  new:\n\n# pools\npools:\n",
  ],
  [
    "a last host with keys",
    "hosts:\n  a:\n    kind: vm\n    parent: b\nx: 1\n",
    "hosts:\n  a:\n    kind: vm\n    parent: b\n  new:\nx: 1\n",
  ],
  [
    "a last host in flow",
    "hosts:\n  a: {kind: proxmox}  # p\n",
    "hosts:\n  a: {kind: proxmox}  # p\n  new:\n",
  ],
  [
    "a last host with a block scalar",
    "hosts:\n  a:\n    note: |\n      x\n\nx: 1\n",
    "hosts:\n  a:\n    note: |\n      x\n  new:\n\nx: 1\n",
  ],
  ["flow", "hosts: {a: }\n", "hosts: {a: , new: }\n"],
  ["flow without space", "hosts: {a: {kind: proxmox}}\n", "hosts: {a: {kind: proxmox}, new: }\n"],
  ["empty flow", "hosts: {}\n", "hosts: {new: }\n"],
  ["flow with a trailing comma", "hosts: {\n  a: ,\n}\n", "hosts: {\n  a: , new: }\n"],
  ["flow with a comment", "hosts: {a: # why\n }\n", "hosts: {a: # why\n , new: }\n"],
  ["nothing yet", "hosts:\npools:\n", "hosts:\n  new:\npools:\n"],
  ["a quoted key", 'hosts:\n  "a":\n', 'hosts:\n  "a":\n  new:\n'],
  ["windows line ends", "hosts:\r\n  a:\r\n", "hosts:\r\n  a:\r\n  new:\r\n"],
  ["line ends of both kinds", "hosts:\r\n  a:\n", "hosts:\r\n  a:\n  new:\n"],
];

for (const [name, before, after] of CASES) {
  test(`${name}`, () => {
    assert.equal(addHost(before, "new", null), after);
  });
}

test("where the place is not sure, nothing is edited", () => {
  for (const text of [
    "pools: {}\n",
    "hosts: &all\n  a:\n",
    "hosts: *all\n",
    "hosts: [a]\n",
    "hosts: {a: 1 # why }\n",
    "hosts: {a:\n",
    "- hosts\n",
    "",
  ]) {
    assert.equal(addHost(text, "new", null), null, JSON.stringify(text));
  }
});

test("a pool's list of hosts gets the host in its own style", () => {
  const hosts = "hosts:\n  a:\n";
  const after = "hosts:\n  a:\n  new:\n";
  assert.equal(
    addHost(`${hosts}pools:\n  ci:\n    hosts: [a]\n`, "new", "ci"),
    `${after}pools:\n  ci:\n    hosts: [a, new]\n`,
  );
  assert.equal(
    addHost(`${hosts}pools:\n  ci:\n    hosts:\n      - a # one\n    run: process\n`, "new", "ci"),
    `${after}pools:\n  ci:\n    hosts:\n      - a # one\n      - new\n    run: process\n`,
  );
  assert.equal(
    addHost(`${hosts}pools:\n  ci:\n    hosts:\n    - a\n`, "new", "ci"),
    `${after}pools:\n  ci:\n    hosts:\n    - a\n    - new\n`,
  );
  assert.equal(
    addHost(`${hosts}pools:\n  ci:\n`, "new", "ci"),
    `${after}pools:\n  ci:\n`,
    "it takes every host",
  );
});

test("whatever the other hosts are, the edit only inserts, and means one host more", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}[a-z0-9]$/);
  const host = fc.constantFrom(
    "",
    " {kind: proxmox}",
    " # why",
    "\n    kind: vm\n    disk: 20GiB",
    "\n    # inner\n    kind: vm",
  );
  const gap = fc.constantFrom("", "\n", "  # between\n", "# left\n");
  fc.assert(
    fc.property(fc.dictionary(name, fc.tuple(host, gap), { minKeys: 1, maxKeys: 6 }), (hosts) => {
      delete hosts.new;
      fc.pre(Object.keys(hosts).length > 0);
      const body = Object.entries(hosts).map(([key, [text, after]]) => `  ${key}:${text}\n${after}`);
      const before = `version: 1\nhosts:\n${body.join("")}pools:\n  ci:\n`;
      const after = addHost(before, "new", null);
      assert.ok(after !== null);
      assert.ok(isInsertion(before, after), after);
      const old = parse(before) as { hosts: object };
      assert.deepEqual(parse(after), { ...old, hosts: { ...old.hosts, new: null } });
    }),
  );
});

function isInsertion(before: string, after: string): boolean {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  return after.endsWith(before.slice(start));
}
