// A guest of one job, from its seed to the end of its second life: the seed that a machine with KVM gives it, a systemd
// that boots and powers off, and the script that holds it to its one job. Its kernel and its disk are a container's; what
// the parent does between two boots is done here.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SERVE_WORD } from "../../src/model/one-job.ts";
import { APP_AUTH, makeApp } from "./app.ts";
import { docker, succeed } from "./command.ts";
import { BINARY, type Lab, openLab } from "./lab.ts";
import { NOSY_JOB } from "./nosy.ts";
import { publishPackages } from "./packages.ts";
import { packRunner } from "./runner-files.ts";
import { findSlot } from "./slot.ts";
import { waitFor } from "./wait-for.ts";

const VERSION = "2.337.0";
const GUEST = "job";
const PATIENT = { within: 200_000 };
const PARENT = `version: 1
arch: x64
systemd: {version: 257, running: true}
kvm: {present: true, usable: true}
cpu: {threads: 16}
memory: {totalMiB: 65536}
iommu: {groups: []}
`;

async function makeRepository(lab: Lab): Promise<string> {
  const binary = readFileSync(BINARY);
  const sum = createHash("sha256").update(binary).digest("hex");
  lab.github.files.set("/ci-fleet-linux-x64", binary);
  for (const [path, content] of await publishPackages()) lab.github.files.set(path, content);
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-lab-repository-"));
  lab.ending(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ["certs", "hosts"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "certs/lab.pem"), lab.authority.certificate);
  writeFileSync(join(folder, "hosts/forge.yaml"), PARENT);
  const spec = `version: 1
fleet: acme
github: {url: https://github.com/acme, auth: ${APP_AUTH}}
runner: {version: "${VERSION}", checksums: {linux-x64: ${(await packRunner(VERSION)).sha256}}}
network: {ca: certs/lab.pem, mirrors: {apt: "https://mirror.lab.example/debian"}}
install: {url: https://files.lab.example/ci-fleet-linux-x64, sha256: ${sum}}
hosts:
  forge:
  ${GUEST}:
    kind: vm
    parent: forge
    lifetime: ephemeral
    limits: {cpus: 2, memory: 2GiB}
    disk: 8GiB
    sshPort: 2201
    sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExample alice"]
pools:
  ci: {hosts: [${GUEST}], run: process, labels: [vm]}
watchdog: {every: 1h}
`;
  writeFileSync(join(folder, "fleet.yaml"), spec);
  await succeed(BINARY, ["render", "-C", folder]);
  return folder;
}

test("a guest of one job lives twice", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  lab.github.liveness = 2000;
  const repository = await makeRepository(lab);
  const { pem } = makeApp(lab);
  const seed = join(repository, `rendered/hosts/forge/vm/${GUEST}/cloud-init`);
  const host = await lab.bootNewMachine(seed, { bare: true, name: GUEST });
  const slot = findSlot(lab, host, { run: "process", pool: "ci" });
  const off = () =>
    waitFor(
      "the power to be off",
      async () =>
        (await docker("inspect", "--format", "{{.State.Running}}", host.container)).stdout === "false\n",
      { ...PATIENT, every: 500, instead: () => host.journal() },
    );

  await lab.scene("its first boot lacks nothing but its credential", async () => {
    const said = await host.ask(["cloud-init", "status", "--wait", "--long"]);
    const log = await host.bash("cat /var/log/cloud-init-output.log");
    assert.match(log, /^ci-fleet setup: failed: credential$/m, said.stdout);
    assert.equal(slot.mints(), 0);
  });

  await lab.scene("with it the power goes off; told that it is clean it takes a job", async () => {
    assert.equal((await host.ask(["ci-fleet", "auth", "put"], pem)).code, 0);
    await host.run("systemctl", "start", "--no-block", "ci-fleet-setup.service");
    await off();
    assert.equal(slot.mints(), 0, "it registered nowhere");
    // A container has no firmware: its word comes in a file.
    const script = "/etc/ci-fleet/acme/runner/one-job.sh";
    const copy = join(repository, "one-job.sh");
    await docker("cp", `${host.container}:${script}`, copy);
    const text = readFileSync(copy, "utf8");
    const told = text.replace("/sys/class/dmi/id/product_family", "/srv/family");
    assert.notEqual(told, text);
    writeFileSync(copy, told, { mode: 0o755 });
    writeFileSync(join(repository, "family"), `${SERVE_WORD}\n`);
    await docker("cp", copy, `${host.container}:${script}`);
    await docker("cp", join(repository, "family"), `${host.container}:/srv/family`);
    await docker("start", host.container);
    await slot.online(undefined, PATIENT);
    assert.equal((await host.ask(["systemctl", "is-enabled", "ci-fleet-setup.timer"])).stdout, "disabled\n");
    const job = lab.queueJob(`${NOSY_JOB}\nuntil [ -e /home/runner/go ]; do sleep 0.2; done`, {
      labels: ["vm"],
      name: "one",
    });
    await waitFor("the job to run", () => job.status === "in_progress", PATIENT);
    assert.match(job.runnerName ?? "", new RegExp(`^${slot.name}-`));
    await host.bash(`touch /var/lib/ci-fleet/acme/${slot.name}/home/go`);
    await lab.expectJob(job, "success", PATIENT);
    await off();
    assert.equal(slot.mints(), 1, "one registration, one job");
    // Nobody made it clean: it takes no other.
    await docker("start", host.container);
    await off();
    // Held back by a person it stays, to be looked into.
    const mark = join(repository, slot.name);
    writeFileSync(mark, "");
    await docker("cp", mark, `${host.container}:/var/lib/ci-fleet/acme/drained/${slot.name}`);
    await docker("start", host.container);
    await waitFor(
      "its last boot",
      () => host.isTrue("systemctl is-system-running | grep -qE 'running|degraded'"),
      PATIENT,
    );
    assert.equal((await host.ask(["systemctl", "is-active", slot.unit])).stdout, "inactive\n");
    assert.equal(slot.mints(), 1, "one registration, one job");
  });
});
