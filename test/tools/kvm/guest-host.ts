// A machine that runs the rendered guests as their units would, but for KVM: the same script, the same command line, in
// other folders and under software emulation. In: a folder, a kernel, what was rendered. Out: starts and stops, and what
// the guest tells on its console.

import { execFile, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { RenderedFile } from "../../../src/model/rendered-file.ts";
import { EMULATED_START } from "../emulated-start.ts";
import { type Kernel, makeInitramfs } from "../vfio/initramfs.ts";

const MODULES = ["virtio_pci", "virtio_scsi", "sd_mod", "virtio_blk", "ext4", "isofs", "button", "evdev"];

/**
 * It tells what is on its disk and in its seed, leaves a file there, and waits for its power button; with `end=itself`
 * it powers off at once, as a guest does after its job.
 */
const INIT = `${EMULATED_START}
for name in ${MODULES.join(" ")}; do modprobe "$name"; done
word() { sed -n "s/.*\\b$1=\\([^ ]*\\).*/\\1/p" /proc/cmdline; }
until [ -e /dev/sda ]; do sleep 0.1; done
mkdir /disk /seed
mount -t ext4 /dev/sda /disk
echo "@FAMILY $(cat /sys/class/dmi/id/product_family 2>/dev/null)"
echo "@SIZE $(cat /sys/block/sda/size)"
echo "@DISK $(ls /disk | tr '\\n' ' ')"
for device in /dev/vd?; do
  [ "$(dd if="$device" bs=1 skip=32808 count=6 2>/dev/null)" = CIDATA ] || continue
  mount -t iso9660 -o ro "$device" /seed && break
done
echo "@SEED $(ls /seed | tr '\\n' ' ')$(grep instance-id /seed/meta-data)"
: >"/disk/$(word boot)"
sync
echo @READY
if [ "$(word end)" != itself ]; then
  until button=$(grep -l 'Power Button' /sys/class/input/event*/device/name); do sleep 0.1; done
  button=\${button#/sys/class/input/}
  dd if="/dev/input/\${button%%/*}" of=/dev/null bs=24 count=1 2>/dev/null
  echo @BUTTON
fi
umount /disk
poweroff -f
`;

export interface GuestHost {
  /** Runs the guest until it has told all; `end` is how it ends once it has. */
  start(guest: string, boot: string, end: "itself" | "stop" | "power cut"): Promise<GuestRun>;
}

export interface GuestRun {
  /** What it told, by word. */
  readonly told: Readonly<Record<string, string>>;
  /** QEMU's. */
  readonly status: number | null;
}

const execute = promisify(execFile);
const LIMIT_MS = 300_000;

/** `image`: name of the cloud image that the guests ask for. */
export function openGuestHost(
  folder: string,
  kernel: Kernel,
  files: readonly RenderedFile[],
  image: string,
): GuestHost {
  const images = join(folder, "images");
  makeImage(images, image);
  const initramfs = makeInitramfs(folder, kernel, MODULES, { "/init": { text: INIT, mode: 0o755 } });
  for (const { path, content, mode } of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    chmodSync(join(folder, path), mode);
  }
  const boot = ["-kernel", join(kernel.root, `boot/vmlinuz-${kernel.version}`), "-initrd", initramfs];
  return {
    async start(guest, name, end) {
      const state = join(folder, "state", guest);
      const run = join(folder, "run", guest);
      rmSync(run, { recursive: true, force: true });
      for (const path of [state, run]) mkdirSync(path, { recursive: true });
      const env = { ...process.env, STATE_DIRECTORY: state, RUNTIME_DIRECTORY: run, CI_FLEET_IMAGES: images };
      const script = join(folder, `hosts/forge/vm/${guest}/guest.sh`);
      const verb = (word: string, more: NodeJS.ProcessEnv = {}) =>
        // While it waits for QEMU to end, somebody has to notice that it did.
        execute(script, [word], { env: { ...env, ...more } }).catch((cause) => {
          throw new Error(`${guest}, ${word}`, { cause });
        });
      await verb("host");
      await verb("disks");
      const variables = isEphemeral(files, guest) ? readFileSync(`${run}.word`, "utf8") : "";
      const argv = readCommand(files, guest, variables).map((word) => moveTo(word, guest, state, run));
      const words = ["console=ttyS0", "panic=-1", "no_timer_check", `boot=${name}`];
      const append = [...words, ...(end === "itself" ? ["end=itself"] : [])].join(" ");
      const machine = startMachine([...argv.slice(1), ...boot, "-append", append], join(run, "console"));
      await machine.told("@READY");
      if (end === "stop") await verb("stop", { MAINPID: String(machine.pid) });
      if (end === "power cut") machine.kill();
      const status = await machine.ended();
      const result = { SERVICE_RESULT: "success", EXIT_CODE: "exited", EXIT_STATUS: String(status) };
      if (end !== "power cut" && isEphemeral(files, guest)) await verb("keep", result);
      const said = machine.said();
      const told = Object.fromEntries(
        [...said.matchAll(/@([A-Z]+) ?([^\r\n]*)/g)].map(([, word, text]) => [word, text?.trim()]),
      );
      return { told, status };
    },
  };
}

/** Small, with a file system right on the disk: what a guest finds there is what this test is about. */
function makeImage(images: string, image: string): void {
  mkdirSync(join(images, "root"), { recursive: true });
  writeFileSync(join(images, "root/from-the-image"), "");
  const raw = join(images, "image.raw");
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-d", join(images, "root"), raw, "32M"]);
  execFileSync("qemu-img", ["convert", "-q", "-O", "qcow2", raw, join(images, image)]);
}

function isEphemeral(files: readonly RenderedFile[], guest: string): boolean {
  return findUnit(files, guest).includes("/guest.sh keep\n");
}

function findUnit(files: readonly RenderedFile[], guest: string): string {
  return files.find(({ path }) => path.endsWith(`-vm@${guest}.service`))?.content ?? "";
}

/** As systemd reads it: backslashes join lines, words may be in quotes. Rendered here are no escapes. */
function readCommand(files: readonly RenderedFile[], guest: string, variables: string): readonly string[] {
  const command = /^ExecStart=((?:.*\\\n)*.*)$/m.exec(findUnit(files, guest))?.[1] ?? "";
  if (command === "" || /["'][^"' ]*\\/.test(command)) throw new Error(`${guest}: no plain command`);
  const known = new Map([...variables.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  const whole = command.replaceAll("\\\n", " ").replace(/\$\{(\w+)\}/g, (_, name) => known.get(name) ?? "");
  return [...whole.matchAll(/"([^"]*)"|(\S+)/g)].map(([, a, b]) => a ?? b ?? "");
}

/** The only differences: other folders, no KVM, a CPU that can be emulated, and QEMU itself loads the kernel. */
function moveTo(word: string, guest: string, state: string, run: string): string {
  if (word === "host") return "qemu64";
  return word
    .replace("accel=kvm", "accel=tcg")
    .replace(",bootindex=0", "")
    .replace(`/var/lib/ci-fleet/lab/vm/${guest}`, state)
    .replace(`/run/ci-fleet/lab/vm/${guest}`, run);
}

function startMachine(args: readonly string[], socket: string) {
  const machine = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  let isOver = false;
  const { promise: over, resolve } = Promise.withResolvers<number | null>();
  const limit = setTimeout(() => machine.kill("SIGKILL"), LIMIT_MS);
  machine.stderr.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const listening = Promise.withResolvers<void>();
  machine.on("close", (status) => {
    clearTimeout(limit);
    isOver = true;
    // What it said last may still be on its way.
    void Promise.race([listening.promise, pause(1000)]).then(() => resolve(status));
  });
  const attach = (): void => {
    const console = connect(socket);
    console.on("data", (data: Buffer) => {
      said += data.toString();
    });
    console.on("end", () => listening.resolve());
    // It is there a moment after QEMU has started.
    console.on("error", () => {
      if (!isOver) setTimeout(attach, 50);
    });
  };
  attach();
  return {
    pid: machine.pid,
    said: () => said,
    ended: () => over,
    kill: () => machine.kill("SIGKILL"),
    async told(word: string): Promise<void> {
      while (!said.includes(word)) {
        if (isOver) {
          if (said.includes(word)) return;
          throw new Error(`the guest ended before ${word}:\n${said}`);
        }
        await pause(50);
      }
    },
  };
}
