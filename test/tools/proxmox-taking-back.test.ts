// What the rendered scripts of a Proxmox node take back, and what they say that they would do, run for real against the
// stand-in: grants and mappings of guests that are gone, everything on request, and nothing of anybody else's.

import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { renderPlan } from "../../src/render/render-plan.ts";
import { loadNode } from "../render/load-node.ts";
import { openProxmoxJudge } from "../render/proxmox-judge.ts";
import { type PlayNode, playNode } from "./proxmox/play-node.ts";

const HOST = "hosts/pve1";
const QM = `${HOST}/vm/9100-vm/qm.sh`;
const PCI = `${HOST}/mapping/pci.sh`;
const ACCESS = `${HOST}/access.sh`;
const hasData = openProxmoxJudge() !== null;

async function play(t: TestContext, name: string): Promise<PlayNode | null> {
  if (!hasData) {
    t.skip("no reference data at CI_FLEET_DATA");
    return null;
  }
  const { plan } = await loadNode(name);
  assert.ok(plan !== null);
  const node = playNode(t, renderPlan(plan, new Set(["pve1"]), []));
  const script = join(node.folder, ACCESS);
  writeFileSync(script, readFileSync(script, "utf8").replaceAll("/etc/ci-fleet/", `${node.folder}/etc/`));
  return node;
}

const GOOD = "good-acs-on-intel-with-grub";
const entry = (node: string) =>
  `id=10de:2684,iommugroup=15,node=${node},path=0000:01:00,subsystem-id=10de:1656`;

test("a dry run prints each command and gives none", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  const before = node.state();
  const said = (script: string) => {
    const { code, said, changes } = node.run(script, ["--dry-run"]);
    assert.deepEqual({ code, changes }, { code: 0, changes: [] }, said);
    return said;
  };
  assert.match(said(PCI), /^pvesh create \/cluster\/mapping\/pci --id ci-fleet-lab-vm /m);
  assert.match(
    said(ACCESS),
    /^pveum acl modify \/vms\/9100 --tokens ci-fleet@pve\\!lab --roles CiFleetGuest$/m,
  );
  const guest = said(QM);
  for (const line of [/^install -D .*\/snippets\//m, /^qm clone 9000 9100 /m, /^qm start 9100$/m]) {
    assert.match(guest, line);
  }
  assert.deepEqual({ ...node.state(), changes: 0 }, before);
  assert.ok(!existsSync(join(node.folder, "storage")) && !existsSync(join(node.folder, "etc")));
  for (const script of [PCI, ACCESS, QM]) assert.equal(node.run(script).code, 0);
  for (const script of [PCI, ACCESS, QM]) assert.equal(said(script), "");
  node.change((state) => {
    (state.guests["9100"] as { config: Record<string, string> }).config.memory = "1024";
  });
  assert.match(said(QM), /^qm set 9100 --memory 32768$/m);
});

test("a guest is started once; stopped by whoever runs it, it stays so", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  node.run(PCI);
  assert.equal(node.run(QM, ["--no-start"]).code, 0);
  assert.equal(node.state().guests["9100"]?.status, "stopped");
  assert.equal(node.run(QM).code, 0);
  assert.equal(node.state().guests["9100"]?.status, "running");
  node.change((state) => {
    Object.assign(state.guests["9100"] ?? {}, { status: "stopped" });
  });
  assert.deepEqual(node.run(QM).changes, []);
});

test("mappings and grants of guests that are gone are revoked, and others' stay", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  node.run(PCI);
  node.run(ACCESS);
  const clean = node.state();
  const grants = [
    "/vms/9101 ci-fleet@pve!lab CiFleetGuest",
    "/vms/9101 ci-fleet@pve CiFleetGuest",
    "/mapping/pci/ci-fleet-lab-old ci-fleet@pve!lab CiFleetCard",
    "/mapping/pci/ci-fleet-lab-old ci-fleet@pve CiFleetCard",
  ];
  const theirs = [
    "/vms/9300 ci-fleet@pve!other CiFleetGuest",
    "/vms/9300 ci-fleet@pve CiFleetGuest",
    "/vms/9101 ci-fleet@pve!lab PVEAuditor",
    "/ alice@pve CiFleetGuest",
  ];
  node.change((state) => {
    state.acls.push(...grants, ...theirs);
    state.mappings["ci-fleet-lab-old"] = { description: "ci-fleet lab: old", map: [entry("pve1")] };
    state.mappings.shared = { description: "ci-fleet lab: old", map: [entry("pve1"), entry("pve2")] };
    state.mappings["ci-fleet-lab-2"] = { description: "ci-fleet lab-2: vm", map: [entry("pve1")] };
    state.mappings.games = { description: "games", map: [entry("pve1")] };
    state.mappings.elsewhere = { description: "ci-fleet lab: old", map: [entry("pve2")] };
  });
  for (const script of [PCI, ACCESS]) {
    const { code, said } = node.run(script);
    assert.equal(code, 0, said);
    assert.deepEqual(node.run(script).changes, []);
  }
  const { acls, mappings } = node.state();
  assert.deepEqual(acls, [...clean.acls, ...theirs]);
  assert.deepEqual(Object.keys(mappings).toSorted(), [
    "ci-fleet-lab-2",
    "ci-fleet-lab-vm",
    "elsewhere",
    "games",
    "shared",
  ]);
  assert.deepEqual(mappings.shared, { description: "ci-fleet lab: old", map: [entry("pve2")] });
});

test("--remove takes back all but guests that are there, and a second one finds nothing", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  const empty = node.state();
  for (const script of [PCI, ACCESS, QM]) assert.equal(node.run(script).code, 0);
  const guests = node.state().guests;
  const files = () => globSync("{root,etc,storage}/**/*.*", { cwd: node.folder });
  for (let round = 1; round <= 2; round += 1) {
    for (const script of [QM, ACCESS, PCI]) {
      const { code, said, changes } = node.run(script, ["--remove"]);
      assert.equal(code, 0, said);
      if (script === QM) assert.match(said, /the guest stays: remove it with qm destroy 9100 --purge/);
      if (round === 2) assert.deepEqual(changes, []);
    }
    assert.deepEqual({ ...node.state(), changes: 0 }, { ...empty, guests, changes: 0 });
  }
  assert.equal(files().length, 3);
  node.change((state) => {
    delete state.guests["9100"];
  });
  assert.equal(node.run(QM, ["--remove"]).code, 0);
  assert.deepEqual(files(), []);
});
