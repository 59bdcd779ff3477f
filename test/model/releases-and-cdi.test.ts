// Texts of others that decide a version: rows of GitHub's downloads, NVIDIA's CDI specification.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeCdi, readCdiDrivers } from "../../src/model/cdi-drivers.ts";
import type { RunnerDownload } from "../../src/model/github.ts";
import { describeRelease, findNewestRelease } from "../../src/model/runner-downloads.ts";

const row = (filename: string, sha256: string | null = null): RunnerDownload => ({
  os: "linux",
  architecture: "x64",
  url: `https://github.com/actions/runner/releases/download/${filename}`,
  filename,
  downloadToken: null,
  sha256,
});

test("the newest release is the highest version of a Linux tarball, with the checksums that are told", () => {
  const sum = "a".repeat(64);
  const rows = [
    row("actions-runner-linux-x64-2.99.0.tar.gz"),
    row("actions-runner-linux-x64-2.338.1.tar.gz", sum.toUpperCase()),
    row("actions-runner-linux-arm64-2.338.1.tar.gz", "no checksum"),
    row("actions-runner-win-x64-3.0.0.zip", sum),
    row("actions-runner-linux-arm-4.0.0.tar.gz", sum),
    row("../actions-runner-linux-x64-9.9.9.tar.gz", sum),
  ];
  const release = { version: "2.338.1", checksums: { "linux-x64": sum, "linux-arm64": null } };
  assert.deepEqual(findNewestRelease(rows), release);
  assert.equal(findNewestRelease(rows.slice(3)), null);
  assert.deepEqual(describeRelease("2.99.0", rows).checksums, { "linux-x64": null, "linux-arm64": null });
});

const spec = (version: string): string =>
  `cdiVersion: 0.5.0
kind: nvidia.com/gpu
containerEdits:
  mounts:
    - hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.${version}
      containerPath: /usr/lib/x86_64-linux-gnu/libcuda.so.${version}
    - hostPath: /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.${version}
    - hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.1
`;

test("a CDI specification says by its libraries which driver it was made for", () => {
  const drivers = readCdiDrivers(
    new Map([
      ["/etc/cdi/nvidia.yaml", spec("550.163.01")],
      ["/etc/cdi/other.yaml", "kind: vendor.com/device\n"],
    ]),
  );
  assert.deepEqual([...drivers], [["/etc/cdi/nvidia.yaml", ["550.163.01"]]]);
  assert.deepEqual(judgeCdi(drivers, "550.163.01"), { kind: "current" });
  assert.deepEqual(judgeCdi(drivers, "580.95"), {
    kind: "stale",
    path: "/etc/cdi/nvidia.yaml",
    made: "550.163.01",
  });
  assert.deepEqual(judgeCdi(new Map(), "580.95"), { kind: "unknown" });
});

test("one specification for the loaded driver is enough", () => {
  const drivers = readCdiDrivers(
    new Map([
      ["/etc/cdi/a.yaml", spec("550.1")],
      ["/var/run/cdi/b.yaml", spec("580.95.05")],
    ]),
  );
  assert.deepEqual(judgeCdi(drivers, "580.95.05"), { kind: "current" });
});
