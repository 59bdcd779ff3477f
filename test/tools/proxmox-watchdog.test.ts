// The built program's watchdog on a node: it takes its token from the file, trusts the node's own authority, and brings
// a guest of one job from its first boot through two jobs, each found clean.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { hasServeWord } from "../../src/model/one-job.ts";
import { makeFolder } from "../adapters/folder.ts";
import { grantAsRendered } from "../proxmox/lab.ts";
import { serveFakeProxmox } from "../proxmox/serve.ts";
import { FakeNode, TOKEN } from "../proxmox/state.ts";
import { loadNode } from "../render/load-node.ts";

const BINARY = join(import.meta.dirname, "../../dist/ci-fleet");
const VM = 9110;
const canUnshare = spawnSync("unshare", ["-m", "-u", "-p", "-f", "--mount-proc", "true"]).status === 0;

/** The machine is the node for the length of a command; `own` keeps what it writes. */
const ON_NODE = `set -e
own=$1; shift
hostname pve1
mount --make-rprivate /
for folder in etc run var/lib; do mount --bind "$own/$folder" "/$folder"; done
exec "$@"`;

const SPEC = (url: string) => `version: 1
fleet: lab
github: https://github.com/acme
install: {url: https://files.example/ci-fleet, sha256: ${"0f".repeat(32)}}
hosts:
  pve1: {kind: proxmox, template: 9000, api: {url: "${url}", ca: /etc/ci-fleet/node.pem}}
  vm: {kind: vm, parent: pve1, lifetime: ephemeral, vmId: ${VM}, limits: {cpus: 2, memory: 4GiB}}
pools:
  ci: {hosts: [vm], limits: {cpus: 1, memory: 2GiB}}
`;

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function openNode(t: TestContext) {
  const state = new FakeNode();
  const server = await serveFakeProxmox(state);
  const clock = setInterval(() => state.advance(1000), 20);
  t.after(() => {
    clearInterval(clock);
    return server.close();
  });
  const folder = makeFolder(t);
  const [own, repo] = [join(folder, "own"), join(folder, "repo")];
  for (const name of ["run", "var/lib", "etc/ci-fleet"]) mkdirSync(join(own, name), { recursive: true });
  for (const name of ["passwd", "group", "hosts", "nsswitch.conf", "ssl"])
    if (existsSync(`/etc/${name}`)) cpSync(`/etc/${name}`, join(own, "etc", name), { recursive: true });
  const [id = "", value = ""] = TOKEN.split("=");
  writeFileSync(join(own, "etc/ci-fleet/node.pem"), server.certificate);
  writeFileSync(
    join(own, "etc/ci-fleet/proxmox-lab.json"),
    JSON.stringify({ "full-tokenid": id, info: { privsep: "1" }, value }),
    { mode: 0o600 },
  );
  mkdirSync(join(repo, "hosts"), { recursive: true });
  writeFileSync(join(repo, "fleet.yaml"), SPEC(server.url));
  writeFileSync(join(repo, "hosts/pve1.yaml"), (await loadNode("good-acs-on-intel-with-grub")).inventory);
  const run = (...words: readonly string[]): Promise<Ran> =>
    new Promise((settle, fail) => {
      const line = [
        "-m",
        "-u",
        "-p",
        "-f",
        "--mount-proc",
        "bash",
        "-c",
        ON_NODE,
        "on-node",
        own,
        BINARY,
        ...words,
      ];
      const child = spawn("unshare", line, { cwd: repo, stdio: ["ignore", "pipe", "pipe"] });
      let [out, err] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
      child.once("error", fail);
      child.once("close", (code) => settle({ code, out, err }));
    });
  return { state, server, own, repo, run };
}

test("the watchdog of a node, from a guest's first boot to its third life", async (t) => {
  if (!existsSync(BINARY) || !canUnshare) {
    if (process.env.CI === "true") throw new Error("no dist/ci-fleet, or no namespaces");
    return t.skip("no dist/ci-fleet, or no namespaces");
  }
  const { state, server, own, repo, run } = await openNode(t);
  const rendered = await run("render");
  assert.equal(rendered.code, 0, rendered.err);
  const folder = join(repo, "rendered/hosts/pve1");
  grantAsRendered(state, readFileSync(join(folder, "access.sh"), "utf8"));
  state.addTemplate(9000);
  const { guest } = JSON.parse(readFileSync(join(folder, `vm/${VM}-vm/api.json`), "utf8"));
  // As qm.sh leaves it.
  state.addGuest(VM, {
    description: guest.description,
    config: {
      name: "vm",
      smbios1: `uuid=${state.nameMachine()}`,
      scsi0: `local-lvm:vm-${VM}-disk-0,size=64G`,
    },
  });
  const pass = async (): Promise<string> => {
    const { code, out, err } = await run("watchdog");
    assert.equal(code, 0, out + err);
    assert.doesNotMatch(out + err, /5ec4e7000001/, "the token's secret is told");
    return out;
  };
  const look = () => [
    state.guest(VM).status,
    state.guest(VM).disk,
    hasServeWord(state.guest(VM).config.smbios1),
  ];

  const dry = await run("watchdog", "--dry-run");
  assert.match(dry.out, /guest vm/);
  assert.deepEqual(state.mutations(), []);
  await pass();
  assert.deepEqual(look().slice(0, 1), ["running"], "its first boot");
  const turned = state.guest(VM);
  turned.disk = "set-up";
  state.powerOff(VM);
  await pass();
  assert.deepEqual(look(), ["running", "set-up", true]);
  for (const job of ["first", "second"]) {
    await pass();
    assert.deepEqual(look(), ["running", "set-up", true], `${job}: a guest that runs is left alone`);
    state.guest(VM).disk = `after the ${job} job`;
    state.powerOff(VM);
    await pass();
    assert.deepEqual(look(), ["running", "set-up", true], `after the ${job} job`);
  }
  assert.ok(
    state.mutations().every((call) => call.includes(`/${VM}`)),
    state.mutations().join(),
  );
  const kept = join(own, "var/lib/ci-fleet/lab");
  for (const name of ["watchdog.guests.json", "watchdog.audit.jsonl"]) {
    assert.equal(statSync(join(kept, name)).mode & 0o077, 0, name);
    assert.doesNotMatch(readFileSync(join(kept, name), "utf8"), /5ec4e7000001/);
  }
  state.hasQuorum = false;
  state.guest(VM).disk = "after the third job";
  state.powerOff(VM);
  const waits = await run("watchdog");
  assert.match(waits.out, /quorum/, waits.err);
  state.hasQuorum = true;
  assert.deepEqual(server.mistakes, []);
});
