// What no rendered file may ever have, in all the goldens that are checked in: powers that let a job leave its
// container, units that leave processes behind, secrets. What a spec cannot ask for, no check has to warn of.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { findSecrets } from "../../src/base/secret-patterns.ts";

const GOLDENS = [
  "fixtures/fleets/*/expected/rendered",
  "fixtures/containers/*",
  "fixtures/units/*",
  "fixtures/cloud-init/*",
];
const filesOf = (end: string): readonly string[] =>
  GOLDENS.flatMap((top) => globSync(`${top}/**/*${end}`)).sort();

type Service = Readonly<Record<string, unknown>>;
interface Mount {
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
}

const composeFiles = filesOf("compose.yaml");
const services = composeFiles.flatMap((file) => {
  const project = parse(readFileSync(file, "utf8")) as { services: Record<string, Service> };
  return Object.entries(project.services).map(([name, service]) => ({
    at: `${file} ${name}`,
    name,
    service,
  }));
});
const slots = services.filter(({ name }) => !name.endsWith("-dind"));

test("there is something to look at", () => {
  assert.ok(composeFiles.length > 5 && slots.length > 10);
  assert.ok(filesOf(".service").length > 50 && filesOf("user-data").length > 2);
});

test("no service publishes a port or shares the host's processes, memory or users", () => {
  for (const { at, service } of services) {
    for (const key of ["ports", "pid", "ipc", "userns_mode", "cgroup_parent", "devices_cgroup_rules"]) {
      assert.ok(!(key in service), `${at} has ${key}`);
    }
    assert.doesNotMatch(JSON.stringify(service.security_opt ?? []), /unconfined/, at);
  }
});

test("a slot is never privileged, and on the host's network only with the host's engine", () => {
  for (const { at, service } of slots) {
    assert.ok(!("privileged" in service), at);
    const mounts = service.volumes as readonly Mount[];
    const hasEngine = mounts.some(({ source }) => source.includes("docker.sock"));
    assert.equal(service.network_mode === "host", hasEngine, at);
  }
});

test("a slot drops what it can, is not root, and cannot write its own scripts", () => {
  for (const { at, service } of slots) {
    assert.deepEqual(service.cap_drop, ["ALL"], at);
    assert.equal(service.user, "1001", at);
    const mounts = service.volumes as readonly Mount[];
    const scripts = mounts.filter(({ target }) => target === "/ci-fleet/scripts");
    assert.deepEqual(
      scripts.map((mount) => mount.read_only),
      [true],
      at,
    );
  }
});

test("no unit leaves processes behind, and no user of a guest needs no password for root", () => {
  for (const file of filesOf(".service")) {
    for (const [, mode] of readFileSync(file, "utf8").matchAll(/^KillMode=(.*)$/gm)) {
      assert.match(mode ?? "", /^(?:mixed|control-group)$/, file);
    }
  }
  for (const file of filesOf("user-data")) assert.doesNotMatch(readFileSync(file, "utf8"), /NOPASSWD/, file);
});

test("nothing that looks like a secret is in any file", () => {
  for (const file of filesOf("")) {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      continue;
    }
    assert.deepEqual(findSecrets(text), [], file);
  }
});
