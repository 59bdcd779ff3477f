// Firmware, Secure Boot, virtualization, containers, kernel, distribution, disks: each from the files that tell.

import assert from "node:assert/strict";
import { test } from "node:test";
import { detectHost } from "../../src/hardware/detect.ts";
import { parseOsRelease } from "../../src/hardware/os.ts";
import type { Detection, Inventory } from "../../src/model/inventory.ts";
import { type HostTools, NO_TOOLS } from "../../src/model/ports.ts";
import { type FakeFile, fakeFiles, fakeMachine } from "./fake-files.ts";

const DMI = "/sys/class/dmi/id";
const SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
const X86 = (flags: string): Record<string, FakeFile> => ({
  "/proc/cpuinfo": `processor\t: 0\nflags\t\t: fpu lm ${flags}\n`,
});

async function detect(files: Record<string, FakeFile>, tools: HostTools = NO_TOOLS): Promise<Inventory> {
  return (await detectHost(fakeMachine(files), tools)).inventory;
}

async function detectWhole(files: Record<string, FakeFile>): Promise<Detection> {
  return detectHost(fakeMachine(files), NO_TOOLS);
}

test("Secure Boot is the fifth byte of its variable", async () => {
  const secure = async (file: FakeFile): Promise<boolean | null> =>
    (await detect({ [SECURE_BOOT]: file })).machine.secureBoot;
  assert.equal(await secure({ bytes: [6, 0, 0, 0, 1] }), true);
  assert.equal(await secure({ bytes: [6, 0, 0, 0, 0] }), false);
  assert.equal(await secure({ bytes: [6, 0] }), null);
  assert.equal(await secure({ error: "EACCES" }), null);
});

test("firmware is told by what it leaves behind", async () => {
  const machine = async (files: Record<string, FakeFile>): Promise<readonly unknown[]> => {
    const { machine: m } = await detect(files);
    return [m.firmware, m.secureBoot];
  };
  assert.deepEqual(await machine({ [`${DMI}/bios_vendor`]: "SeaBIOS", "/sys/firmware/dmi/tables/DMI": "" }), [
    "bios",
    false,
  ]);
  assert.deepEqual(await machine({ "/proc/device-tree/model": "Board\0" }), ["device-tree", false]);
  assert.deepEqual(
    await machine({ "/proc/mounts": "efivarfs /sys/firmware/efi/efivars efivarfs rw 0 0\n" }),
    ["uefi", null],
  );
  assert.deepEqual(await machine({}), [null, null]);
});

test("what nobody filled in is no name; the board's name is better than none", async () => {
  const files = {
    [`${DMI}/sys_vendor`]: "To Be Filled By O.E.M.\n",
    [`${DMI}/product_name`]: "System Product Name\n",
    [`${DMI}/board_name`]: "X670E\n",
  };
  const { machine } = await detect(files);
  assert.deepEqual([machine.vendor, machine.product], [null, "X670E"]);
});

test("strings of the hardware are cleaned before anyone prints or writes them", async () => {
  const hostile = `\u001b]0;owned\u0007A\u202eB\u200bC\r\n: - "x" ${"y".repeat(5000)}`;
  const { machine } = await detect({ [`${DMI}/product_name`]: hostile });
  assert.equal(machine.product?.startsWith(']0;owned A B C : - "x" yyy'), true);
  assert.equal(machine.product?.length, 120);
});

test("guests are known by flag, DMI, clock or device tree", async () => {
  const vm = async (files: Record<string, FakeFile>): Promise<string | null> =>
    (await detect(files)).virtualization.vm;
  assert.equal(await vm(X86("vmx")), "none");
  assert.equal(await vm({ ...X86("vmx"), [`${DMI}/sys_vendor`]: "Amazon EC2" }), "none");
  assert.equal(await vm({ ...X86("hypervisor"), [`${DMI}/sys_vendor`]: "Amazon EC2" }), "amazon");
  assert.equal(await vm({ ...X86("hypervisor"), [`${DMI}/sys_vendor`]: "VMware, Inc." }), "vmware");
  assert.equal(
    await vm({
      ...X86("hypervisor"),
      [`${DMI}/sys_vendor`]: "Microsoft Corporation",
      [`${DMI}/product_name`]: "Virtual Machine",
    }),
    "microsoft",
  );
  assert.equal(
    await vm({ [`${DMI}/sys_vendor`]: "Microsoft Corporation", [`${DMI}/product_name`]: "Surface Laptop" }),
    "none",
  );
  assert.equal(await vm({ ...X86("hypervisor"), [`${DMI}/sys_vendor`]: "QEMU" }), "qemu");
  const clock = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
  assert.equal(
    await vm({ ...X86("hypervisor"), [`${DMI}/sys_vendor`]: "QEMU", [clock]: "kvm-clock tsc" }),
    "kvm",
  );
  assert.equal(await vm({ ...X86("hypervisor") }), "vm-other");
  assert.equal(await vm({ "/proc/device-tree/hypervisor/compatible": "linux,kvm\0" }), "kvm");
  assert.equal(await vm({ "/sys/hypervisor/type": "xen\n" }), "xen");
  assert.equal(await vm({}), null);
});

test("where files leave it open, systemd-detect-virt is believed", async () => {
  const tools: HostTools = {
    run: async (command) =>
      command === "systemd-detect-virt"
        ? { kind: "ran", exitCode: 0, stdout: "kvm\n", stderr: "" }
        : { kind: "missing" },
  };
  assert.equal((await detect(X86("hypervisor"), tools)).virtualization.vm, "kvm");
});

test("containers are known by their marks", async () => {
  const container = async (files: Record<string, FakeFile>): Promise<string | null> =>
    (await detect({ "/proc/self/cgroup": "0::/\n", ...files })).virtualization.container;
  assert.equal(await container({ "/.dockerenv": "" }), "docker");
  assert.equal(await container({ "/run/.containerenv": "" }), "podman");
  assert.equal(await container({ "/run/systemd/container": "lxc\n" }), "lxc");
  assert.equal(
    await container({ "/proc/1/environ": "PATH=/bin\0container=systemd-nspawn\0" }),
    "systemd-nspawn",
  );
  assert.equal(await container({ "/proc/1/cgroup": "12:cpu:/docker/0123456789ab\n" }), "docker");
  assert.equal(await container({ "/proc/1/cgroup": "12:cpu:/kubepods.slice/pod1\n" }), "container-other");
  assert.equal(await container({}), "none");
});

test("a leftover mark on a machine that runs its own processes is no container", async () => {
  const own = { "/proc/2/comm": "kthreadd\n", "/.dockerenv": "", "/proc/self/cgroup": "0::/\n" };
  const machine = await detectWhole({ ...own, "/proc/mounts": "/dev/vda / ext4 rw 0 0\n" });
  assert.equal(machine.inventory.virtualization.container, "none");
  assert.equal(machine.remarks.length, 1);
  const hostProcesses = await detectWhole({ ...own, "/proc/mounts": "overlay / overlay rw 0 0\n" });
  assert.equal(hostProcesses.inventory.virtualization.container, "docker");
});

test("nothing at all is no knowledge of being a container or not", async () => {
  const { inventory } = await detectHost(fakeFiles({}), NO_TOOLS);
  assert.deepEqual(inventory.virtualization, { vm: null, container: null });
});

test("of the kernel command line only what matters is kept", async () => {
  const cmdline =
    "BOOT_IMAGE=/vmlinuz root=UUID=1234 rd.luks.key=/secret password=hunter2 intel_iommu=on iommu=pt vfio-pci.ids=10de:2684 console=ttyS0 console=ttyS0 quiet\n";
  const { kernel } = await detect({
    "/proc/cmdline": cmdline,
    "/proc/sys/kernel/osrelease": "6.8.12-4-pve\n",
  });
  assert.deepEqual(kernel, {
    release: "6.8.12-4-pve",
    proxmox: true,
    options: ["intel_iommu=on", "iommu=pt", "vfio-pci.ids=10de:2684", "console=ttyS0"],
  });
});

test("a 64-bit kernel under 32-bit programs is the kernel's architecture and a remark", async () => {
  const elf = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 40, 0];
  const { inventory, remarks } = await detectWhole({
    "/proc/sys/kernel/arch": "aarch64\n",
    "/bin/sh": { bytes: elf },
  });
  assert.equal(inventory.arch, "arm64");
  assert.equal(remarks.filter((remark) => remark.includes("programs are arm")).length, 1);
});

test("os-release is read with its quotes", () => {
  const values = parseOsRelease(
    'ID=arch\nNAME="A \\"b\\" \\$c"\nX=\'single $y\'\n# no\nbad line\nID_LIKE="debian  ubuntu"\n',
  );
  assert.deepEqual(
    [...values],
    [
      ["ID", "arch"],
      ["NAME", 'A "b" $c'],
      ["X", "single $y"],
      ["ID_LIKE", "debian  ubuntu"],
    ],
  );
});

test("disks are what has hardware below it", async () => {
  const disk = (name: string, link: string, size: string, rotational: string): Record<string, FakeFile> => ({
    [`/sys/block/${name}`]: { link: `../devices/${link}/block/${name}` },
    [`/sys/devices/${link}/block/${name}/size`]: size,
    [`/sys/devices/${link}/block/${name}/queue/rotational`]: rotational,
    [`/sys/devices/${link}/block/${name}/device`]: { link: "../.." },
    [`/sys/devices/${link}/model`]: "Model X\n",
  });
  const { disks } = await detect({
    ...disk("sda", "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0", "1953525168", "1"),
    ...disk("vda", "pci0000:00/0000:00:03.0/virtio1", "2097152", "1"),
    ...disk("nvme1n1", "virtual/nvme-subsystem/nvme-subsys1", "3907029168", "0"),
    ...disk("sdb", "pci0000:00/0000:00:14.0/usb2/2-3/host1/target1:0:0/1:0:0:0", "0", "1"),
    ...disk("sr0", "pci0000:00/0000:00:1f.2/ata2/host2/target2:0:0/2:0:0:0", "2097152", "1"),
    "/sys/class/nvme/nvme1/address": "0000:05:00.0\n",
    "/sys/block/loop0/size": "1000",
    "/sys/block/dm-0/size": "1000",
  });
  const seen = disks?.map((d) => [d.name, d.sizeGiB, d.transport, d.rotational, d.pci]);
  assert.deepEqual(seen, [
    ["nvme1n1", 1863, "nvme", false, "0000:05:00.0"],
    ["sda", 932, "sata", true, "0000:00:17.0"],
    ["vda", 1, "virtio", null, "0000:00:03.0"],
  ]);
});

test("the render node of a board without PCI is no reason to believe in a GPU", async () => {
  assert.deepEqual((await detect({ "/dev/dri/renderD128": { node: true } })).gpus, []);
});

test("KVM is usable only when it can be opened", async () => {
  const kvm = async (file: FakeFile): Promise<unknown> => (await detect({ "/dev/kvm": file })).kvm;
  assert.deepEqual(await kvm({ node: true, gid: 104, usable: true }), {
    present: true,
    usable: true,
    gid: 104,
    nested: null,
  });
  assert.deepEqual(await kvm({ node: true, gid: 104 }), {
    present: true,
    usable: false,
    gid: 104,
    nested: null,
  });
  assert.deepEqual((await detect({})).kvm, { present: false, usable: false, gid: null, nested: null });
});

test("binfmt entries are known by interpreter, and only QEMU's", async () => {
  const dir = "/proc/sys/fs/binfmt_misc";
  const entry = (interpreter: string, flags: string, state = "enabled"): string =>
    `${state}\ninterpreter ${interpreter}\nflags: ${flags}\noffset 0\nmagic 7f45\n`;
  const { binfmt } = await detect({
    [`${dir}/status`]: "enabled\n",
    [`${dir}/register`]: { error: "EACCES" },
    [`${dir}/anything`]: entry("/usr/bin/qemu-aarch64-static", "POCF"),
    [`${dir}/qemu-riscv64`]: entry("/usr/libexec/qemu-binfmt/riscv64-binfmt-P", "P"),
    [`${dir}/qemu-arm`]: entry("/usr/bin/qemu-arm", "F", "disabled"),
    [`${dir}/python3.11`]: entry("/usr/bin/python3.11", ""),
    [`${dir}/odd`]: entry("/usr/bin/qemu-constructor", ""),
  });
  assert.deepEqual(binfmt, [
    { platform: "linux/arm/v7", interpreter: "/usr/bin/qemu-arm", fixBinary: true, enabled: false },
    { platform: "linux/arm64", interpreter: "/usr/bin/qemu-aarch64-static", fixBinary: true, enabled: true },
    {
      platform: "linux/riscv64",
      interpreter: "/usr/libexec/qemu-binfmt/riscv64-binfmt-P",
      fixBinary: false,
      enabled: true,
    },
  ]);
  assert.equal((await detect({ "/proc/self/cgroup": "" })).binfmt, null);
});

test("a word that every JavaScript object knows is no architecture", async () => {
  for (const word of ["valueOf", "constructor", "__proto__"]) {
    assert.equal((await detect({ "/proc/sys/kernel/arch": `${word}\n` })).arch, "other");
  }
});
