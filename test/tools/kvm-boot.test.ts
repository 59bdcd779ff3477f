// Guests of a machine with KVM, booted for real: the rendered script makes their disks, the rendered command line starts
// them (emulated), and what they leave on their disks is what the next boot finds, or not.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { SERVE_WORD } from "../../src/model/one-job.ts";
import type { RenderedFile } from "../../src/model/rendered-file.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { renderPlan } from "../../src/render/render-plan.ts";
import { parseSpec } from "../../src/spec/parse-spec.ts";
import { makeInventory } from "../plan/make-fleet.ts";
import { openGuestHost } from "./kvm/guest-host.ts";
import { ciCache, hasTools } from "./tool.ts";
import { findKernel, type Kernel } from "./vfio/initramfs.ts";

const IMAGE = "debian-13-genericcloud-amd64.qcow2";
const DISK_SECTORS = String((4 * 2 ** 30) / 512);

const SPEC = `version: 1
fleet: lab
github: https://github.com/acme
install: {url: https://files.example/ci-fleet, sha256: 0f3a4b5c6d7e8f901234567890abcdef0f3a4b5c6d7e8f901234567890abcdef}
defaults: {limits: {cpus: 1, memory: 256MiB}}
hosts:
  forge:
  desk: {kind: vm, parent: forge, limits: {cpus: 1, memory: 512MiB}, disk: 4GiB}
  job: {kind: vm, parent: forge, limits: {cpus: 1, memory: 512MiB}, disk: 4GiB, lifetime: ephemeral, hardware: {bios: seabios, numa: true}}
pools:
  ci: {hosts: [desk, job]}
`;

function renderHost(): readonly RenderedFile[] {
  const { fleet } = parseSpec(SPEC, { now: Date.parse("2026-09-01"), productVersion: "1.0.0" });
  assert.ok(fleet !== null);
  const kvm = { present: true, usable: true, gid: 104, nested: null };
  const { value, diagnostics } = planFleet(fleet, {
    specFile: "fleet.yaml",
    ciFleetVersion: "1.0.0",
    inventories: new Map([
      ["forge", makeInventory({ kvm })],
      ["desk", null],
      ["job", null],
    ]),
    imageFolders: new Map(),
    authority: null,
    acceptedRisks: [],
  });
  assert.ok(value !== null, JSON.stringify(diagnostics, null, 2));
  return renderPlan(value, new Set(["forge"]), []);
}

function findParts(t: TestContext): Kernel | null {
  if (!hasTools(t, "qemu-system-x86_64", "qemu-img", "genisoimage", "mke2fs", "busybox", "depmod"))
    return null;
  const kernel = findKernel(join(ciCache, "kernel"));
  if (kernel !== null) return kernel;
  if (process.env.CI === "true") throw new Error(`no kernel in ${ciCache}/kernel (bash .ci/prepare)`);
  t.skip(`missing: a Debian kernel in ${ciCache}/kernel (bash .ci/prepare)`);
  return null;
}

function openHost(t: TestContext, kernel: Kernel) {
  const folder = mkdtempSync(join(tmpdir(), "kvm-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return openGuestHost(folder, kernel, renderHost(), IMAGE);
}

test("a persistent guest boots by UEFI with its seed, shuts down when it is asked to, and keeps its disk", async (t) => {
  const kernel = findParts(t);
  if (kernel === null) return;
  const host = openHost(t, kernel);

  const first = await host.start("desk", "first", "stop");
  assert.equal(first.told.DISK, "from-the-image lost+found");
  assert.equal(first.told.SIZE, DISK_SECTORS, "the disk is as large as the spec says");
  assert.equal(first.told.SEED, 'meta-data network-config user-data instance-id: "lab-desk"');
  assert.equal(first.told.BUTTON, "", "the guest itself was told, and shut down");
  assert.equal(first.status, 0);

  const second = await host.start("desk", "second", "power cut");
  assert.equal(second.told.DISK, "first from-the-image lost+found");
});

test("an ephemeral guest begins each job with the disk that its first boot left, and with nothing of a job", async (t) => {
  const kernel = findParts(t);
  if (kernel === null) return;
  const host = openHost(t, kernel);

  const stopped = await host.start("job", "interrupted", "stop");
  assert.equal(stopped.told.BUTTON, "");
  const setUp = await host.start("job", "set-up", "itself");
  assert.equal(setUp.told.DISK, "from-the-image interrupted lost+found", "what was stopped goes on");
  assert.equal(setUp.told.FAMILY, "", "no word that it is clean");
  assert.equal(setUp.status, 0);

  const base = "from-the-image interrupted lost+found set-up";
  for (const boot of ["one", "two"]) {
    const run = await host.start("job", boot, "itself");
    assert.equal(run.told.DISK, base, `what ${boot} begins with`);
    assert.equal(run.told.FAMILY, SERVE_WORD);
    assert.equal(run.told.SEED, 'meta-data network-config user-data instance-id: "lab-job"');
  }
});
