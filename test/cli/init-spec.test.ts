// The first spec for every host of fixtures/hosts: a golden for each, and each of them plans without an error
// where the machine can hold any runner at all.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hasErrors } from "../../src/base/diagnostic.ts";
import type { InitAnswers } from "../../src/cli/init/answers.ts";
import { chooseSpec } from "../../src/cli/init/choose-spec.ts";
import { readOwner } from "../../src/cli/init/guess-url.ts";
import { readInventory } from "../../src/hardware/read-inventory.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { parseSpec } from "../../src/spec/parse-spec.ts";
import { expectGolden } from "../golden.ts";

const HOSTS = "fixtures/hosts";
const GOLDENS = "fixtures/cli/first-specs";

/** Machines that no official runner is built for, or that nothing is known of. */
const HOPELESS: readonly string[] = ["nothing-readable"];

const ANSWERS: InitAnswers = {
  host: "box",
  url: "https://github.com/acme",
  urlIsExample: false,
  fleet: "acme",
  auth: { kind: "later" },
  run: null,
  lifetime: null,
  pool: null,
};

test("each machine gets a first spec that it can hold", () => {
  const hosts = readdirSync(HOSTS).filter((name) => existsSync(join(HOSTS, name, "expected/inventory.yaml")));
  assert.ok(hosts.length >= 10);
  const files = hosts.sort().map((name) => {
    const inventory = readInventory(
      readFileSync(join(HOSTS, name, "expected/inventory.yaml"), "utf8"),
      "box",
    ).value;
    assert.ok(inventory !== null, name);
    const text = chooseSpec(ANSWERS, inventory);
    const { fleet, diagnostics } = parseSpec(text);
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === "error"),
      [],
      text,
    );
    assert.ok(fleet !== null);
    const inventories = new Map(
      fleet.hosts.map((host) => [host.name, host.name === "box" ? inventory : null]),
    );
    const inputs = {
      specFile: "fleet.yaml",
      ciFleetVersion: "1.0.0",
      inventories,
      imageFolders: new Map(),
      authority: null,
      acceptedRisks: [],
    };
    const planned = planFleet(fleet, inputs);
    assert.equal(hasErrors(planned.diagnostics), HOPELESS.includes(name), `${name}: ${text}`);
    return { path: `${name}.yaml`, content: text, mode: 0o644 as const };
  });
  expectGolden(GOLDENS, files);
});

test("the owner is read from every form of a remote on GitHub, and from no other", () => {
  const cases: Readonly<Record<string, string | null>> = {
    "https://github.com/acme/fleet": "https://github.com/acme",
    "https://github.com/acme/fleet.git": "https://github.com/acme",
    "https://alice:ghp_secret@github.com/acme/fleet.git": "https://github.com/acme",
    "git@github.com:acme/fleet.git": "https://github.com/acme",
    "ssh://git@github.com/acme/fleet.git": "https://github.com/acme",
    "ssh://git@ssh.github.com:443/acme/fleet.git": "https://github.com/acme",
    "https://acme.ghe.com/team/fleet": "https://acme.ghe.com/team",
    "https://gitlab.com/acme/fleet": null,
    "https://github.com.evil.example/acme/fleet": null,
    "/srv/git/fleet.git": null,
    "https://github.com/acme": null,
    "": null,
  };
  for (const [remote, owner] of Object.entries(cases)) assert.equal(readOwner(remote), owner, remote);
});
