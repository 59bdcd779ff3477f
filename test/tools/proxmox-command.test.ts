// The command line on a Proxmox node, from the first apply to the removal, on a machine that is one for the length of
// each command: what people read, exit codes, the kernel's command line, the boot files made anew.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { loadNode, NODES } from "../render/load-node.ts";
import { openProxmoxJudge } from "../render/proxmox-judge.ts";
import { SYSTEMCTL } from "./proxmox/apply-node.ts";
import { playNode } from "./proxmox/play-node.ts";
import { hasTools } from "./tool.ts";

const NODE = "two-equal-cards-one-kept-with-systemd-boot";
const CMDLINE = "root=ZFS=rpool/ROOT/pve-1  boot=zfs\n";
const canUnshare = spawnSync("unshare", ["-m", "-u", "true"]).status === 0;

test("apply, status, doctor and --remove on a node", async (t) => {
  if (openProxmoxJudge() === null || !canUnshare) {
    t.skip("no reference data at CI_FLEET_DATA, or no namespaces");
    return;
  }
  if (!hasTools(t, "hostname")) return;
  const node = playNode(t, []);
  node.program("systemctl", SYSTEMCTL);
  const repo = join(node.folder, "repo");
  mkdirSync(join(repo, "hosts"), { recursive: true });
  writeFileSync(join(repo, "fleet.yaml"), readFileSync(`${NODES}/${NODE}/fleet.yaml`));
  writeFileSync(join(repo, "hosts/pve1.yaml"), (await loadNode(NODE)).inventory);
  const script = resolve("test/tools/proxmox/on-node.sh");
  const data = resolve(process.env.CI_FLEET_DATA ?? "../shared/data");
  const onNode = (...command: readonly string[]) => {
    const words = ["-m", "-u", "bash", script, node.folder, data, ...command];
    const env = { ...process.env, PATH: `/usr/local/sbin:${process.env.PATH}` };
    const { status, stdout, stderr } = spawnSync("unshare", words, { cwd: repo, encoding: "utf8", env });
    return { code: status, out: stdout, err: stderr };
  };
  const fleet = (...words: readonly string[]) =>
    onNode(process.execPath, resolve("src/cli/main.ts"), ...words);
  const own = join(node.folder, "own");
  const readOwn = () =>
    Object.fromEntries(
      globSync("{etc,run,var}/**/*", { cwd: own })
        .filter((path) => statSync(join(own, path), { throwIfNoEntry: false })?.isFile() === true)
        .map((path) => [path, readFileSync(join(own, path), "latin1")]),
    );
  assert.equal(onNode("true").code, 0);
  writeFileSync(join(own, "etc/kernel/cmdline"), CMDLINE);
  const bare = readOwn();

  const dry = fleet("apply", "--dry-run");
  assert.equal(dry.code, 0, dry.err);
  assert.match(
    dry.out,
    /^# {3}the kernel's command line becomes: root=ZFS=rpool\/ROOT\/pve-1 boot=zfs intel_iommu=on$/m,
  );
  assert.match(
    dry.out,
    /^# {3}install -D -m 0644 -- \/etc\/ci-fleet\/lab\/vm\/9100-vm\/cloud-init\/user-data /m,
  );
  assert.deepEqual(readOwn(), bare);

  const first = fleet("apply");
  assert.equal(first.code, 0, first.err);
  assert.match(first.err, /^waiting: what changed for cards takes effect when this host is rebooted/m);
  const made = "update-initramfs -u -k all\nproxmox-boot-tool refresh\n";
  assert.equal(readFileSync(join(node.folder, "boot.log"), "utf8"), made);
  const held = fleet("status", "--local");
  assert.equal(held.code, 0, held.err);
  assert.match(held.out, /9100 vm {2}stopped {2}0000:02:00[^\n]*\n {2}reboot: /);
  const doctor = JSON.parse(fleet("doctor", "--offline", "--json").out);
  const verdicts = (name: string) =>
    doctor.findings.flatMap(({ check, verdict }: { check: string; verdict: string }) =>
      check === name ? [verdict] : [],
    );
  assert.deepEqual(verdicts("no-reboot-is-due"), ["warning"]);
  assert.deepEqual(verdicts("token-has-its-rights"), ["fine"]);
  assert.deepEqual(verdicts("node-is-as-rendered"), ["fine"]);
  const again = fleet("apply");
  assert.deepEqual([again.code, /everything is in force/.test(again.err)], [0, true], again.err);

  rmSync(join(own, "run/ci-fleet"), { recursive: true });
  assert.equal(fleet("apply").code, 0);
  assert.match(fleet("status", "--local").out, /● 9100 vm {2}running/);

  const removal = fleet("apply", "--remove");
  assert.equal(removal.code, 0, removal.err);
  assert.match(removal.err, /guest 9100: the guest stays/);
  rmSync(join(own, "run/ci-fleet"), { recursive: true });
  assert.deepEqual(readOwn(), bare);
});
