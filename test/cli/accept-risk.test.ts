// `--accept-risk` and `acceptRisk`: what may be taken, for how long, and where it is on record.

import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeFolder } from "../adapters/folder.ts";
import { runCli } from "./run-cli.ts";

/** A fleet with the inventory of its node, as `init` leaves them. */
function copyNode(t: TestContext, name: string): string {
  const cwd = makeFolder(t);
  cpSync(`fixtures/nodes/${name}/fleet.yaml`, join(cwd, "fleet.yaml"));
  cpSync(`fixtures/nodes/${name}/expected/hosts`, join(cwd, "hosts"), { recursive: true });
  return cwd;
}

test("a risk is taken for one run, named in what that run renders, and asked about again by the next", (t) => {
  const cwd = copyNode(t, "one-card-only");
  assert.equal(runCli(["validate"], { cwd }).code, 1);
  assert.equal(runCli(["validate", "--accept-risk", "CF735"], { cwd }).code, 0);
  const page = runCli(["plan", "--accept-risk", "CF735"], { cwd });
  assert.match(
    page.stdout,
    /accepted {2}CF735 for vm, by a flag: 0000:01:00\.0 is the only display of `pve1`/,
  );
  assert.equal(runCli(["render", "--accept-risk", "CF735"], { cwd }).code, 0);
  const file = "rendered/hosts/pve1/vfio/etc/modprobe.d/ci-fleet-vfio.conf";
  assert.match(
    readFileSync(join(cwd, file), "utf8"),
    /^# Accepted by --accept-risk for vm, CF735: 0000:01:00\.0 is the only display of `pve1`\.$/m,
  );
  assert.equal(runCli(["render", "--check"], { cwd }).code, 1);
  assert.equal(runCli(["render", "--check", "--accept-risk", "CF735"], { cwd }).code, 0);
});

test("what nobody may take is no value of the flag", (t) => {
  const cwd = copyNode(t, "one-big-group");
  const refused = runCli(["validate", "--accept-risk", "CF726"], { cwd });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--accept-risk is one of CF213, CF734, CF735, CF737/);
  const all = ["CF213", "CF734", "CF735", "CF737"].flatMap((code) => ["--accept-risk", code]);
  assert.equal(runCli(["validate", ...all], { cwd }).code, 1);
});

test("the group is drawn in every form of output", (t) => {
  const cwd = copyNode(t, "one-big-group");
  const [head, last] = [
    "IOMMU group 5 of pve1",
    "0000:07:00.0  USB controller   xhci_hcd       would be taken along",
  ];
  const text = runCli(["validate"], { cwd }).stdout;
  assert.ok(text.includes(`| ${head}\n`) && text.includes(`└─ ${last}\n`), text);
  const json = JSON.parse(runCli(["validate", "--json"], { cwd }).stdout);
  assert.deepEqual(
    [json.diagnostics[0].drawing[0], json.diagnostics[0].drawing.at(-1)],
    [head, `└─ ${last}`],
  );
  const github = runCli(["validate", "-o", "github"], { cwd }).stdout;
  assert.ok(github.includes(`%0A${head}%0A`), github);
  const sarif = JSON.parse(runCli(["validate", "-o", "sarif"], { cwd }).stdout);
  assert.ok(sarif.runs[0].results[0].message.text.includes(`\n${head}\n`));
});

test("a name of a node that Proxmox would not take is refused in the inventory", (t) => {
  const cwd = copyNode(t, "good-acs-on-intel-with-grub");
  const path = join(cwd, "hosts/pve1.yaml");
  const text = readFileSync(path, "utf8");
  assert.match(text, /^ {2}node: pve1$/m);
  for (const name of ['"a b"', '"a,b"', '"-x"']) {
    const cut = text.replace(/^ {2}node: pve1$/m, `  node: ${name}`);
    writeFileSync(path, cut);
    const { code, stdout } = runCli(["validate"], { cwd });
    assert.equal(code, 1, name);
    assert.match(stdout, /^hosts\/pve1\.yaml:\d+:\d+: error: /m);
  }
});
