// A whole way to a card in a guest's hands, on an emulated machine with a Debian kernel: its IOMMU is off, the rendered
// option switches it on, its groups are found, and after the rendered files vfio-pci has the cards that go, and no other
// device.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { openHostFiles } from "../../src/adapters/host-files.ts";
import { detectHost } from "../../src/hardware/detect.ts";
import type { Inventory } from "../../src/model/inventory.ts";
import { NO_TOOLS } from "../../src/model/ports.ts";
import type { RenderedFile } from "../../src/model/rendered-file.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { renderPlan } from "../../src/render/render-plan.ts";
import { parseSpec } from "../../src/spec/parse-spec.ts";
import { addNodes } from "../hardware/fixture-host.ts";
import { ciCache, hasTools, runTool } from "./tool.ts";
import { bootMachine } from "./vfio/boot.ts";
import { findKernel } from "./vfio/initramfs.ts";

const NODE = "hosts/pve1/vfio";

/** By this its detection takes it for a node that GRUB starts. */
function dressAsNode(root: string): void {
  const model = readFileSync(join(root, "proc/cpuinfo"), "utf8");
  const files = {
    "usr/bin/pveversion": "",
    "etc/hostname": "pve1\n",
    "etc/default/grub": "",
    "proc/cpuinfo": model.startsWith("processor") ? model : `processor\t: 0\n${model}\n`,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

async function detect(root: string): Promise<Inventory> {
  dressAsNode(root);
  const files = addNodes(openHostFiles(root), { "/dev/kvm": { mode: "0660", usable: true } });
  return (await detectHost(files, NO_TOOLS)).inventory;
}

function plan(inventory: Inventory, guests: Readonly<Record<string, string>>) {
  const lines = Object.entries(guests).map(
    ([name, gpu]) => `  ${name}: {kind: vm, parent: pve1, gpu: "${gpu}", limits: {cpus: 1}}\n`,
  );
  const text = `version: 1\nfleet: lab\ngithub: https://github.com/acme\nhosts:\n  pve1: {kind: proxmox, template: 9000}\n${lines.join("")}pools:\n  ci:\n`;
  const { fleet } = parseSpec(text, { now: Date.parse("2026-09-01"), productVersion: "1.0.0" });
  assert.ok(fleet !== null);
  return planFleet(fleet, {
    specFile: "fleet.yaml",
    ciFleetVersion: "1.0.0",
    inventories: new Map([...Object.keys(guests).map((name) => [name, null] as const), ["pve1", inventory]]),
    imageFolders: new Map(),
    authority: null,
    acceptedRisks: [],
  });
}

function render(inventory: Inventory, guests: Readonly<Record<string, string>>): readonly RenderedFile[] {
  const { value, diagnostics } = plan(inventory, guests);
  assert.ok(value !== null, JSON.stringify(diagnostics, null, 2));
  return renderPlan(value, new Set(["pve1"]), []);
}

/** What Debian's grub-mkconfig makes of the drop-in. */
function readOptions(files: readonly RenderedFile[], folder: string): string {
  const dropIn = files.find(({ path }) => path === `${NODE}/etc/default/grub.d/ci-fleet-vfio.cfg`);
  assert.ok(dropIn !== undefined, files.map(({ path }) => path).join("\n"));
  const file = join(folder, "drop-in.cfg");
  writeFileSync(file, dropIn.content);
  return runTool("dash", [
    "-c",
    'GRUB_CMDLINE_LINUX_DEFAULT=quiet; . "$1"; echo "$GRUB_CMDLINE_LINUX_DEFAULT"',
    "sh",
    file,
  ]).stdout.trim();
}

/** Where initramfs-tools puts what it finds in /etc. */
function layForInitramfs(files: readonly RenderedFile[]) {
  const placed = files
    .filter(({ path }) => path.startsWith(`${NODE}/etc/`))
    .map(({ path, content, mode }) => {
      const target = path.slice(NODE.length).replace("/etc/initramfs-tools/scripts/", "/scripts/");
      return [target, { text: content, mode }] as const;
    });
  return Object.fromEntries(placed);
}

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "boot-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("from an IOMMU that is off to cards that vfio-pci holds, and only those", async (t) => {
  if (!hasTools(t, "qemu-system-x86_64", "busybox", "depmod", "dash")) return;
  const kernel = findKernel(join(ciCache, "kernel"));
  if (kernel === null) {
    if (process.env.CI === "true") throw new Error(`no kernel in ${ciCache}/kernel (bash .ci/prepare)`);
    t.skip(`missing: a Debian kernel in ${ciCache}/kernel (bash .ci/prepare)`);
    return;
  }
  const folder = makeFolder(t);
  const guests = { single: "0000:01:00", twin: "0000:03:00" };

  const off = await bootMachine(folder, kernel, {}, "quiet intel_iommu=off");
  assert.equal(off.drivers["0000:01:00.0"], "radeon", "a driver of the kernel's takes the card by itself");
  const blind = render(await detect(off.root), guests);
  const options = readOptions(blind, folder);
  assert.match(options, /^quiet intel_iommu=on\b/);
  assert.ok(!blind.some(({ path }) => path.endsWith("/mapping/pci.cfg")), "no groups, no mapping");

  const on = await bootMachine(folder, kernel, {}, options);
  const inventory = await detect(on.root);
  assert.equal(inventory.iommu.enabled, true);
  const bad = plan(inventory, { shared: "0000:06:01" });
  const refusal = bad.diagnostics.find(({ code }) => code === "CF726");
  assert.match(refusal?.message ?? "", /0000:06:02\.0 \(network, driver e1000\)/);
  assert.equal(refusal?.drawing?.length, 4);

  const files = render(inventory, guests);
  const bindings = plan(inventory, guests).value?.hosts[0]?.vfio?.cards.map(({ address, binding }) => [
    address,
    binding,
  ]);
  assert.deepEqual(bindings, [
    ["0000:01:00", "id"],
    ["0000:03:00", "address"],
  ]);
  const bound = await bootMachine(folder, kernel, layForInitramfs(files), readOptions(files, folder));
  const devices = ["01:00.0", "02:00.0", "03:00.0", "04:00.0", "06:01.0", "06:02.0"];
  assert.deepEqual(Object.fromEntries(devices.map((name) => [name, bound.drivers[`0000:${name}`]])), {
    "01:00.0": "vfio-pci",
    "02:00.0": null,
    "03:00.0": "vfio-pci",
    "04:00.0": "e1000e",
    "06:01.0": null,
    "06:02.0": "e1000",
  });
  const after = await detect(bound.root);
  assert.deepEqual(render(after, guests), files, "what is rendered stays the same once it is in force");
  assert.match(readFileSync(join(bound.root, "proc/cmdline"), "utf8"), /intel_iommu=on/);
});
