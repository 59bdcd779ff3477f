// A machine that nobody logs in to before it has a credential: rendered cloud-init data and the boot of a cloud's image
// are all that makes it a host of the fleet.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { APP_AUTH, makeApp } from "./app.ts";
import { succeed } from "./command.ts";
import { BINARY, type Lab, openLab } from "./lab.ts";
import { NOSY_JOB } from "./nosy.ts";
import { publishPackages } from "./packages.ts";
import { packRunner } from "./runner-files.ts";
import { findSlot } from "./slot.ts";
import { waitFor } from "./wait-for.ts";

const VERSION = "2.337.0";
/** From the first try in vain to the one after the credential came. */
const PATIENT = { within: 200_000 };

const POOLS = {
  eph: "{labels: [eph]}",
  per: "{lifetime: persistent, labels: [per]}",
  proc: "{run: process, labels: [proc]}",
  pers: "{run: process, lifetime: persistent, labels: [pers]}",
};

/** The repository as its people have it, rendered; nobody has seen the machine. */
async function makeRepository(lab: Lab, pools: Readonly<Record<string, string>>): Promise<string> {
  const binary = readFileSync(BINARY);
  const sha256 = createHash("sha256").update(binary).digest("hex");
  lab.github.files.set("/ci-fleet-linux-x64", binary);
  for (const [path, content] of await publishPackages()) lab.github.files.set(path, content);
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-lab-repository-"));
  lab.ending(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "fleet/certs"), { recursive: true });
  // Nothing on the machine trusts it before.
  writeFileSync(join(folder, "fleet/certs/lab.pem"), lab.authority.certificate);
  writeFileSync(
    join(folder, "fleet/fleet.yaml"),
    writeSpec(pools, sha256, (await packRunner(VERSION)).sha256),
  );
  await succeed(BINARY, ["render", "-C", join(folder, "fleet")]);
  return join(folder, "fleet");
}

function writeSpec(pools: Readonly<Record<string, string>>, program: string, runner: string): string {
  const lines = Object.entries(pools).map(([name, pool]) => `  ${name}: ${pool}\n`);
  return `version: 1
fleet: acme
github: {url: https://github.com/acme, auth: ${APP_AUTH}}
runner: {version: "${VERSION}", checksums: {linux-x64: ${runner}}}
network: {ca: certs/lab.pem, mirrors: {apt: "https://mirror.lab.example/debian"}}
install: {url: https://files.lab.example/ci-fleet-linux-x64, sha256: ${program}}
hosts:
  forge: {os: debian-13}
pools:
${lines.join("")}watchdog: {every: 1h}
`;
}

test("a machine that cloud-init makes a host of the fleet", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  lab.github.liveness = 2000;
  const repository = await makeRepository(lab, POOLS);
  const { pem } = makeApp(lab);
  const host = await lab.bootNewMachine(join(repository, "rendered/hosts/forge/cloud-init"));
  const slots = Object.entries(POOLS).map(([pool, words]) =>
    findSlot(lab, host, { run: words.includes("process") ? "process" : "container", pool }),
  );
  const runners = () => [...lab.github.scope("orgs/acme").runners.values()];
  const runJobs = async (script: string) => {
    const jobs = Object.keys(POOLS).map((pool) => lab.queueJob(script, { labels: [pool], name: pool }));
    for (const job of jobs) await lab.expectJob(job, "success", PATIENT);
  };
  const apply = (...words: readonly string[]) =>
    host.ask(["ci-fleet", "apply", "-C", "/srv/fleet", ...words]);

  await lab.scene("its first boot ends without an error, and leaves nothing to do", async () => {
    const said = await host.ask(["cloud-init", "status", "--wait", "--long"]);
    const log = await host.ask(["cat", "/var/log/cloud-init-output.log"]);
    assert.equal(said.code, 0, said.stdout + said.stderr + log.stdout);
    assert.match(said.stdout, /^status: done$/m);
    assert.equal((await host.ask(["systemctl", "--failed", "--plain", "--no-legend"])).stdout, "");
    assert.equal(await host.bash("ls /usr/local/lib/ci-fleet"), "setup.sh\n");
    assert.equal((await host.ask(["systemctl", "is-enabled", "ci-fleet-setup.timer"])).stdout, "disabled\n");
  });

  await lab.scene("without a credential its slots wait, and say what for", async () => {
    const status = async () => (await host.ask(["ci-fleet", "status", "--local", "--json"])).stdout;
    const isSaid = async () => {
      const said = JSON.parse(await status()) as { slots: readonly { reason: string; text: string }[] };
      const waiting = said.slots.filter(({ text }) => text.includes("there is no /etc/ci-fleet/app.pem"));
      return waiting.length === slots.length && waiting.every(({ reason }) => reason === "PreflightRed");
    };
    await waitFor("all slots to wait", isSaid, { instead: status });
    assert.deepEqual(runners(), []);
    assert.deepEqual(
      lab.github.requests.filter(({ path }) => path.startsWith("/orgs/")),
      [],
    );
  });

  await lab.scene("with it they come up by themselves, and take jobs", async () => {
    const said = await host.ask(["ci-fleet", "auth", "put"], pem);
    assert.equal(said.code, 0, said.stderr);
    for (const slot of slots) await slot.online(undefined, PATIENT);
    await runJobs(NOSY_JOB);
  });

  await lab.scene("the repository that it was made from has nothing to add", async () => {
    await host.copyIn(repository, "/srv/fleet");
    const said = await apply();
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stderr, /^everything is in force$/m);
  });

  await lab.scene("a second boot does nothing of it again", async () => {
    const files =
      "find /etc/ci-fleet /etc/docker /etc/systemd/system /etc/ssh /usr/local/lib/ci-fleet -type f | sort | xargs sha256sum; ls /var/lib/cloud/instances";
    const before = await host.bash(files);
    await host.reboot();
    assert.equal((await host.ask(["cloud-init", "status", "--wait"])).code, 0);
    assert.equal(await host.bash(files), before);
    await runJobs("true");
  });

  await lab.scene("a later apply, from what the machine says of itself, ends no job", async () => {
    const job = lab.queueJob("until [ -e /home/runner/go ]; do sleep 0.2; done", {
      labels: ["pers"],
      name: "long",
    });
    await waitFor("the job to run", () => job.status === "in_progress");
    await host.bash(
      "cd /srv/fleet && mkdir -p hosts && ci-fleet detect --yaml >hosts/forge.yaml && sed -i 's/labels: \\[pers\\]/labels: [pers, more]/' fleet.yaml && ci-fleet render",
    );
    const said = await apply();
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stderr, /waiting: acme-pers-forge-1 has a job/);
    await host.bash("touch /var/lib/ci-fleet/acme/acme-pers-forge-1/home/go");
    await lab.expectJob(job);
    const again = await apply();
    assert.equal(again.code, 0, again.stderr);
    assert.doesNotMatch(again.stderr, /waiting/);
    await runJobs("true");
  });

  await lab.scene("--remove leaves what cloud-init had put there, and the credential", async () => {
    const said = await apply("--remove");
    assert.equal(said.code, 0, said.stderr);
    const left = await host.bash(
      "find /etc/ci-fleet /opt/ci-fleet /var/lib/ci-fleet /run/ci-fleet /usr/local/lib/ci-fleet /usr/bin/ci-fleet /etc/systemd/system -type f 2>/dev/null | grep -E 'ci-fleet|acme' | sort; docker ps --all --quiet; docker network ls --format '{{.Name}}' | grep ci-fleet || true",
    );
    assert.deepEqual(left.trim().split("\n"), [
      "/etc/ci-fleet/app.pem",
      "/etc/systemd/system/ci-fleet-setup.service",
      "/etc/systemd/system/ci-fleet-setup.timer",
      "/usr/local/lib/ci-fleet/setup.sh",
    ]);
    assert.deepEqual(runners(), []);
  });
});

test("a machine whose first boot found GitHub's downloads out of reach", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  const repository = await makeRepository(lab, { proc: POOLS.proc });
  const { pem } = makeApp(lab);
  const { files } = lab.github;
  const [path = "", tarball] = [...files].find(([name]) => name.includes("actions-runner-linux-x64")) ?? [];
  files.delete(path);
  const seed = join(repository, "rendered/hosts/forge/cloud-init");
  const host = await lab.bootNewMachine(seed, { bare: true });
  const slot = findSlot(lab, host, { run: "process", pool: "proc" });

  await lab.scene("cloud-init says so, and nothing is half in force", async () => {
    const said = await host.ask(["cloud-init", "status", "--wait", "--long"]);
    assert.equal(said.code, 1, said.stdout);
    assert.match(await host.bash("cat /var/log/cloud-init-output.log"), /^ci-fleet setup: failed: fleet$/m);
    assert.equal(await host.isTrue("ls /etc/systemd/system/acme*"), false);
  });

  await lab.scene("a timer finishes it when they are back", async () => {
    assert.equal((await host.ask(["systemctl", "is-active", "ci-fleet-setup.timer"])).stdout, "active\n");
    files.set(path, tarball as Buffer);
    // What the timer does in its time.
    await host.run("systemctl", "start", "ci-fleet-setup.service");
    assert.equal((await host.ask(["systemctl", "is-enabled", "ci-fleet-setup.timer"])).stdout, "disabled\n");
    assert.equal((await host.ask(["ci-fleet", "auth", "put"], pem)).code, 0);
    await slot.online(undefined, PATIENT);
    await lab.expectJob(lab.queueJob(NOSY_JOB, { labels: ["proc"], name: "proc" }));
  });
});
