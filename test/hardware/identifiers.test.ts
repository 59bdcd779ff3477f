// Serial numbers and MAC addresses: only when asked, and then only what is the hardware's own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { describeHost } from "../../src/hardware/describe-host.ts";
import { detectHost } from "../../src/hardware/detect.ts";
import { readInventory } from "../../src/hardware/read-inventory.ts";
import { writeInventory } from "../../src/hardware/write-inventory.ts";
import { NO_TOOLS } from "../../src/model/ports.ts";
import { type FakeFile, fakeMachine } from "./fake-files.ts";

const PAGE_80 = [0, 0x80, 0, 8, ...new TextEncoder().encode("  WD-42 \n")];

const MACHINE: Readonly<Record<string, FakeFile>> = {
  "/sys/class/dmi/id/product_serial": "PF3X-0042\n",
  "/sys/block/nvme0n1/size": "1953525168\n",
  "/sys/block/nvme0n1/device/serial": "S5GX 0001   \n",
  "/sys/block/sda/size": "1953525168\n",
  "/sys/block/sda/device/vpd_pg80": { bytes: PAGE_80 },
  "/sys/block/vda/size": "1953525168\n",
  "/sys/block/vda/device/vendor": "0x1af4\n",
  ...network("eno1", { address: "BC:24:11:00:00:01\n" }),
  ...network("enp3s0", { address: "bc:24:11:00:00:01\n", perm: "bc:24:11:00:00:03\n" }),
  ...network("usb0", { address: "02:11:22:33:44:55\n", assigned: "1\n" }),
  ...network("ib0", { address: "bc:24:11:00:00:09\n", type: "32\n" }),
  "/sys/class/net/br0/address": "bc:24:11:00:00:01\n",
  "/sys/class/net/br0/type": "1\n",
  "/sys/class/net/lo/address": "00:00:00:00:00:00\n",
};

test("nobody asked, so the inventory has no serial number and no MAC address, nor a word about them", async () => {
  const { inventory, sources } = await detectHost(fakeMachine(MACHINE), NO_TOOLS);
  assert.equal(inventory.identifiers, null);
  assert.doesNotMatch(writeInventory(inventory, "forge", sources), /identifiers|PF3X|S5GX|WD-42|bc:24/i);
});

test("asked for, each is read from where its kind of hardware keeps it", async () => {
  const detection = await detectHost(fakeMachine(MACHINE), NO_TOOLS, { identifiers: true });
  assert.deepEqual(detection.inventory.identifiers, {
    productSerial: "PF3X-0042",
    disks: [
      { name: "nvme0n1", serial: "S5GX 0001" },
      { name: "sda", serial: "WD-42" },
    ],
    interfaces: [
      { name: "eno1", mac: "bc:24:11:00:00:01" },
      { name: "enp3s0", mac: "bc:24:11:00:00:03" },
    ],
  });
  assert.match(describeHost(detection), /\nIdentifiers\n {2}serial {8}PF3X-0042\n {2}nvme0n1 {7}S5GX 0001\n/);
});

test("what was asked for is written, and read back as it was", async () => {
  const { inventory, sources } = await detectHost(fakeMachine(MACHINE), NO_TOOLS, { identifiers: true });
  const text = writeInventory(inventory, "forge", sources);
  assert.equal(
    text.slice(text.indexOf("identifiers:")),
    `identifiers:
  productSerial: PF3X-0042
  disks:
    - {name: nvme0n1, serial: "S5GX 0001"}
    - {name: sda, serial: WD-42}
  interfaces:
    - {name: eno1, mac: "bc:24:11:00:00:01"}
    - {name: enp3s0, mac: "bc:24:11:00:00:03"}
`,
  );
  assert.deepEqual(readInventory(text, "forge"), { value: inventory, diagnostics: [] });
});

test("a serial number that this user may not read is unknown, and says so", async () => {
  const files = fakeMachine({ "/sys/class/dmi/id/product_serial": { error: "EACCES" } });
  const { inventory, sources } = await detectHost(files, NO_TOOLS, { identifiers: true });
  assert.deepEqual(inventory.identifiers, { productSerial: null, disks: null, interfaces: null });
  assert.match(
    writeInventory(inventory, "forge", sources),
    /# productSerial: unknown, \/sys\/class\/dmi\/id\/product_serial is not readable for this user\n/,
  );
});

function network(
  name: string,
  facts: {
    readonly address: string;
    readonly assigned?: string;
    readonly perm?: string;
    readonly type?: string;
  },
): Record<string, FakeFile> {
  const dir = `/sys/class/net/${name}`;
  return {
    [`${dir}/device/vendor`]: "0x8086\n",
    [`${dir}/type`]: facts.type ?? "1\n",
    [`${dir}/addr_assign_type`]: facts.assigned ?? "0\n",
    [`${dir}/address`]: facts.address,
    ...(facts.perm === undefined ? {} : { [`${dir}/bonding_slave/perm_hwaddr`]: facts.perm }),
  };
}
