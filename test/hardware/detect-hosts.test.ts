// Every host of fixtures/hosts, detected: its inventory file and its page are goldens, and what was written is read
// back. In: fixtures/hosts. Out: a test for each.

import assert from "node:assert/strict";
import { test } from "node:test";
import { measureWidth } from "../../src/base/terminal-text.ts";
import { describeHost } from "../../src/hardware/describe-host.ts";
import { detectHost } from "../../src/hardware/detect.ts";
import { readInventory } from "../../src/hardware/read-inventory.ts";
import { writeInventory } from "../../src/hardware/write-inventory.ts";
import { HOSTS_DIR, listFixtureHosts, openFixtureHost } from "./fixture-host.ts";
import { assertGolden } from "./golden.ts";

for (const name of listFixtureHosts()) {
  test(`the host ${name} is described by its goldens`, async () => {
    const { files, tools } = openFixtureHost(name);
    const detection = await detectHost(files, tools);
    const yaml = writeInventory(detection.inventory, name, detection.sources);
    const page = describeHost(detection);
    assertGolden(`${HOSTS_DIR}/${name}/expected/inventory.yaml`, yaml);
    assertGolden(`${HOSTS_DIR}/${name}/expected/page.txt`, page);
    assert.deepEqual(readInventory(yaml, name), { value: detection.inventory, diagnostics: [] });
    for (const line of page.split("\n")) assert.ok(measureWidth(line) <= 100, `too wide: ${line}`);
  });
}

test("no golden inventory holds a serial number, a disk id or a MAC address", async () => {
  for (const name of listFixtureHosts()) {
    const { files, tools } = openFixtureHost(name);
    const { inventory } = await detectHost(files, tools);
    const text = writeInventory(inventory, name);
    assert.doesNotMatch(text, /1000000012345678|PARTUUID|root=|UUID=|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/i);
  }
});
