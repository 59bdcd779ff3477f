// What a refresh shows: by what names an entry, not by its place.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareInventories, formatChange } from "../../src/hardware/compare-inventories.ts";
import { detectHost } from "../../src/hardware/detect.ts";
import type { Inventory } from "../../src/model/inventory.ts";
import { arbitraryInventory } from "./arbitrary-inventory.ts";
import { openFixtureHost } from "./fixture-host.ts";

async function load(name: string): Promise<Inventory> {
  const { files, tools } = openFixtureHost(name);
  return (await detectHost(files, tools)).inventory;
}

function changes(before: Inventory, after: Inventory): readonly string[] {
  return compareInventories(before, after).map(formatChange);
}

test("an inventory does not differ from itself, and any difference is seen", () => {
  fc.assert(
    fc.property(arbitraryInventory(), arbitraryInventory(), (a, b) => {
      assert.deepEqual(compareInventories(a, a), []);
      assert.equal(compareInventories(a, b).length > 0, JSON.stringify(a) !== JSON.stringify(b));
    }),
    { numRuns: 50 },
  );
});

test("a new kernel, more memory and a stopped engine are three lines", async () => {
  const before = await load("plain-vm");
  const after: Inventory = {
    ...before,
    kernel: { release: "6.13.1", proxmox: false, options: before.kernel?.options ?? [] },
    memory: { ...before.memory, totalMiB: 16000 },
    docker: null,
  };
  assert.deepEqual(changes(before, after), [
    'kernel.release: "6.12.48+deb13-cloud-amd64" → "6.13.1"',
    "memory.totalMiB: 7933 → 16000",
    "docker: none → unknown",
  ]);
});

test("cards are paired by address: one gone is one line, not two moved", async () => {
  const before = await load("arch-two-nvidia");
  const after: Inventory = { ...before, gpus: before.gpus?.slice(1) ?? [] };
  const lines = changes(before, after);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? "",
    /^gpus\[0000:01:00\.0\]: gone, was \{address: "0000:01:00\.0", vendor: nvidia,/,
  );
  assert.match(changes(after, before)[0] ?? "", /^gpus\[0000:01:00\.0\]: new, \{/);
});

test("another card in the same slot is shown by what differs", async () => {
  const before = await load("arch-two-nvidia");
  const uuid = "GPU-00000000-0000-4000-8000-000000000000";
  const after: Inventory = {
    ...before,
    gpus: before.gpus?.map((gpu, i) => (i === 0 ? { ...gpu, uuid } : gpu)) ?? [],
  };
  assert.deepEqual(changes(before, after), [`gpus[0000:01:00.0].uuid: ${before.gpus?.[0]?.uuid} → ${uuid}`]);
});

test("a machine that became another one is a long list, every line with both sides", async () => {
  const lines = changes(await load("raspberry-pi"), await load("jetson-orin"));
  assert.ok(lines.includes("machine.model: raspberry-pi → jetson"));
  assert.ok(lines.includes('docker.compose: none → "2.32.4"'));
  assert.ok(lines.every((line) => / → |: new, |: gone, was /.test(line)));
});
