// Guests of a machine with KVM as systemd, their folders and their processes show them; and what nobody could look at.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { openHostFiles } from "../../src/adapters/host-files.ts";
import { observeGuestUnits } from "../../src/adapters/observe-guest-units.ts";
import { seen, unseen } from "../../src/model/host-observation.ts";
import type { ToolResult } from "../../src/model/ports.ts";
import { makeTools, ran } from "./fake-tools.ts";
import { makeFolder } from "./folder.ts";

const STATE = "/var/lib/ci-fleet/acme/vm";
const COMMAND = ["/usr/bin/qemu-system-x86_64", "-name", "one", "-nodefaults"];
const GUESTS = ["desk", "job", "gone"].map((name) => ({
  ...{ name, unit: `acme-vm@${name}.service`, state: `${STATE}/${name}` },
  ...{ isEphemeral: name === "job", command: COMMAND },
}));

const show = (lines: readonly string[]): ToolResult => ran(`${lines.join("\n")}\n`);
const UNITS = show([
  ...[
    "Id=acme-vm@desk.service",
    "LoadState=loaded",
    "ActiveState=active",
    "SubState=running",
    "MainPID=11",
    "",
  ],
  ...[
    "Id=acme-vm@job.service",
    "LoadState=loaded",
    "ActiveState=active",
    "SubState=running",
    "MainPID=12",
    "",
  ],
  ...["Id=acme-vm@gone.service", "LoadState=not-found", "ActiveState=inactive", "MainPID=0"],
]);

function look(t: TestContext, files: Readonly<Record<string, string>>, answer = UNITS) {
  const root = makeFolder(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const tools = makeTools({ systemctl: answer });
  return observeGuestUnits(GUESTS, {
    ...{ tools, files: openHostFiles(root), user: false, now: 0, monotonic: 0 },
  });
}

const line = (...words: readonly string[]): string => words.map((word) => `${word}\0`).join("");

test("each guest has its unit, its files, and whether it runs with the rendered command", async (t) => {
  const [desk, job, gone] = await look(t, {
    [`${STATE}/desk/disk.qcow2`]: "",
    [`${STATE}/desk/seed.iso`]: "",
    [`${STATE}/job/base.qcow2`]: "",
    "/proc/11/cmdline": line(...COMMAND),
    "/proc/12/cmdline": line(...COMMAND, "-smbios", "type=1,family=any word"),
  });
  assert.equal(desk?.unit.known && desk.unit.value?.active, "active");
  const { unit: _, ...rest } = desk ?? assert.fail();
  assert.deepEqual(rest, {
    ...{ name: "desk", hasDisk: seen(true), hasSeed: seen(true), isSetUp: null, isCurrent: seen(true) },
  });
  assert.deepEqual([job?.hasDisk, job?.isSetUp, job?.isCurrent], [seen(false), seen(true), seen(true)]);
  assert.deepEqual([gone?.unit, gone?.isCurrent], [seen(null), seen(null)]);
});

test("another command than the rendered one is told, in whatever it differs", async (t) => {
  const others = [
    line(...COMMAND, "-smbios", "type=1,family=not an ephemeral guest's"),
    line(...COMMAND.slice(0, -1)),
    line(...COMMAND.slice(0, -1), "-no-user-config"),
    "",
  ];
  for (const text of others) {
    const [desk, job] = await look(t, { "/proc/11/cmdline": text });
    assert.deepEqual(desk?.isCurrent, seen(false), text);
    assert.deepEqual(job?.isCurrent, seen(null), "it ended meanwhile");
  }
});

test("what nobody could look at is not known, and nothing is asked without guests", async (t) => {
  const all = await look(t, {}, ran("", 1, "Failed to connect to bus"));
  for (const guest of all) {
    assert.deepEqual(guest.unit, unseen("Failed to connect to bus"));
    assert.deepEqual(guest.isCurrent, guest.unit);
  }
  const [blocked] = await look(t, { [STATE]: "no folder" });
  assert.deepEqual(blocked?.hasDisk, seen(false), "no folder, no disk");
  const tools = makeTools({});
  const ports = { tools, files: openHostFiles(makeFolder(t)), user: false, now: 0, monotonic: 0 };
  assert.deepEqual(await observeGuestUnits([], ports), []);
  assert.deepEqual(tools.asked, []);
});
