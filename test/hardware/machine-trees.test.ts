// Detection of four real machines, from their own /proc and /sys. Skips, and says so, where the trees are not there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openHostFiles } from "../../src/adapters/host-files.ts";
import { detectHost } from "../../src/hardware/detect.ts";
import { readInventory } from "../../src/hardware/read-inventory.ts";
import { writeInventory } from "../../src/hardware/write-inventory.ts";
import type { Inventory } from "../../src/model/inventory.ts";
import { NO_TOOLS } from "../../src/model/ports.ts";
import { unpackMachineTree } from "./machine-trees.ts";

type Expected = (inventory: Inventory) => void;

const MACHINES: Readonly<Record<string, Expected>> = {
  "nvidia-dgx-gb10": ({ arch, machine, cpu, memory, gpus, kernel }) => {
    assert.equal(arch, "arm64");
    assert.deepEqual(
      [machine.vendor, machine.product, machine.model],
      ["NVIDIA", "NVIDIA_DGX_Spark", "dgx-spark"],
    );
    assert.equal(machine.firmware, "uefi");
    assert.equal(kernel?.release, "6.17.0-1014-nvidia");
    assert.equal(cpu.model, "Cortex-X925 + Cortex-A725");
    assert.deepEqual(cpu.hybrid, [
      { name: "performance", cores: 10, threads: 10, cpus: "5-9,15-19" },
      { name: "efficiency", cores: 10, threads: 10, cpus: "0-4,10-14" },
    ]);
    assert.equal(memory.totalMiB, 122566);
    // The tree has no PCI folder: nothing may be concluded about GPUs.
    assert.equal(gpus, null);
  },
  "20em64t-hybrid-1p6c2t+2ca4co1t": ({ arch, machine, cpu, virtualization }) => {
    assert.equal(arch, "x64");
    assert.equal(machine.product, "HP EliteBook 840 14 inch G10 Notebook PC");
    assert.deepEqual([cpu.packages, cpu.cores, cpu.threads, cpu.smt], [1, 14, 20, true]);
    assert.deepEqual(cpu.hybrid, [
      { name: "performance", cores: 6, threads: 12, cpus: "0-11" },
      { name: "efficiency", cores: 8, threads: 8, cpus: "12-19" },
    ]);
    assert.equal(virtualization.vm, "none");
  },
  "40intel64-2g2n4c+pcilocality": ({ arch, machine, cpu, disks, gpus }) => {
    assert.equal(arch, "x64");
    assert.equal(machine.product, "PowerEdge R910");
    assert.deepEqual([cpu.packages, cpu.cores, cpu.threads, cpu.smt], [4, 40, 40, false]);
    assert.equal(cpu.numa?.length, 4);
    assert.deepEqual(
      disks?.map((disk) => [disk.name, disk.model, disk.pci]),
      [["sda", "PERC H700", "0000:01:00.0"]],
    );
    // Its only display adapter is the management console.
    assert.deepEqual(gpus, []);
  },
  "2arm-2c": ({ arch, cpu, memory, gpus }) => {
    assert.equal(arch, "arm");
    assert.deepEqual([cpu.model, cpu.cores, cpu.threads], ["Cortex-A9", 2, 2]);
    assert.equal(memory.totalMiB, 274);
    assert.equal(gpus, null);
  },
};

for (const [name, check] of Object.entries(MACHINES)) {
  test(`the real machine ${name} is detected as what it is`, async (t) => {
    const tree = unpackMachineTree(t, name);
    if (tree === null) return;
    const { inventory, sources } = await detectHost(openHostFiles(tree), NO_TOOLS);
    check(inventory);
    assert.deepEqual(readInventory(writeInventory(inventory, name, sources), name), {
      value: inventory,
      diagnostics: [],
    });
  });
}
