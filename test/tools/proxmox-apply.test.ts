// `apply` on a Proxmox node, for real against the stand-in: the first one, the one after the reboot, one with nothing
// to do, one that is cut off, and the removal that leaves the node as it was.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Step } from "../../src/model/apply.ts";
import { openProxmoxJudge } from "../render/proxmox-judge.ts";
import { type AppliedNode, Cut, openNode } from "./proxmox/apply-node.ts";

const GOOD = "good-acs-on-intel-with-grub";
const TWINS = "two-equal-cards-one-kept-with-systemd-boot";
const hasData = openProxmoxJudge() !== null;

function open(t: TestContext): AppliedNode | null {
  if (hasData && process.geteuid?.() === 0) return openNode(t);
  t.skip("no reference data at CI_FLEET_DATA, or no root");
  return null;
}

const readCommand = ({ action }: Step) =>
  action.kind === "run"
    ? [action.argv[0]?.replace(/.*\/lab\//, ""), ...action.argv.slice(1)].join(" ")
    : null;
const commandsOf = (steps: readonly Step[]) => steps.flatMap((step) => readCommand(step) ?? []);
const isGeneration = ({ action }: Step) => action.kind === "record" && action.what === "generation";
const guest = ({ node }: AppliedNode) => node.state().guests["9100"];

test("the guest is made and held until the node has booted again, and then started, once", async (t) => {
  const at = open(t);
  if (at === null) return;
  const wanted = await at.want(GOOD);
  const planned = await at.plan(wanted);
  assert.deepEqual(planned.refusals, []);
  assert.deepEqual(commandsOf(planned.steps), [
    "vfio/install.sh",
    "mapping/pci.sh",
    "access.sh",
    "vm/9100-vm/qm.sh --no-start",
  ]);
  const first = await at.apply(wanted);
  assert.match(first.script, /^# {3}writing \/etc\/modprobe\.d\/ci-fleet-vfio\.conf$/m);
  assert.match(first.script, /^# {3}qm clone 9000 9100 /m);
  assert.doesNotMatch(first.script, /qm start/);
  assert.match(first.said.join("\n"), /reboot this host/);
  assert.doesNotMatch(first.said.join("\n"), /5e0c7a1e/);
  assert.equal(guest(at)?.status, "stopped");
  assert.deepEqual((await at.plan(wanted)).steps, []);
  at.reboot();
  const second = await at.plan(wanted);
  assert.deepEqual(commandsOf(second.steps), ["vm/9100-vm/qm.sh"]);
  assert.match((await at.apply(wanted)).script, /^# {3}qm start 9100$/m);
  assert.equal(guest(at)?.status, "running");
  const before = at.node.state();
  assert.deepEqual((await at.plan(wanted)).steps, []);
  assert.deepEqual(at.node.state(), before);
});

test("cut off before any script or before its record, the next apply ends where an undisturbed one does", async (t) => {
  const at = open(t);
  if (at === null) return;
  const wanted = await at.want(GOOD);
  await at.apply(wanted);
  const [goal, tree] = [at.node.state(), at.snapshot()];
  const steps = (await openNode(t).plan(wanted)).steps.length;
  for (let cutAt = 1; cutAt <= steps; cutAt += 1) {
    const host = openNode(t);
    const again = await host.want(GOOD);
    let isTold = false;
    const cut = (step: Step, now: number) => {
      isTold = now === cutAt && (readCommand(step) !== null || isGeneration(step));
      return isTold;
    };
    try {
      await host.apply(again, cut);
      continue;
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
    }
    await host.apply(again);
    const clean = (text: string): string => text.replaceAll(host.node.folder, at.node.folder);
    assert.deepEqual({ ...host.node.state(), changes: 0 }, { ...goal, changes: 0 }, `step ${cutAt}`);
    const names = (snapshot: Readonly<Record<string, string>>) => Object.keys(snapshot);
    assert.deepEqual(names(host.snapshot()).map(clean), names(tree), `step ${cutAt}`);
  }
});

test("--remove gives every byte back, but for a guest that is there, whose snippets go with it", async (t) => {
  const at = open(t);
  if (at === null) return;
  mkdirSync(join(at.root, "etc/kernel"), { recursive: true });
  writeFileSync(join(at.root, "etc/kernel/cmdline"), "root=ZFS=rpool/ROOT/pve-1  boot=zfs\n");
  const [bare, empty] = [at.snapshot(), at.node.state()];
  const wanted = await at.want(TWINS);
  assert.match(
    (await at.apply(wanted)).script,
    /^# {3}the kernel's command line is: root=ZFS=rpool\/ROOT\/pve-1 {2}boot=zfs$/m,
  );
  at.reboot();
  await at.apply(wanted);
  const { guests } = at.node.state();
  const id = Object.keys(guests).find((each) => each !== "9000") ?? "";
  const removal = await at.apply(null);
  assert.match(
    removal.said.join("\n"),
    new RegExp(`guest ${id}: the guest stays: remove it with qm destroy`),
  );
  at.reboot();
  const folders = ["etc/ci-fleet", "run", "usr", "opt", "var"];
  const kept = (snapshot: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(snapshot).filter(
        ([path, text]) => text !== "folder" || !folders.some((top) => path.startsWith(top)),
      ),
    );
  assert.deepEqual(kept(at.snapshot()), kept(bare));
  assert.deepEqual({ ...at.node.state(), changes: 0 }, { ...empty, guests, changes: 0 });
  assert.deepEqual((await at.plan(null)).steps, []);
});

test("a card that comes back to the node takes its files, its mapping and its grant with it", async (t) => {
  const at = open(t);
  if (at === null) return;
  await at.apply(await at.want(GOOD));
  const without = await at.want(GOOD, (spec) => spec.replace('gpu: "0000:01:00", ', ""));
  const planned = await at.plan(without);
  assert.deepEqual(
    commandsOf(planned.steps).filter((line) => !line.startsWith("rm ")),
    ["access.sh", "vm/9100-vm/qm.sh", "mapping/pci.sh --remove", "vfio/install.sh --remove"],
  );
  await at.apply(without);
  const { mappings, acls } = at.node.state();
  assert.deepEqual(mappings, {});
  assert.deepEqual(
    acls.filter((entry) => entry.startsWith("/mapping")),
    [],
  );
  assert.deepEqual((await at.plan(without)).steps, []);
});

test("another node, another's guest and a script that would stop are refused before anything changes", async (t) => {
  const at = open(t);
  if (at === null) return;
  const wanted = await at.want(GOOD);
  const elsewhere = { ...wanted, node: "pve2" };
  const messages = async (want: typeof wanted) =>
    (await at.plan(want)).refusals.map(({ message }) => message);
  assert.deepEqual(await messages(elsewhere), ["this machine is pve1, and pve1 is the node pve2"]);
  at.node.change((state) => {
    state.guests["9100"] = { config: { description: "theirs" }, status: "running" };
  });
  const [message] = await messages(wanted);
  assert.match(message ?? "", /vm\/9100-vm\/qm\.sh would stop: guest 9100: somebody else made it/);
  const before = at.snapshot();
  await assert.rejects(at.apply(wanted), /somebody else made it/);
  assert.deepEqual(at.snapshot(), before);
});
