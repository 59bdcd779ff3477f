// A machine with an IOMMU and cards, all emulated: boots a Debian kernel and tells what it found as a tree that
// detection reads. In: a kernel, files for the initramfs, words for the command line. Out: the tree's folder, and the
// driver of each device.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EMULATED_START } from "../emulated-start.ts";
import { type Kernel, makeInitramfs } from "./initramfs.ts";

/**
 * One card alone in its group, three more of one model: two with a group each, one behind a bridge together with a
 * network card. Another network card stands by itself.
 */
const DEVICES = [
  ...[1, 2, 3, 4, 5].map((n) => `pcie-root-port,id=port${n},chassis=${n}`),
  "ati-vga,model=rv100,bus=port1,romfile=",
  "ati-vga,bus=port2,romfile=",
  "ati-vga,bus=port3,romfile=",
  "e1000e,bus=port4,romfile=",
  "pcie-pci-bridge,id=bridge,bus=port5",
  "ati-vga,bus=bridge,addr=1,romfile=",
  "e1000,bus=bridge,addr=2,romfile=",
];

const MODULES = ["radeon", "vfio", "vfio_iommu_type1", "vfio_pci", "e1000e", "e1000"];

/** An emulated machine under load now and then hangs while its drivers wait for a timer. */
const ATTEMPTS = 3;
const LIMIT_MS = 120_000;

/** In the order of Debian's initramfs: what comes before udev, what udev loads, what is to be loaded by name. */
const INIT = `${EMULATED_START}
for script in /scripts/init-top/*; do [ ! -x "$script" ] || "$script"; done
for alias in /sys/bus/pci/devices/*/modalias; do modprobe -b "$(cat "$alias")" 2>/dev/null; done
for list in /etc/modules-load.d/*; do
  [ -e "$list" ] || continue
  grep -v '^#' "$list" | while read -r name; do modprobe "$name"; done
done
tell() { echo "@$1	$2	$3"; }
for folder in /sys/bus/pci/devices/*; do
  for name in vendor device class subsystem_vendor subsystem_device boot_vga; do
    [ ! -e "$folder/$name" ] || tell F "$folder/$name" "$(cat "$folder/$name")"
  done
  for name in driver iommu_group; do
    [ ! -e "$folder/$name" ] || tell L "$folder/$name" "$(readlink "$folder/$name")"
  done
  [ ! -e "$folder/pci_bus" ] || tell D "$folder/pci_bus"
done
for device in /sys/kernel/iommu_groups/*/devices/*; do [ ! -e "$device" ] || tell D "$device"; done
for unit in /sys/class/iommu/*; do [ ! -e "$unit" ] || tell D "$unit"; done
tell D /sys/kernel/iommu_groups
for path in /proc/cmdline /proc/sys/kernel/osrelease /proc/sys/kernel/arch; do tell F "$path" "$(cat "$path")"; done
tell F /proc/cpuinfo "$(grep -m 1 'model name' /proc/cpuinfo)"
tell END
sleep 1000
`;

export interface Booted {
  /** A root that detection can read. */
  readonly root: string;
  readonly drivers: Readonly<Record<string, string | null>>;
}

export async function bootMachine(
  folder: string,
  kernel: Kernel,
  files: Readonly<Record<string, { readonly text: string; readonly mode: number }>>,
  options: string,
): Promise<Booted> {
  const place = mkdtempSync(join(folder, "boot-"));
  const image = makeInitramfs(place, kernel, MODULES, { ...files, "/init": { text: INIT, mode: 0o755 } });
  const machine =
    "q35,kernel-irqchip=split -accel tcg -cpu qemu64,model-id=Intel -m 512 -nographic -no-reboot -vga none -net none";
  const args = [
    "-machine",
    ...machine.split(" "),
    ...["intel-iommu,intremap=on,caching-mode=on", ...DEVICES].flatMap((device) => ["-device", device]),
    ...["-kernel", join(kernel.root, `boot/vmlinuz-${kernel.version}`), "-initrd", image],
    ...["-append", `console=ttyS0 panic=-1 no_timer_check ${options}`],
  ];
  let said = "";
  for (let attempt = 1; said === ""; attempt += 1) {
    said = await runUntilTold(args).catch((error: unknown) => {
      if (attempt === ATTEMPTS) throw error;
      return "";
    });
  }
  const told = [...said.matchAll(/^@([FLD])\t(\S+)\t?([^\r\n]*)/gm)];
  const root = join(place, "tree");
  const drivers: Record<string, string | null> = {};
  for (const [, kind, path = "", value = ""] of told) {
    const target = join(root, path);
    mkdirSync(kind === "D" ? target : dirname(target), { recursive: true });
    if (kind === "F") writeFileSync(target, `${value}\n`);
    if (kind === "L") symlinkSync(value, target);
    const address = /\/devices\/([^/]+)\/(vendor|driver)$/.exec(path);
    if (address?.[2] === "vendor") drivers[address[1] as string] ??= null;
    if (address?.[2] === "driver") drivers[address[1] as string] = value.slice(value.lastIndexOf("/") + 1);
  }
  return { root, drivers };
}

/** An emulated machine is slow to go down by itself: it is switched off when it has told all. */
function runUntilTold(args: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const machine = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const limit = setTimeout(() => machine.kill("SIGKILL"), LIMIT_MS);
  machine.stderr.on("data", (data: Buffer) => {
    said += data.toString();
  });
  machine.stdout.on("data", (data: Buffer) => {
    said += data.toString();
    if (said.includes("@END")) machine.kill("SIGKILL");
  });
  machine.on("error", reject);
  machine.on("close", () => {
    clearTimeout(limit);
    if (said.includes("@END")) resolve(said);
    else reject(new Error(`the machine did not come up:\n${said}`));
  });
  return promise;
}
