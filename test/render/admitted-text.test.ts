// What the spec admits can be rendered: no text that passes validation is one that a quoting function refuses, for
// that would end as a bug of ours before a user's eyes. In: a fleet with every family of files, one field of it at
// a time filled with what the field's form allows.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { hasErrors } from "../../src/base/diagnostic.ts";
import { readInventory } from "../../src/hardware/read-inventory.ts";
import type { Inventory } from "../../src/model/inventory.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { renderPlan } from "../../src/render/render-plan.ts";
import { type FormatName, formatOf } from "../../src/spec/formats.ts";
import { parseSpec } from "../../src/spec/parse-spec.ts";

const KEY = `ssh-ed25519 ${"A".repeat(40)}`;

const POOL = {
  limits: { cpus: 1, memory: "1GiB" },
  env: { A: "a" },
  volumes: ["/srv/a:/a"],
  cache: [{ name: "c", path: "/c", size: "1GiB" }],
};

const FLEET = {
  version: 1,
  fleet: "acme",
  github: { url: "https://github.com/acme", runnerGroup: "ci", auth: { token: "/etc/ci-fleet/token" } },
  network: {
    proxy: "http://proxy:3128",
    noProxy: [".corp"],
    ca: "/etc/ssl/corp.pem",
    mirrors: { apt: "http://apt.corp/debian", docker: "https://registry.corp" },
  },
  install: { url: "https://files.corp/ci-fleet", sha256: "0".repeat(64) },
  hosts: {
    forge: null,
    debian: { os: "debian-13", sshKeys: [KEY] },
    ubuntu: {
      os: "ubuntu-24.04",
      network: { address: "10.0.0.5/24", gateway: "10.0.0.1", dns: ["10.0.0.1"] },
    },
    arch: { os: "arch", network: { address: "10.0.0.6/24", mac: "bc:24:11:00:00:01" } },
    pve: { kind: "proxmox", storage: "local-lvm", snippets: "local", bridge: "vmbr0" },
    guest: {
      kind: "vm",
      parent: "pve",
      gpu: "0000:01:00",
      limits: { cpus: 2 },
      network: { address: "10.0.0.7/24", mac: "bc:24:11:00:00:02" },
      hardware: { romfile: "a.rom", tags: ["gpu"], flags: ["+pcid"] },
    },
    other: { kind: "vm", parent: "pve", gpu: "gpus", limits: { cpus: 2 } },
  },
  pools: {
    built: { ...POOL, hosts: ["forge"], labels: ["built"], image: { packages: ["clang"] } },
    own: { ...POOL, labels: ["own"], image: { from: "ghcr.io/acme/tools:1" } },
    unit: { ...POOL, volumes: [], cache: [], run: "process", lifetime: "persistent", labels: ["unit"] },
  },
  watchdog: { metrics: "/var/lib/ci.prom", ping: "https://hc.corp/1" },
};

/** Where a text goes, and the form that it has there. */
const FIELDS: readonly (readonly [path: string, format: FormatName])[] = [
  ["fleet", "name"],
  ["github.runnerGroup", "group"],
  ["github.auth.token", "absolutePath"],
  ["network.proxy", "proxyUrl"],
  ["hosts.pve.storage", "storage"],
  ["hosts.pve.snippets", "storage"],
  ["hosts.pve.bridge", "bridge"],
  ["hosts.guest.network.mac", "mac"],
  ["hosts.guest.hardware.romfile", "romFile"],
  ["hosts.guest.hardware.tags.0", "guestTag"],
  ["hosts.guest.hardware.flags.0", "cpuFlag"],
  ["hosts.other.gpu", "mapping"],
  ["network.noProxy.0", "noProxy"],
  ["network.ca", "authorityPath"],
  ["network.mirrors.apt", "webUrl"],
  ["network.mirrors.docker", "webUrl"],
  ["install.url", "downloadUrl"],
  ["hosts.debian.sshKeys.0", "sshKey"],
  ["hosts.ubuntu.network.address", "cidr"],
  ["hosts.ubuntu.network.dns.0", "ip"],
  ["hosts.arch.network.mac", "mac"],
  ["pools.built.image.packages.0", "package"],
  ["pools.built.labels.0", "label"],
  ["pools.built.env.A", "anyText"],
  ["pools.built.volumes.0", "volume"],
  ["pools.built.cache.0.path", "absolutePath"],
  ["pools.built.cache.0.name", "name"],
  ["pools.own.image.from", "image"],
  ["pools.unit.env.A", "anyText"],
  ["watchdog.metrics", "metricsFile"],
  ["watchdog.ping", "webUrl"],
];

const FORGE = readForge();
const NODE = readInventory(
  readFileSync("fixtures/nodes/good-acs-on-intel-with-grub/expected/hosts/pve1.yaml", "utf8"),
  "pve",
).value;
const AUTHORITY = readFileSync("fixtures/fleets/behind-a-company-s-authority/certs/corp.pem", "utf8");

for (const [path, format] of FIELDS) {
  test(`whatever the spec admits as ${path} is rendered`, () => {
    let rendered = 0;
    fc.assert(
      fc.property(textsOf(format), (text) => {
        const fleet = fill(path, text);
        const spec = parseSpec(JSON.stringify(fleet), { now: 0, productVersion: "1.0.0" });
        if (spec.fleet === null || hasErrors(spec.diagnostics)) return;
        const inventories = new Map<string, Inventory | null>([["forge", FORGE]]);
        for (const name of ["debian", "ubuntu", "arch", "guest", "other"]) inventories.set(name, null);
        inventories.set("pve", NODE);
        const context = {
          specFile: "fleet.yaml",
          ciFleetVersion: "1.0.0",
          inventories,
          imageFolders: new Map(),
          authority: { pem: AUTHORITY },
          acceptedRisks: [],
        };
        const plan = planFleet(spec.fleet, context);
        if (plan.value === null) return;
        assert.ok(renderPlan(plan.value, null, []).length > 10);
        rendered += 1;
      }),
      { numRuns: 10 },
    );
    assert.ok(rendered >= 3, `only ${rendered} of the texts were admitted`);
  });
}

/** Texts that fit the form's pattern, rarely the usual ones; and attackers' favourites where anything goes. */
function textsOf(format: FormatName): fc.Arbitrary<string> {
  const { pattern } = formatOf(format);
  if (format === "anyText") return fc.string({ unit: "binary", maxLength: 40 });
  // Few of the texts that fit the pattern are addresses at all.
  const rest = fc.stringMatching(/^[A-Za-z0-9._~,+=%&-]{0,20}$/);
  if (format === "proxyUrl") return rest.map((user) => `http://${user}@proxy:3128`);
  if (/Url$/.test(format)) return rest.map((path) => `https://files.corp/${path}`);
  const fitting = fc.stringMatching(new RegExp(pattern), { maxLength: 80 });
  // Few texts of hexadecimal digits and colons are an IPv6 address, so few runs would come as far as rendering.
  return format === "ip" ? fc.oneof(fc.ipV4(), fc.ipV6(), fitting) : fitting;
}

function fill(path: string, text: string): unknown {
  const fleet = structuredClone(FLEET) as Record<string, unknown>;
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  let at: Record<string, unknown> = fleet;
  for (const step of steps) at = at[step] as Record<string, unknown>;
  if (last === "0" && !Array.isArray(at)) throw new Error(`${path} is no list`);
  at[last] = text;
  return fleet;
}

function readForge(): Inventory {
  const text = readFileSync("fixtures/hosts/plain-vm/expected/inventory.yaml", "utf8");
  const { value } = readInventory(text, "forge");
  if (value === null) throw new Error("the fixture's inventory cannot be read");
  return value;
}
