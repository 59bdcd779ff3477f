// No machine, however broken or hostile, makes detection throw, hang or write a file that cannot be read back.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openHostTools } from "../../src/adapters/host-tools.ts";
import { measureWidth } from "../../src/base/terminal-text.ts";
import { compareInventories } from "../../src/hardware/compare-inventories.ts";
import { describeHost, makeDetectDocument } from "../../src/hardware/describe-host.ts";
import { detectHost } from "../../src/hardware/detect.ts";
import { readInventory } from "../../src/hardware/read-inventory.ts";
import { writeInventory } from "../../src/hardware/write-inventory.ts";
import type { Detection } from "../../src/model/inventory.ts";
import type { HostFiles, HostTools, Read, ToolResult } from "../../src/model/ports.ts";
import { fakeMachine, fakePci } from "./fake-files.ts";
import { listFixtureHosts, openFixtureHost } from "./fixture-host.ts";

const GARBAGE = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom(
    "",
    "\0",
    "-1",
    "99999999999999999999",
    "0x",
    "0-99999",
    "\u001b[31m",
    "\u202e",
    "[N/A]",
    "NaN",
    "a".repeat(5000),
    "../../..",
    "{}",
    "[]",
    "null",
    "none",
    "# x",
  ),
);

/** Some of a machine's answers replaced; which ones is decided by the path, so that it stays the same machine. */
function spoil(files: HostFiles, garbage: readonly string[], share: number): HostFiles {
  const pick = (path: string): string | null => {
    let hash = 7;
    for (const character of path) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
    return hash % 100 < share ? (garbage[hash % garbage.length] ?? "") : null;
  };
  const swap = <T>(path: string, real: Read<T>, make: (text: string) => T): Read<T> => {
    const text = pick(path);
    if (text === null) return real;
    return text === "" ? { ok: false, code: "EIO" } : { ok: true, value: make(text) };
  };
  return {
    ...files,
    readText: (path) => swap(path, files.readText(path), (text) => text),
    readBytes: (path, limit) =>
      swap(path, files.readBytes(path, limit), (text) => new TextEncoder().encode(text).subarray(0, limit)),
    readLink: (path) => swap(path, files.readLink(path), (text) => text),
    list: (path) => swap(path, files.list(path), (text) => text.split("")),
  };
}

/** Each file of a fixture is read from the disk once, however often the property asks. */
function remember(files: HostFiles): HostFiles {
  const memory = new Map<string, unknown>();
  const once = <T>(key: string, make: () => T): T => {
    if (!memory.has(key)) memory.set(key, make());
    return memory.get(key) as T;
  };
  return {
    root: files.root,
    readText: (path) => once(`text ${path}`, () => files.readText(path)),
    readBytes: (path, limit) => once(`bytes ${limit} ${path}`, () => files.readBytes(path, limit)),
    list: (path) => once(`list ${path}`, () => files.list(path)),
    readLink: (path) => once(`link ${path}`, () => files.readLink(path)),
    stat: (path) => once(`stat ${path}`, () => files.stat(path)),
    openReadWrite: (path) => once(`open ${path}`, () => files.openReadWrite(path)),
  };
}

function spoilTools(tools: HostTools, garbage: readonly string[]): HostTools {
  return {
    run: async (command, args, timeoutMs): Promise<ToolResult> => {
      const at = (command.length + args.join().length) % (garbage.length + 2);
      const text = garbage[at];
      return text === undefined
        ? tools.run(command, args, timeoutMs)
        : { kind: "ran", exitCode: at % 3, stdout: text, stderr: text };
    },
  };
}

function assertUsable(detection: Detection): void {
  const text = writeInventory(detection.inventory, "forge", detection.sources);
  const { value, diagnostics } = readInventory(text, "forge");
  assert.deepEqual(
    diagnostics.filter((diagnostic) => diagnostic.code !== "CF639"),
    [],
  );
  assert.deepEqual(value, detection.inventory);
  assert.deepEqual(compareInventories(detection.inventory, detection.inventory), []);
  const page = describeHost(detection);
  assert.doesNotMatch(
    page,
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/,
  );
  for (const line of page.split("\n")) assert.ok(measureWidth(line) <= 100, line);
  assert.doesNotThrow(() => JSON.stringify(makeDetectDocument(detection)));
}

test("garbage in any file and any answer leaves a detection that can be written, read and shown", async () => {
  const hosts = listFixtureHosts().map((name) => {
    const { files, tools } = openFixtureHost(name);
    return { name, files: remember(files), tools };
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...hosts),
      fc.array(GARBAGE, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 100 }),
      async ({ files, tools }, garbage, share) => {
        assertUsable(await detectHost(spoil(files, garbage, share), spoilTools(tools, garbage)));
      },
    ),
    { numRuns: 150 },
  );
});

test("with every file refused everything is unknown and says why", async () => {
  const refuse = (): Read<never> => ({ ok: false, code: "EACCES" });
  const files: HostFiles = {
    root: "/",
    readText: refuse,
    readBytes: refuse,
    list: refuse,
    readLink: refuse,
    stat: refuse,
    openReadWrite: refuse,
  };
  const silent: HostTools = { run: async () => ({ kind: "failed", cause: "EAGAIN" }) };
  const detection = await detectHost(files, silent);
  assertUsable(detection);
  const { inventory, sources } = detection;
  assert.deepEqual(
    [inventory.gpus, inventory.disks, inventory.arch, inventory.cpu.threads, inventory.systemd],
    [null, null, null, null, null],
  );
  for (const fact of ["gpus", "disks", "arch", "cpu.threads", "os", "kernel", "systemd"])
    assert.ok(sources[fact]?.unknown, fact);
});

test("a tool that hangs costs its limit and makes its facts unknown", async () => {
  const real = openHostTools({ PATH: "/usr/bin:/bin" });
  const hanging: HostTools = { run: () => real.run("sleep", ["300"], 100) };
  const files = fakeMachine(fakePci("0000:01:00.0", "10de:2684", "030000"));
  const { inventory, sources } = await detectHost(files, hanging);
  assert.equal(
    inventory.nvidia !== "none" && inventory.nvidia?.problem,
    "nvidia-smi gave no answer within 0.1 s",
  );
  assert.equal(inventory.gpus?.[0]?.uuid, null);
  assert.equal(sources["docker.engine"]?.unknown, "docker gave no answer within 0.1 s");
  assert.equal(inventory.systemd, null);
  assert.equal(sources.systemd?.unknown, "systemctl gave no answer within 0.1 s");
});

test("the JSON document is versioned and carries the sources in order", async () => {
  const { files, tools } = openFixtureHost("dgx-spark");
  const document = makeDetectDocument(await detectHost(files, tools));
  assert.equal(document.schema, "ci-fleet/detect/v1");
  assert.deepEqual(document.sources["memory.totalMiB"], { from: "/proc/meminfo" });
  const keys = Object.keys(document.sources);
  assert.deepEqual(keys, [...keys].sort());
});
