// Which PCI functions are GPUs, what they are called, and whether a guest may get them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { nameGfx } from "../../src/hardware/amd.ts";
import { detectHost } from "../../src/hardware/detect.ts";
import { compareAddresses, findPciName } from "../../src/hardware/pci.ts";
import { type Inventory, presentOrNull } from "../../src/model/inventory.ts";
import { NO_TOOLS } from "../../src/model/ports.ts";
import { type FakeFile, fakeMachine, fakePci } from "./fake-files.ts";

const GROUPS = "/sys/kernel/iommu_groups";

async function detect(files: Record<string, FakeFile>): Promise<Inventory> {
  return (await detectHost(fakeMachine(files), NO_TOOLS)).inventory;
}

function inGroup(
  id: number,
  address: string,
  pciId: string,
  klass: string,
  more: Record<string, FakeFile> = {},
): Record<string, FakeFile> {
  return {
    ...fakePci(address, pciId, klass, {
      iommu_group: { link: `../../../kernel/iommu_groups/${id}` },
      ...more,
    }),
    [`${GROUPS}/${id}/devices/${address}`]: { link: `../../../../bus/pci/devices/${address}` },
  };
}

test("bridges in a card's group do not count, strangers do", async () => {
  const files = {
    ...inGroup(1, "0000:00:01.0", "8086:4c01", "060400"),
    ...inGroup(1, "0000:01:00.0", "10de:2504", "030000"),
    ...inGroup(1, "0000:01:00.1", "10de:228e", "040300"),
    ...inGroup(2, "0000:02:00.0", "1002:744c", "030000"),
    ...inGroup(2, "0000:03:00.0", "8086:1572", "020000"),
  };
  const { gpus, iommu } = await detect(files);
  assert.deepEqual(
    gpus?.map((gpu) => gpu.passthrough),
    [{ kind: "isolated" }, { kind: "shared", with: ["0000:03:00.0"] }],
  );
  assert.deepEqual(
    iommu.groups.map((group) => group.devices.length),
    [3, 2],
  );
});

test("a device with a pci_bus folder is a bridge whatever its class says", async () => {
  const files = {
    ...inGroup(1, "0000:00:01.0", "8086:1901", "068000", { "pci_bus/0000:01/cpuaffinity": "f" }),
    ...inGroup(1, "0000:01:00.0", "10de:2504", "030000"),
  };
  assert.deepEqual((await detect(files)).gpus?.[0]?.passthrough, { kind: "isolated" });
});

test("a function of the card in another group brings that group's strangers", async () => {
  const files = {
    ...inGroup(5, "0000:01:00.0", "10de:2504", "030000"),
    ...inGroup(6, "0000:01:00.1", "10de:228e", "040300"),
    ...inGroup(6, "0000:04:00.0", "144d:a80a", "010802"),
  };
  assert.deepEqual((await detect(files)).gpus?.[0]?.passthrough, { kind: "shared", with: ["0000:04:00.0"] });
});

test("no groups: no IOMMU; groups without isolation do not count", async () => {
  const card = fakePci("0000:01:00.0", "10de:2504", "030000");
  const none = await detect(card);
  assert.deepEqual([none.iommu.enabled, none.gpus?.[0]?.passthrough], [false, { kind: "no-iommu" }]);
  const fake = await detect({ ...card, [`${GROUPS}/0/name`]: "vfio-noiommu\n" });
  assert.equal(fake.iommu.enabled, false);
  const hidden = await detect({ ...card, [GROUPS]: { error: "EACCES" } });
  assert.deepEqual([hidden.iommu.enabled, hidden.gpus?.[0]?.passthrough], [null, null]);
});

test("the ACS override is reported", async () => {
  const cmdline = { "/proc/cmdline": "quiet pcie_acs_override=downstream,multifunction\n" };
  assert.equal((await detect(cmdline)).iommu.acsOverride, true);
  assert.equal((await detect({ "/proc/cmdline": "quiet\n" })).iommu.acsOverride, false);
  assert.equal((await detect({})).iommu.acsOverride, null);
});

test("consoles, virtual adapters, NPUs and virtual functions are no GPUs", async () => {
  const files = {
    ...fakePci("0000:00:02.0", "1a03:2000", "030000"),
    ...fakePci("0000:00:03.0", "102b:0538", "030000"),
    ...fakePci("0000:00:04.0", "1af4:1050", "038000"),
    ...fakePci("0000:00:05.0", "1234:1111", "030000"),
    ...fakePci("0000:00:0b.0", "8086:7d1d", "120000"),
    ...fakePci("0000:00:02.1", "8086:56c0", "038000", { physfn: { link: "../0000:00:02.0" } }),
    ...fakePci("0000:05:00.0", "1002:74a1", "120000"),
    ...fakePci("0000:06:00.0", "1da3:1020", "120000"),
    ...fakePci("10000:01:00.0", "10de:2330", "030200"),
  };
  const gpus = (await detect(files)).gpus ?? [];
  assert.deepEqual(
    gpus.map((gpu) => `${gpu.address} ${gpu.vendor}`),
    ["0000:05:00.0 amd", "0000:06:00.0 other", "10000:01:00.0 nvidia"],
  );
});

test("an AMD card gets engine, memory, id and node from the kernel", async () => {
  const files = {
    ...fakePci("0000:43:00.0", "1002:744c", "030000", {
      mem_info_vram_total: "25753026560\n",
      "drm/renderD128/dev": "226:128\n",
      "drm/card0/dev": "226:0\n",
    }),
    "/sys/class/kfd/kfd/topology/nodes/0/properties": "cpu_cores_count 24\nsimd_count 0\nvendor_id 0\n",
    "/sys/class/kfd/kfd/topology/nodes/1/properties":
      "cpu_cores_count 0\nsimd_count 192\nvendor_id 4098\nlocation_id 17152\ndomain 0\ngfx_target_version 110000\nunique_id 10191268226134567898\n",
    "/dev/kfd": { node: true, gid: 993 },
    "/dev/dri/renderD128": { node: true, gid: 993 },
    "/dev/dri/card0": { node: true, gid: 44 },
  } as const;
  const { gpus, amd, memory } = await detect(files);
  const [gpu] = gpus ?? [];
  assert.deepEqual(
    [gpu?.gfx, gpu?.memoryMiB, gpu?.uuid, gpu?.renderNode, gpu?.renderGid, gpu?.integrated, memory.unified],
    ["gfx1100", 24560, "GPU-8d6ea874bd79ebda", "/dev/dri/renderD128", 993, false, false],
  );
  assert.deepEqual(presentOrNull(amd), { kfd: true, renderGid: 993, videoGid: 44 });
});

test("gfx names follow the kernel's numbers", () => {
  const names: Record<number, string | null> = {
    0: null,
    90010: "gfx90a",
    90402: "gfx942",
    100306: "gfx1036",
    110000: "gfx1100",
    110501: "gfx1151",
    120001: "gfx1201",
  };
  for (const [version, name] of Object.entries(names)) assert.equal(nameGfx(Number(version)), name);
});

test("names come from the vendor's own part of pci.ids", () => {
  const ids =
    "# comment\n1002  AMD\n\t2684  Not this one\n10de  NVIDIA Corporation\n\t2684  AD102 [GeForce RTX 4090]\n\t\t10de 167c  FE\nC 03  Display\n\t2684  Nor this\n";
  assert.equal(findPciName(ids, "10de", "2684"), "AD102 [GeForce RTX 4090]");
  assert.equal(findPciName(ids, "10de", "ffff"), null);
  assert.equal(findPciName(ids, "8086", "2684"), null);
  assert.equal(findPciName("", "10de", "2684"), null);
});

test("addresses are ordered by number, whatever the length of the domain", () => {
  const sorted = ["10000:00:00.0", "000f:01:00.0", "0000:0a:00.0", "0000:02:00.1", "0000:02:00.0"].sort(
    compareAddresses,
  );
  assert.deepEqual(sorted, ["0000:02:00.0", "0000:02:00.1", "0000:0a:00.0", "000f:01:00.0", "10000:00:00.0"]);
});
