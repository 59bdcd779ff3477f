// A guest of a Proxmox node that makes itself a host of the fleet on its first boot: a real kernel, a disk, and the
// rendered seed as the CD that the node would make of it. Emulated, so it is the one machine of the lab that has its own
// kernel, udev, network and disks.

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasTools } from "../tools/tool.ts";
import { APP_AUTH, makeApp } from "./app.ts";
import { succeed } from "./command.ts";
import { BINARY, type Lab, openLab } from "./lab.ts";
import { NOSY_JOB } from "./nosy.ts";
import { publishPackages } from "./packages.ts";
import { packRunner } from "./runner-files.ts";
import { findSlot } from "./slot.ts";

/** Of a node, as it described itself. */
const NODE = join(
  import.meta.dirname,
  "../../fixtures/nodes/good-acs-on-intel-with-grub/expected/hosts/pve1.yaml",
);
const VERSION = "2.337.0";
const GUEST = "builder";
const ADDRESS = "10.0.2.15";
const FOLDER = `rendered/hosts/pve1/vm/9101-${GUEST}`;
const PATIENT = { within: 300_000 };

/** The guest gets ci-fleet from its node's second disk, for there is no `install`. */
function writeSpec(lab: Lab, runner: string, publicKey: string): string {
  return `version: 1
fleet: acme
github: {url: https://github.com/acme, auth: ${APP_AUTH}}
runner: {version: "${VERSION}", checksums: {linux-x64: ${runner}}}
network: {ca: certs/lab.pem, mirrors: {apt: "https://mirror.lab.example/debian"}}
hosts:
  pve1: {kind: proxmox}
  ${GUEST}:
    kind: vm
    parent: pve1
    vmId: 9101
    limits: {cpus: 2, memory: 2GiB}
    disk: 4GiB
    network: {address: ${ADDRESS}/24, gateway: 10.0.2.2, dns: [${lab.internet.address}]}
    sshKeys: ["${publicKey}"]
    cacheFolder: /srv/caches
pools:
  ci: {hosts: [${GUEST}], run: process, labels: [vm], cache: [{name: layers, path: /home/runner/.layers, size: 1GiB}]}
watchdog: {every: 1h}
`;
}

async function makeRepository(lab: Lab, publicKey: string): Promise<string> {
  for (const [path, content] of await publishPackages()) lab.github.files.set(path, content);
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-lab-repository-"));
  lab.ending(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ["certs", "hosts"]) mkdirSync(join(folder, name));
  copyFileSync(NODE, join(folder, "hosts/pve1.yaml"));
  writeFileSync(join(folder, "certs/lab.pem"), lab.authority.certificate);
  writeFileSync(join(folder, "fleet.yaml"), writeSpec(lab, (await packRunner(VERSION)).sha256, publicKey));
  await succeed(BINARY, ["render", "-C", folder]);
  return folder;
}

/** As the node keeps the guest's settings (qm.conf(5)). */
function readSetting(repository: string, pattern: RegExp): string {
  const settings = readFileSync(join(repository, FOLDER, "9101.conf"), "utf8");
  return pattern.exec(settings)?.[1] ?? assert.fail(settings);
}

test("a virtual machine that boots from a disk, with the rendered seed as a CD", async (t) => {
  if (!hasTools(t, "qemu-system-x86_64", "genisoimage", "mke2fs", "setpriv", "busybox", "ssh")) return;
  const lab = await openLab(t);
  if (lab === null) return;
  lab.github.liveness = 5000;
  const keys = mkdtempSync(join(tmpdir(), "ci-fleet-lab-key-"));
  lab.ending(() => rmSync(keys, { recursive: true, force: true }));
  const key = join(keys, "key");
  await succeed("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "alice", "-f", key]);
  const caches = mkdtempSync(join(tmpdir(), "ci-fleet-lab-caches-"));
  lab.ending(() => rmSync(caches, { recursive: true, force: true }));
  const repository = await makeRepository(lab, readFileSync(`${key}.pub`, "utf8").trim());
  const { pem } = makeApp(lab);
  const host = await lab.startVirtualMachine({
    name: GUEST,
    mac: readSetting(repository, /^net0: virtio=([0-9A-F:]{17})/m),
    address: ADDRESS,
    seed: join(repository, FOLDER, "cloud-init"),
    program: BINARY,
    shared: { tag: readSetting(repository, /^virtiofs0: ([\w-]+)$/m), folder: caches },
    login: { user: "debian", key },
  });
  const slot = findSlot(lab, host, { run: "process", pool: "ci" });

  await lab.scene("its first boot ends without an error, and leaves nothing to do", async () => {
    const said = await host.ask(["cloud-init", "status", "--wait", "--long"]);
    const log = await host.ask(["cat", "/var/log/cloud-init-output.log"]);
    assert.equal(said.code, 0, said.stdout + said.stderr + log.stdout);
    assert.match(said.stdout, /^\.*status: done$/m);
    assert.match(said.stdout, /DataSourceNoCloud \[seed=\/dev\/sr\d\]/);
    assert.equal((await host.ask(["systemctl", "--failed", "--plain", "--no-legend"])).stdout, "");
    assert.equal(await host.bash("ls /usr/local/lib/ci-fleet"), "setup.sh\n");
    assert.equal((await host.ask(["systemctl", "is-enabled", "ci-fleet-setup.timer"])).stdout, "disabled\n");
    assert.equal(await host.bash("hostname"), `${GUEST}\n`);
    assert.equal((await host.ask(["systemctl", "is-active", "qemu-guest-agent"])).stdout, "active\n");
  });

  await lab.scene("with a credential its runner comes up, and takes a job", async () => {
    const said = await host.ask(["ci-fleet", "auth", "put"], pem);
    assert.equal(said.code, 0, said.stderr);
    await host.run("ci-fleet", "start", GUEST);
    await slot.online(undefined, PATIENT);
    const script = `${NOSY_JOB}\necho "a day's work" >/home/runner/.layers/layer`;
    const job = lab.queueJob(script, { labels: ["vm"], name: "in a virtual machine" });
    await lab.expectJob(job, "success", PATIENT);
    assert.match(job.runnerName ?? "", new RegExp(`^${slot.name}-`));
  });

  await lab.scene("what its job left in a cache is in the node's folder", async () => {
    assert.equal(readFileSync(join(caches, slot.name, "layers/layer"), "utf8"), "a day's work\n");
  });
});
