// Processors in all their shapes, from fake sysfs files.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readCpu } from "../../src/hardware/cpu.ts";
import { openFactNotes } from "../../src/hardware/fact-notes.ts";
import { formatCpuList, parseCpuList } from "../../src/hardware/kernel-formats.ts";
import type { CpuFacts } from "../../src/model/inventory.ts";
import { type FakeFile, fakeFiles } from "./fake-files.ts";

const CPU = "/sys/devices/system/cpu";

function cpuOf(files: Record<string, FakeFile>): CpuFacts {
  return readCpu(fakeFiles(files), openFactNotes());
}

/** `siblings[i]`: the core_cpus_list of CPU i. */
function topology(
  siblings: readonly string[],
  packageOf: (cpu: number) => number = () => 0,
): Record<string, FakeFile> {
  const files: Record<string, FakeFile> = { [`${CPU}/online`]: `0-${siblings.length - 1}\n` };
  siblings.forEach((list, cpu) => {
    files[`${CPU}/cpu${cpu}/topology/core_cpus_list`] = `${list}\n`;
    files[`${CPU}/cpu${cpu}/topology/physical_package_id`] = `${packageOf(cpu)}\n`;
  });
  return files;
}

test("two sockets with SMT are counted by packages, cores and threads", () => {
  const facts = cpuOf(
    topology(["0,4", "1,5", "2,6", "3,7", "0,4", "1,5", "2,6", "3,7"], (cpu) => (cpu % 4 < 2 ? 0 : 1)),
  );
  assert.deepEqual([facts.packages, facts.cores, facts.threads, facts.smt], [2, 4, 8, true]);
});

test("equal core ids in different clusters are different cores", () => {
  const files = topology(["0", "1", "2", "3"]);
  for (const cpu of [0, 1, 2, 3]) files[`${CPU}/cpu${cpu}/topology/core_id`] = `${cpu % 2}\n`;
  assert.equal(cpuOf(files).cores, 4);
});

test("a package number of -1 is not known", () => {
  const facts = cpuOf(topology(["0", "1"], () => -1));
  assert.equal(facts.packages, null);
  assert.equal(facts.cores, 2);
});

test("offline CPUs are those present without being online, not those that could be added", () => {
  const files = topology(["0", "1"]);
  assert.equal(cpuOf({ ...files, [`${CPU}/present`]: "0-3", [`${CPU}/offline`]: "2-127" }).offline, 2);
  assert.equal(cpuOf({ ...files, [`${CPU}/present`]: "0-1", [`${CPU}/offline`]: "2-127" }).offline, 0);
  assert.equal(cpuOf(files).offline, null);
});

test("Intel's hybrid PMUs name performance, efficiency and low-power cores", () => {
  const files = topology(["0-1", "0-1", "2", "3", "4"]);
  const facts = cpuOf({
    ...files,
    "/sys/devices/cpu_core/cpus": "0-1",
    "/sys/devices/cpu_atom/cpus": "2-3",
    "/sys/devices/cpu_lowpower/cpus": "4",
  });
  assert.deepEqual(facts.hybrid, [
    { name: "performance", cores: 1, threads: 2, cpus: "0-1" },
    { name: "efficiency", cores: 2, threads: 2, cpus: "2-3" },
    { name: "low-power", cores: 1, threads: 1, cpus: "4" },
  ]);
});

test("one PMU is no hybrid", () => {
  assert.deepEqual(cpuOf({ ...topology(["0", "1"]), "/sys/devices/cpu_core/cpus": "0-1" }).hybrid, []);
});

test("base frequencies tell hybrid cores apart where the PMUs are not shown", () => {
  const files = topology(["0-1", "0-1", "2"]);
  for (const [cpu, khz] of [1900000, 1900000, 1400000].entries())
    files[`${CPU}/cpu${cpu}/cpufreq/base_frequency`] = `${khz}`;
  assert.deepEqual(cpuOf(files).hybrid, [
    { name: "performance", cores: 1, threads: 2, cpus: "0-1" },
    { name: "efficiency", cores: 1, threads: 1, cpus: "2" },
  ]);
});

const armCpu = (cpu: number, part: string): string =>
  `processor\t: ${cpu}\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: ${part}\n`;

test("ARM cores are told apart by part, not by the capacity of single cores", () => {
  const files = topology(["0", "1", "2", "3"]);
  files["/proc/cpuinfo"] = [
    armCpu(0, "0xd87"),
    armCpu(1, "0xd87"),
    armCpu(2, "0xd85"),
    armCpu(3, "0xd85"),
  ].join("\n");
  for (const [cpu, capacity] of [718, 731, 1017, 1024].entries())
    files[`${CPU}/cpu${cpu}/cpu_capacity`] = `${capacity}`;
  const facts = cpuOf(files);
  assert.equal(facts.model, "Cortex-X925 + Cortex-A725");
  assert.deepEqual(facts.hybrid, [
    { name: "performance", cores: 2, threads: 2, cpus: "2-3" },
    { name: "efficiency", cores: 2, threads: 2, cpus: "0-1" },
  ]);
});

test("without part numbers four capacities are four numbered kinds", () => {
  const files = topology(["0", "1", "2", "3"]);
  for (const [cpu, capacity] of [100, 200, 300, 400].entries())
    files[`${CPU}/cpu${cpu}/cpu_capacity`] = `${capacity}`;
  assert.deepEqual(
    cpuOf(files).hybrid?.map((kind) => `${kind.name} ${kind.cpus}`),
    ["kind-0 3", "kind-1 2", "kind-2 1", "kind-3 0"],
  );
});

test("an unknown ARM part keeps its numbers", () => {
  assert.equal(cpuOf({ "/proc/cpuinfo": armCpu(0, "0xfff") }).model, "ARM 41:fff");
});

test("without sysfs /proc/cpuinfo counts", () => {
  const cpu = (n: number, core: number): string =>
    `processor\t: ${n}\nmodel name\t: Foo(R) Bar(TM) 3\nphysical id\t: 0\ncore id\t\t: ${core}\n`;
  const facts = cpuOf({ "/proc/cpuinfo": [cpu(0, 0), cpu(1, 0), cpu(2, 1), cpu(3, 1)].join("\n") });
  assert.deepEqual(
    [facts.model, facts.packages, facts.cores, facts.threads, facts.smt],
    ["Foo Bar 3", 1, 2, 4, true],
  );
});

test("NUMA nodes without CPUs but with memory stay, empty numbers go", () => {
  const node = (id: number, cpus: string, kb: number): Record<string, FakeFile> => ({
    [`/sys/devices/system/node/node${id}/cpulist`]: `${cpus}\n`,
    [`/sys/devices/system/node/node${id}/meminfo`]: `Node ${id} MemTotal:  ${kb} kB\n`,
  });
  const facts = cpuOf({
    "/sys/devices/system/node/online": "0-2\n",
    ...node(0, "0-71", 494000000),
    ...node(1, "", 99000000),
    ...node(2, "", 0),
  });
  assert.deepEqual(facts.numa, [
    { id: 0, cpus: "0-71", memoryMiB: 482421 },
    { id: 1, cpus: "", memoryMiB: 96679 },
  ]);
});

test("lists of CPUs are read back as they are written", () => {
  for (const text of ["", "0", "0-3", "0-3,8-11", "1,3,5", "0,2-4,9"]) {
    assert.equal(formatCpuList(parseCpuList(text) ?? [-1]), text);
  }
  for (const text of ["x", "3-1", "0-", "-1", "0-9999999", "1;2", "0x1"])
    assert.equal(parseCpuList(text), null, text);
});
