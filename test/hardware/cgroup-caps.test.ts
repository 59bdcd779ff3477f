// What control groups leave: v2 and v1, own group and those above it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readCgroupVersion, readCpuCap, readMemoryCap } from "../../src/hardware/cgroup-caps.ts";
import { openFactNotes } from "../../src/hardware/fact-notes.ts";
import { type FakeFile, fakeFiles } from "./fake-files.ts";

const V2 = { "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n" };
const V1 = {
  "/proc/mounts":
    "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\n",
};
const GIB = 1024 ** 3;

function caps(files: Record<string, FakeFile>): readonly [unknown, unknown] {
  const notes = openFactNotes();
  return [readCpuCap(fakeFiles(files), 16, notes), readMemoryCap(fakeFiles(files), 65536, notes)];
}

test("a v2 group without limits has none", () => {
  assert.deepEqual(
    caps({
      ...V2,
      "/proc/self/cgroup": "0::/\n",
      "/sys/fs/cgroup/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/memory.max": "max\n",
    }),
    ["none", "none"],
  );
});

test("the strictest group above ours counts", () => {
  const files = {
    ...V2,
    "/proc/self/cgroup": "0::/ci.slice/runner.service/inner\n",
    "/sys/fs/cgroup/ci.slice/cpu.max": "400000 100000\n",
    "/sys/fs/cgroup/ci.slice/memory.max": `${8 * GIB}\n`,
    "/sys/fs/cgroup/ci.slice/runner.service/cpu.max": "250000 100000\n",
    "/sys/fs/cgroup/ci.slice/runner.service/memory.max": "max\n",
    "/sys/fs/cgroup/ci.slice/runner.service/inner/cpu.max": "max 100000\n",
  };
  assert.deepEqual(caps(files), [2.5, 8192]);
});

test("a path of the host that a container does not show falls back to its own root", () => {
  const files = {
    ...V2,
    "/proc/self/cgroup": "0::/../../docker/abc\n",
    "/sys/fs/cgroup/cpu.max": "200000 100000\n",
    "/sys/fs/cgroup/memory.max": `${GIB}\n`,
  };
  assert.deepEqual(caps(files), [2, 1024]);
});

test("a cpuset caps as a quota does", () => {
  assert.equal(
    caps({ ...V2, "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpuset.cpus.effective": "0-3\n" })[0],
    4,
  );
  assert.equal(
    caps({ ...V2, "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpuset.cpus.effective": "0-15\n" })[0],
    "none",
  );
});

test("v1 limits are read from the controllers' own mounts", () => {
  const files = {
    ...V1,
    "/proc/self/cgroup": "5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n3:cpuset:/docker/x\n",
    "/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "150000\n",
    "/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": `${2 * GIB}\n`,
    "/sys/fs/cgroup/cpuset/docker/x/cpuset.cpus": "0-7\n",
  };
  assert.deepEqual(caps(files), [1.5, 2048]);
});

test("v1's numbers for no limit are no limit", () => {
  const files = {
    ...V1,
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    "/sys/fs/cgroup/cpuset/cpuset.cpus": "0-15\n",
  };
  assert.deepEqual(caps(files), ["none", "none"]);
});

test("without any control groups the caps are not known", () => {
  assert.deepEqual(caps({}), [null, null]);
});

test("the version is told by what is mounted", () => {
  const version = (files: Record<string, FakeFile>): unknown =>
    readCgroupVersion(fakeFiles(files), openFactNotes());
  assert.equal(version(V2), 2);
  assert.equal(version({ ...V1, "/sys/fs/cgroup/unified/cgroup.controllers": "" }), "hybrid");
  assert.equal(version(V1), 1);
  assert.equal(version({}), null);
});
