// The rendered scripts of a Proxmox node, run for real against a stand-in that is as strict as Proxmox: once, again,
// cut off at every call, over what somebody else made.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { RenderedFile } from "../../src/model/rendered-file.ts";
import { renderPlan } from "../../src/render/render-plan.ts";
import { loadNode } from "../render/load-node.ts";
import { openProxmoxJudge, readConfig } from "../render/proxmox-judge.ts";
import { type PlayNode, playNode } from "./proxmox/play-node.ts";

const HOST = "hosts/pve1";
const GUEST = `${HOST}/vm/9100-vm`;
const QM = `${GUEST}/qm.sh`;
const hasData = openProxmoxJudge() !== null;

async function render(name: string, change = (text: string) => text): Promise<readonly RenderedFile[]> {
  const { plan } = await loadNode(name, change);
  assert.ok(plan !== null);
  return renderPlan(plan, new Set(["pve1"]), []);
}

async function play(
  t: TestContext,
  name: string,
  change?: (text: string) => string,
): Promise<PlayNode | null> {
  if (!hasData) {
    t.skip("no reference data at CI_FLEET_DATA");
    return null;
  }
  return playNode(t, await render(name, change));
}

/** Volumes are named by the storage: only that there is one counts, and its properties. */
function comparable(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([key]) => key !== "description")
      .map(([key, value]) => [
        key,
        value
          .replace(/:(?:vm|base)-\d+-disk-\d+/, ":DISK")
          .split(",")
          .toSorted()
          .join(","),
      ]),
  );
}

function wanted(node: PlayNode, guest = GUEST): Record<string, string> {
  const id = /(\d+)-[^/]*$/.exec(guest)?.[1];
  const { settings } = readConfig(readFileSync(join(node.folder, guest, `${id}.conf`), "utf8"));
  return comparable(Object.fromEntries(settings));
}

const GOOD = "good-acs-on-intel-with-grub";

test("a guest is cloned, set, grown and started, and has then exactly the rendered settings", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  assert.equal(node.run(`${HOST}/mapping/pci.sh`).code, 0);
  const { code, said, changes } = node.run(QM);
  assert.equal(code, 0, said);
  assert.deepEqual(
    changes.map(([tool, verb]) => `${tool} ${verb}`),
    ["qm clone", "qm set", "qm disk", "qm start"],
  );
  const guest = node.state().guests["9100"];
  assert.equal(guest?.status, "running");
  assert.deepEqual(comparable(guest?.config ?? {}), wanted(node));
});

test("a second run changes nothing", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  node.run(`${HOST}/mapping/pci.sh`);
  node.run(QM);
  const before = node.state().guests;
  const { code, said, changes } = node.run(QM);
  assert.deepEqual({ code, said, changes }, { code: 0, said: "", changes: [] });
  assert.deepEqual(node.state().guests, before);
});

test("cut off before or after any call, the next run ends where an undisturbed one does", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  node.run(`${HOST}/mapping/pci.sh`);
  const clean = node.state();
  const first = node.run(QM);
  assert.equal(first.code, 0, first.said);
  const goal = node.state().guests;
  for (let at = 1; at <= first.changes.length; at += 1) {
    for (const sign of ["", "-"]) {
      node.change((state) => Object.assign(state, structuredClone(clean)));
      const cut = node.run(QM, [], { PVE_FAIL_AT: `${sign}${at}` });
      assert.notEqual(cut.code, 0);
      const again = node.run(QM);
      assert.equal(again.code, 0, `${sign}${at}: ${again.said}`);
      assert.deepEqual(node.state().guests, goal, `${sign}${at}`);
    }
  }
});

test("somebody else's guest, a template and a locked guest are left alone", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ name: "theirs", description: "not ci-fleet guest lab/vm" }, /somebody else made it/],
    [{ name: "vm", tags: "ci-fleet" }, /somebody else made it/],
    [{ description: "ci-fleet guest lab/vm-2" }, /somebody else made it/],
    [{ description: "ci-fleet guest lab/vm", template: "1" }, /it is a template now/],
    [{ description: "ci-fleet guest lab/vm", lock: "clone" }, /locked \(clone\)/],
  ];
  for (const [config, words] of cases) {
    node.change((state) => {
      state.guests["9100"] = { config, status: "stopped" };
    });
    const before: unknown = node.state().guests;
    const { code, said, changes } = node.run(QM);
    assert.equal(code, 1);
    assert.match(said, words);
    assert.deepEqual(changes, []);
    assert.deepEqual(node.state().guests, before);
  }
});

test("what somebody changed comes back, what the spec dropped goes, a larger disk stays", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  node.run(`${HOST}/mapping/pci.sh`);
  node.run(QM);
  node.change((state) => {
    const { config } = state.guests["9100"] as { config: Record<string, string> };
    config.memory = "1024";
    config.startup = "order=1";
    config.scsi0 = "local-lvm:vm-9100-disk-1,backup=0,cache=unsafe,size=2T";
    config.net1 = "virtio=BC:24:11:00:00:02,bridge=vmbr1";
  });
  const { code, said, changes } = node.run(QM);
  assert.equal(code, 0, said);
  const disk = "local-lvm:vm-9100-disk-1,backup=0,size=2T,discard=on,iothread=1,ssd=1";
  assert.deepEqual(changes, [
    ["qm", "set", "9100", "--memory", "32768", "--scsi0", disk, "--delete", "startup"],
  ]);
  assert.match(said, /the disk is larger than the spec says, and stays/);
  assert.match(said, /what cannot change meanwhile does at its next start/);
  assert.match(node.state().guests["9100"]?.config.net1 ?? "", /vmbr1/);
});

test("without the snippets' content, and for a guest that is held, nothing starts", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  node.change((state) => {
    state.snippets = ["other"];
  });
  const refused = node.run(QM);
  assert.equal(refused.code, 1);
  assert.match(refused.said, /the storage local holds no snippets/);
  assert.deepEqual(refused.changes, []);
  const held = await play(t, "an-iommu-that-is-off");
  const run = held?.run(QM);
  assert.equal(run?.code, 0, run?.said);
  assert.match(run?.said ?? "", /not started: the IOMMU groups of pve1 are not known yet/);
  assert.equal(held?.state().guests["9100"]?.status, "stopped");
});

const IMAGE = "debian-13-genericcloud-amd64.qcow2";

test("without a template the distribution's image is fetched once, compared with its sums and imported", async (t) => {
  const node = await play(t, "integrated-and-discrete-on-secure-boot");
  if (node === null) return;
  node.run(`${HOST}/mapping/pci.sh`);
  const images = join(node.folder, "images");
  const env = { CI_FLEET_IMAGES: images };
  const sum = createHash("sha512").update("an image").digest("hex");
  const serve = (sums: string) =>
    node.program(
      "curl",
      `#!/bin/bash\nwhile (($#)); do case $1 in --output) out=$2; shift;; http*) url=$1;; esac; shift; done
echo "$url" >>'${node.folder}/fetched'
case $url in
  https://cloud.debian.org/images/cloud/trixie/latest/SHA512SUMS) printf '%s' '${sums}' ;;
  https://cloud.debian.org/images/cloud/trixie/latest/${IMAGE}) printf 'an image' >"$out" ;;
  *) exit 22 ;;
esac\n`,
    );
  serve(`${"0".repeat(128)}  ${IMAGE}\n`);
  const bad = node.run(QM, [], env);
  assert.equal(bad.code, 1);
  assert.match(bad.said, /is not what its sums say/);
  assert.deepEqual(bad.changes, []);
  serve(`${"1".repeat(128)}  other.qcow2\n${sum}  ${IMAGE}\n`);
  const good = node.run(QM, [], env);
  assert.equal(good.code, 0, good.said);
  assert.deepEqual(
    good.changes.map(([tool, verb]) => `${tool} ${verb}`),
    ["qm create", "qm set", "qm disk", "qm start"],
  );
  assert.deepEqual(comparable(node.state().guests["9100"]?.config ?? {}), wanted(node));
  const again = node.run(QM, [], env);
  assert.deepEqual({ code: again.code, changes: again.changes }, { code: 0, changes: [] });
  assert.equal(readFileSync(join(node.folder, "fetched"), "utf8").split("\n").length - 1, 4);
});

test("without `install` in the spec a read-only disk with ci-fleet is made and given", async (t) => {
  const dropInstall = (text: string) => text.replace(/install:\n(?: {2}.*\n)+/, "");
  const node = await play(t, GOOD, dropInstall);
  if (node === null) return;
  node.run(`${HOST}/mapping/pci.sh`);
  const script = join(node.folder, QM);
  const program = join(node.folder, "program");
  writeFileSync(script, readFileSync(script, "utf8").replaceAll("/usr/bin/ci-fleet", program));
  const missing = node.run(QM);
  assert.equal(missing.code, 1);
  assert.match(missing.said, /is not on this node/);
  writeFileSync(program, "the program", { mode: 0o755 });
  node.program(
    "genisoimage",
    '#!/bin/bash\nset -e\nwhile (($# > 1)); do [[ $1 == -o ]] && out=$2; shift; done\ncat "$1/ci-fleet" >"$out"\n',
  );
  const { code, said } = node.run(QM);
  assert.equal(code, 0, said);
  const iso = join(node.folder, "storage/iso/ci-fleet-1.0.0.iso");
  assert.equal(readFileSync(iso, "utf8"), "the program");
  assert.deepEqual(comparable(node.state().guests["9100"]?.config ?? {}), wanted(node));
  assert.deepEqual(node.run(QM).changes, []);
});

test("a guest's folder for caches is made once, is the guest's alone, and outlives it", async (t) => {
  let folder = "";
  const node = await play(t, GOOD, (text) => {
    folder = `${mkdtempSync(join(tmpdir(), "caches-"))}/below`;
    t.after(() => rmSync(join(folder, ".."), { recursive: true, force: true }));
    return text.replace("disk: 100GiB", `disk: 100GiB, cacheFolder: ${folder}`);
  });
  if (node === null) return;
  node.run(`${HOST}/mapping/pci.sh`);
  const { code, said } = node.run(QM);
  assert.equal(code, 0, said);
  assert.deepEqual(comparable(node.state().guests["9100"]?.config ?? {}), wanted(node));
  const own = `${folder}/lab-vm`;
  assert.equal(statSync(own).mode & 0o777, 0o700);
  const id = node.state().guests["9100"]?.config.virtiofs0 ?? "";
  assert.ok(id.length <= 36, "longer than a tag may be");
  const made = { description: "ci-fleet guest lab/vm", map: [`node=pve1,path=${own}`] };
  assert.deepEqual(node.state().folders, { [id]: made });
  writeFileSync(join(own, "layer"), "of a day's work");
  assert.deepEqual(node.run(QM).changes, []);

  node.change((state) => Object.assign(state.folders, { [id]: { ...made, map: ["path=/old,node=pve1"] } }));
  assert.equal(node.run(QM).code, 0);
  assert.deepEqual(node.state().folders, { [id]: made });
  node.change((state) => Object.assign(state.folders, { [id]: { ...made, description: "of the house" } }));
  const refused = node.run(QM);
  assert.equal(refused.code, 1);
  assert.match(refused.said, /somebody else made the directory mapping/);

  node.change((state) => {
    state.folders[id] = made;
    state.guests = {};
  });
  assert.equal(node.run(QM, ["--remove"]).code, 0);
  assert.deepEqual(node.state().folders, {});
  assert.equal(readFileSync(join(own, "layer"), "utf8"), "of a day's work");
});

test("seeds are placed as snippets, and again only when they differ", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  node.run(`${HOST}/mapping/pci.sh`);
  assert.match(node.run(QM).said, /wrote local:snippets\/ci-fleet-lab-9100-user\.yaml/);
  const snippet = join(node.folder, "storage/snippets/ci-fleet-lab-9100-user.yaml");
  const seed = join(node.folder, GUEST, "cloud-init/user-data");
  assert.equal(readFileSync(snippet, "utf8"), readFileSync(seed, "utf8"));
  writeFileSync(snippet, "#cloud-config\n{}\n");
  assert.match(node.run(QM).said, /^guest 9100: wrote local:snippets\/ci-fleet-lab-9100-user\.yaml$/m);
  assert.equal(readFileSync(snippet, "utf8"), readFileSync(seed, "utf8"));
});

test("mappings are made, brought up to date, and never taken from others", async (t) => {
  const node = await play(t, "a-mapping-that-guests-share");
  if (node === null) return;
  const script = `${HOST}/mapping/pci.sh`;
  assert.equal(node.run(script).code, 0);
  const made = node.state().mappings;
  assert.deepEqual(made.gpus?.map, [
    "id=10de:2684,iommugroup=15,node=pve1,path=0000:01:00,subsystem-id=10de:1656",
    "id=10de:2684,iommugroup=16,node=pve1,path=0000:02:00,subsystem-id=10de:1656",
  ]);
  const other = "id=10de:2684,iommugroup=3,node=pve2,path=0000:05:00,subsystem-id=10de:1656";
  node.change((state) => {
    state.mappings.gpus?.map.splice(0, 1, other);
  });
  assert.equal(node.run(script).code, 0);
  assert.deepEqual(node.state().mappings.gpus?.map.toSorted(), [...(made.gpus?.map ?? []), other].toSorted());
  node.change((state) => {
    state.mappings.gpus = { description: "for the game server", map: [other] };
  });
  const refused = node.run(script);
  assert.equal(refused.code, 1);
  assert.match(refused.said, /somebody else made it/);
  assert.deepEqual(node.state().mappings.gpus?.map, [other]);
});

test("the token gets what its guests need, its secret goes into one file, a second run changes nothing", async (t) => {
  const node = await play(t, GOOD);
  if (node === null) return;
  const script = join(node.folder, `${HOST}/access.sh`);
  const secret = join(node.folder, "etc/proxmox-lab.json");
  writeFileSync(script, readFileSync(script, "utf8").replaceAll("/etc/ci-fleet/", `${node.folder}/etc/`));
  const { code, said } = node.run(`${HOST}/access.sh`);
  assert.equal(code, 0, said);
  assert.doesNotMatch(said, /5e0c7a1e/);
  assert.equal(JSON.parse(readFileSync(secret, "utf8")).value, "5e0c7a1e-secret-of-the-token");
  assert.equal(statSync(secret).mode & 0o777, 0o600);
  const { acls, roles } = node.state();
  assert.deepEqual(
    acls.filter((entry) => entry.includes("!")).map((entry) => entry.replace("ci-fleet@pve!lab ", "")),
    [
      "/vms/9100 CiFleetGuest",
      "/vms/9000 CiFleetTemplate",
      "/storage/local-lvm CiFleetStorage",
      "/storage/local CiFleetRead",
      "/sdn/zones/localnetwork/vmbr0 CiFleetNetwork",
      "/mapping/pci/ci-fleet-lab-vm CiFleetCard",
    ],
  );
  assert.doesNotMatch(
    Object.values(roles).join(" "),
    /Sys\.|Permissions|User\.|Realm|Mapping\.Modify|Datastore\.Allocate\b(?!Space)/,
  );
  mkdirSync(join(node.folder, "kept"));
  const before = node.state();
  const again = node.run(`${HOST}/access.sh`);
  assert.deepEqual({ ...again, code: 0 }, { code: 0, said: "", changes: [] });
  assert.deepEqual({ ...node.state(), changes: 0 }, { ...before, changes: 0 });
});
