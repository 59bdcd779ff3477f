// hwloc's lstopo reads the same kind of tree by code of its own: an independent judge of packages, cores, threads,
// NUMA nodes, memory and PCI display adapters. In: real trees, this machine. Out: agreement.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openHostFiles } from "../../src/adapters/host-files.ts";
import { detectHost } from "../../src/hardware/detect.ts";
import { openFactNotes } from "../../src/hardware/fact-notes.ts";
import { isDisplay } from "../../src/hardware/gpus.ts";
import { formatCpuList } from "../../src/hardware/kernel-formats.ts";
import { listPciFunctions } from "../../src/hardware/pci.ts";
import { NO_TOOLS } from "../../src/model/ports.ts";
import { listMachineTrees, unpackMachineTree } from "../hardware/machine-trees.ts";
import { hasTools, runTool } from "./tool.ts";

interface Counted {
  readonly packages: number;
  readonly cores: number;
  readonly threads: number;
  /** `0: 0-3, 1024 MiB`. */
  readonly numa: readonly string[];
  readonly memoryMiB: number;
  readonly displays: readonly string[];
}

/** `input`: a tree's folder, null for this machine. */
function askLstopo(input: string | null): Counted {
  const from = input === null ? [] : ["--input", input];
  const { code, stdout, stderr } = runTool("lstopo-no-graphics", [
    ...from,
    "--no-caches",
    "--whole-io",
    "--of",
    "xml",
  ]);
  assert.equal(code, 0, stderr);
  const objects = [...stdout.matchAll(/<object type="(\w+)"([^>]*)>/g)].map(([, type, rest]) => ({
    type,
    attribute: (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(rest ?? "")?.[1] ?? "",
  }));
  const count = (type: string): number => objects.filter((object) => object.type === type).length;
  const nodes = objects.filter((object) => object.type === "NUMANode");
  const mebibytes = (bytes: string): number => Math.floor(Number(bytes || "0") / 1024 / 1024);
  return {
    packages: count("Package"),
    cores: count("Core"),
    threads: count("PU"),
    numa: nodes.map(
      (node) =>
        `${node.attribute("os_index")}: ${formatCpuSet(node.attribute("cpuset"))}, ${mebibytes(node.attribute("local_memory"))} MiB`,
    ),
    memoryMiB: mebibytes(
      String(nodes.reduce((sum, node) => sum + Number(node.attribute("local_memory") || "0"), 0)),
    ),
    displays: objects
      .filter((object) => object.type === "PCIDev" && /^03/.test(object.attribute("pci_type")))
      .map((object) => object.attribute("pci_busid"))
      .sort(),
  };
}

/** `0x000000ff,0xf0000000`: 32 bits a word, the highest first. */
function formatCpuSet(set: string): string {
  const words = set.split(",").reverse();
  const cpus = words.flatMap((word, at) =>
    Array.from({ length: 32 }, (_, bit) => at * 32 + bit).filter(
      (cpu) => (Number(word || "0") >>> (cpu % 32)) & 1,
    ),
  );
  return formatCpuList(cpus);
}

async function askOurselves(root: string): Promise<Counted> {
  const files = openHostFiles(root);
  const { cpu, memory } = (await detectHost(files, NO_TOOLS)).inventory;
  const functions = listPciFunctions(files, openFactNotes()) ?? [];
  return {
    packages: cpu.packages ?? 0,
    cores: cpu.cores ?? 0,
    threads: cpu.threads ?? 0,
    numa: (cpu.numa ?? []).map((node) => `${node.id}: ${node.cpus}, ${node.memoryMiB} MiB`),
    memoryMiB: memory.totalMiB ?? 0,
    displays: functions.filter(isDisplay).map((fn) => fn.address),
  };
}

const trees = listMachineTrees();
test("there are real trees to judge", (t) => {
  if (trees.length === 0) t.skip("no machines folder: set CI_FLEET_DATA");
  else assert.ok(trees.length >= 4);
});

for (const name of trees) {
  test(`lstopo and detection agree about the real machine ${name}`, async (t) => {
    if (!hasTools(t, "lstopo-no-graphics", "tar", "bzip2")) return;
    const tree = unpackMachineTree(t, name);
    if (tree === null) return;
    await assertAgreement(askLstopo(tree), tree);
  });
}

test("lstopo and detection agree about this machine", async (t) => {
  if (!hasTools(t, "lstopo-no-graphics")) return;
  const judged = askLstopo(null);
  const ours = await askOurselves("/");
  // Memory can grow while a guest runs, and lstopo leaves out what a cpuset forbids.
  assert.deepEqual(
    [ours.packages, ours.cores, ours.threads],
    [judged.packages, judged.cores, judged.threads],
  );
});

async function assertAgreement(judged: Counted, root: string): Promise<void> {
  const ours = await askOurselves(root);
  // A kernel without NUMA lists no nodes; lstopo then makes one of the whole machine.
  const numa = ours.numa.length === 0 && judged.numa.length === 1 ? judged.numa : ours.numa;
  // With several nodes lstopo adds them up, and kernels of old count reserved memory there that MemTotal leaves out.
  const memoryMiB = judged.numa.length > 1 ? judged.memoryMiB : ours.memoryMiB;
  assert.deepEqual({ ...ours, numa, memoryMiB }, judged);
}
