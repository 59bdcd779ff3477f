// A virtual machine of the lab: a kernel, a disk with a distribution's root, cloud-init's seed as a CD, and nothing else
// of ours. It is emulated, for where tests run there may be no KVM. In: what its parent would give it. Out: a host that
// is reached by SSH, as a person would; its console is kept.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EMULATED_START } from "../tools/emulated-start.ts";
import { ciCache } from "../tools/tool.ts";
import { findKernel, makeInitramfs } from "../tools/vfio/initramfs.ts";
import { ask, type Said } from "./command.ts";
import type { Ending } from "./ending.ts";
import type { Host } from "./host.ts";
import { makeProgramDisk, makeSeedDisk, makeSystemDisk } from "./virtual-disks.ts";
import { waitFor } from "./wait-for.ts";

export interface VirtualMachine {
  readonly name: string;
  readonly mac: string;
  /** Its own in 10.0.2.0/24; the gateway is 10.0.2.2 (QEMU's user networking). */
  readonly address: string;
  /** Folder of a NoCloud seed. */
  readonly seed: string;
  /** What it installs itself from, on a disk of its own. */
  readonly program: string;
  /** A folder of its parent's that it may mount by the tag. */
  readonly shared: { readonly tag: string; readonly folder: string };
  readonly login: { readonly user: string; readonly key: string };
}

/** What a Debian initramfs would load for the disk, the CDs and the network card. */
const MODULES = [
  "virtio_pci",
  "virtio_scsi",
  "sd_mod",
  "ahci",
  "sr_mod",
  "isofs",
  "ext4",
  "virtio_net",
  "virtiofs",
  "virtio_console",
];

const INIT = `${EMULATED_START}
for name in ${MODULES.join(" ")}; do modprobe "$name"; done
until [ -b /dev/sda ]; do sleep 0.1; done
mkdir /newroot
mount -t ext4 /dev/sda /newroot
for folder in proc sys dev; do mount --move /$folder /newroot/$folder; done
exec switch_root /newroot /sbin/init
`;

const ATTEMPTS = 3;
const SOCKET = "shared.sock";

/** Emulated, a machine is ten to twenty times as slow. */
const PATIENT = { within: 300_000, every: 1000 };

export async function startVirtualMachine(ending: Ending, machine: VirtualMachine): Promise<Host> {
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-lab-vm-"));
  ending(() => rmSync(folder, { recursive: true, force: true }));
  const port = await findPort();
  const console = join(folder, "console.log");
  const words = await listWords(folder, machine, port);
  const process = await switchOn(ending, words, folder, machine.shared.folder);
  const host = reach(machine, folder, port, console);
  await waitFor(`${machine.name} to answer`, () => answers(host, process), {
    ...PATIENT,
    instead: () => readFileSync(console, "latin1").slice(-4000),
  });
  return host;
}

/** Now and then an emulated machine hangs early, while its drivers wait for a timer. */
async function switchOn(
  ending: Ending,
  words: readonly string[],
  folder: string,
  shared: string,
): Promise<ChildProcess> {
  const socket = join(folder, SOCKET);
  const console = join(folder, "console.log");
  const share = [`--socket-path=${socket}`, "-o", `source=${shared}`, "-o", "sandbox=chroot"];
  for (let attempt = 1; ; attempt += 1) {
    rmSync(socket, { force: true });
    writeFileSync(console, "");
    // It ends with the machine that it serves.
    startTied(ending, "/usr/lib/qemu/virtiofsd", share, console);
    await waitFor("the shared folder", () => existsSync(socket));
    const process = startTied(ending, "qemu-system-x86_64", words, console);
    try {
      await waitFor("systemd", () => readFileSync(console, "latin1").includes("systemd["), {
        every: 500,
        instead: () => readFileSync(console, "latin1").slice(-4000),
      });
      return process;
    } catch (cause) {
      if (attempt === ATTEMPTS) throw cause;
      await end(process);
    }
  }
}

async function answers(host: Host, process: ChildProcess): Promise<boolean> {
  if (process.exitCode !== null) throw new Error(`the emulator ended with ${process.exitCode}`);
  return (await host.ask(["true"])).code === 0;
}

async function listWords(
  folder: string,
  { mac, address, seed, program, shared }: VirtualMachine,
  port: number,
): Promise<readonly string[]> {
  const kernel = findKernel(join(ciCache, "kernel"));
  if (kernel === null) throw new Error(`no kernel in ${ciCache}/kernel (bash .ci/prepare)`);
  const initramfs = makeInitramfs(folder, kernel, MODULES, { "/init": { text: INIT, mode: 0o755 } });
  const drive = (id: string, file: string, more: string) =>
    `id=${id},file=${file},if=none,format=raw,${more}`;
  const cd = (id: string, file: string, bus: number) => [
    ...["-drive", drive(id, file, "media=cdrom,readonly=on")],
    ...["-device", `ide-cd,drive=${id},bus=ide.${bus}`],
  ];
  const network = `user,id=net,net=10.0.2.0/24,host=10.0.2.2,hostfwd=tcp:127.0.0.1:${port}-${address}:22`;
  return [
    ...["-machine", "q35,memory-backend=memory", "-accel", "tcg,thread=multi", "-cpu", "max"],
    // vhost-user: who serves the folder sees the machine's memory.
    ...["-smp", "2", "-m", "2048", "-object", "memory-backend-memfd,id=memory,size=2G,share=on"],
    ...["-chardev", `socket,id=shared,path=${join(folder, SOCKET)}`],
    ...["-device", `vhost-user-fs-pci,chardev=shared,tag=${shared.tag}`],
    // As Proxmox gives a guest with `agent: enabled=1` the way to its agent.
    ...["-device", "virtio-serial-pci", "-chardev", "null,id=agent"],
    ...["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
    ...["-nodefaults", "-display", "none", "-serial", "stdio"],
    ...["-kernel", join(kernel.root, `boot/vmlinuz-${kernel.version}`), "-initrd", initramfs],
    ...["-append", "console=ttyS0 root=/dev/sda panic=-1 no_timer_check quiet"],
    ...["-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=system"],
    ...["-drive", drive("system", await makeSystemDisk(folder, "lab-vm"), "cache=unsafe,discard=unmap")],
    ...cd("seed", await makeSeedDisk(folder, seed), 0),
    ...cd("program", await makeProgramDisk(folder, program), 1),
    ...["-netdev", network, "-device", `virtio-net-pci,netdev=net,mac=${mac}`],
  ];
}

/** It ends with the test, or with this process when that is killed. */
function startTied(ending: Ending, program: string, words: readonly string[], console: string): ChildProcess {
  const log = openSync(console, "a");
  const line = ["--pdeathsig", "KILL", program, ...words];
  const process = spawn("setpriv", line, { stdio: ["ignore", log, log] });
  closeSync(log);
  ending(() => end(process));
  return process;
}

async function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const gone = once(process, "exit");
  process.kill("SIGKILL");
  await gone;
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

function reach({ name, login }: VirtualMachine, folder: string, port: number, console: string): Host {
  const options = [
    ...["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes"],
    // Each connection of its own would cost the machine seconds.
    ...[
      "ControlMaster=auto",
      `ControlPath=${join(folder, "ssh")}`,
      "ControlPersist=yes",
      "ConnectTimeout=20",
    ],
    ...["ServerAliveInterval=15", "IdentitiesOnly=yes", `Port=${port}`, `User=${login.user}`],
  ].flatMap((option) => ["-o", option]);
  const ssh = (command: readonly string[], input: string | Uint8Array = "", as?: string): Promise<Said> => {
    const line = ["sudo", ...(as === undefined ? [] : ["-u", as]), "--", ...command].map(quote).join(" ");
    return ask("ssh", [...options, "-i", login.key, "-F", "none", "127.0.0.1", "--", line], {
      input,
      within: PATIENT.within,
    });
  };
  const run = async (...command: readonly string[]) => {
    const said = await ssh(command);
    if (said.code === 0) return said.stdout;
    throw new Error(`${name}: ${command.join(" ")}: ${said.code ?? "killed"}\n${said.stdout}${said.stderr}`);
  };
  const bash = (line: string) => run("bash", "-o", "pipefail", "-c", line);
  const bootId = async () => (await ssh(["cat", "/proc/sys/kernel/random/boot_id"])).stdout;
  const host: Host = {
    name,
    container: `a virtual machine, its console is ${console}`,
    run,
    bash,
    ask: ssh,
    copyIn: async (outside, inside) => {
      const said = await ssh(["tee", inside], readFileSync(outside));
      if (said.code !== 0) throw new Error(`cannot copy to ${inside}: ${said.stderr}`);
    },
    write: async (path, text, mode = "644", owner = "root:root") => {
      const line =
        'mkdir -p "$(dirname "$0")" && umask 077 && cat >"$0" && chown "$2" "$0" && chmod "$1" "$0"';
      const said = await ssh(["bash", "-c", line, path, mode, owner], text);
      if (said.code !== 0) throw new Error(`cannot write ${path}: ${said.stderr}`);
    },
    isTrue: async (line) => (await ssh(["bash", "-c", line])).code === 0,
    reboot: async (how) => {
      const before = await bootId();
      await ssh(["systemctl", "reboot", ...(how === "hard" ? ["--force", "--force"] : [])]);
      await waitFor(
        `${name} to come back`,
        async () => {
          const now = await bootId();
          return now !== "" && now !== before;
        },
        PATIENT,
      );
    },
    journal: (unit) =>
      run(
        "journalctl",
        "--no-pager",
        "--output=short-precise",
        ...(unit === undefined ? [] : [`--unit=${unit}`]),
      ),
  };
  return host;
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
