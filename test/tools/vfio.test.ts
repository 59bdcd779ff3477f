// Files by which a node lets go of cards, through those who read them: modprobe, GRUB, udev of Debian 13, the
// initramfs' shell; and the script that puts them in force, run for real on a root of its own.

import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { hasTools, hasTrixie, runInTrixie, runTool } from "./tool.ts";

const RENDERED = "fixtures/{nodes,fleets}/*/expected/rendered/hosts/*/vfio";
const TWINS = "fixtures/nodes/two-equal-cards-one-kept-with-systemd-boot/expected/rendered/hosts/pve1/vfio";
const ONE = "fixtures/nodes/one-card-only-and-accepted/expected/rendered/hosts/pve1/vfio";

function find(pattern: string): readonly string[] {
  const found = globSync(`${RENDERED}/etc/${pattern}`).sort();
  assert.notEqual(found.length, 0, pattern);
  return found;
}

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "vfio-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("modprobe reads every line of every file, and loads vfio-pci before each driver", (t) => {
  if (!hasTools(t, "modprobe")) return;
  for (const path of find("modprobe.d/*.conf")) {
    const answer = runTool("modprobe", ["--showconfig", `--config=${dirname(path)}`]);
    assert.deepEqual({ path, code: answer.code, said: answer.stderr }, { path, code: 0, said: "" });
    const lines = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    const read = answer.stdout.split("\n").map((line) => line.replaceAll("_", "-").trim());
    for (const line of lines) {
      // The kernel holds "_" and "-" for one.
      assert.ok(read.includes(line.replaceAll("_", "-")), `${path}: ${line}`);
    }
  }
});

test("modules to load are names that modprobe takes", () => {
  for (const path of find("modules-load.d/*.conf")) {
    const names = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    assert.deepEqual(names, ["vfio", "vfio_iommu_type1", "vfio_pci"]);
  }
});

test("GRUB's drop-in adds to what is there, and GRUB reads the menu that comes of it", (t) => {
  if (!hasTools(t, "grub-script-check", "dash")) return;
  const folder = makeFolder(t);
  for (const path of find("default/grub.d/*.cfg")) {
    const script = 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n. "$1"\nprintf "%s" "$GRUB_CMDLINE_LINUX_DEFAULT"\n';
    const answer = runTool("dash", ["-c", script, "sh", join(process.cwd(), path)]);
    assert.equal(answer.stderr, "");
    assert.match(answer.stdout, /^quiet(?: [a-z_]+=[a-z_]+)+$/);
    const menu = join(folder, "grub.cfg");
    writeFileSync(menu, `menuentry "t" {\n\tlinux /vmlinuz root=/dev/sda1 ro ${answer.stdout}\n}\n`);
    assert.deepEqual(runTool("grub-script-check", [menu]), { code: 0, stdout: "", stderr: "" });
  }
});

test("udev verifies every rule, and would refuse a broken one", (t) => {
  if (!hasTrixie(t)) return;
  const verify = (text: string) =>
    runInTrixie({ "60-ci-fleet-vfio.rules": text }, (folder) => [
      "udevadm",
      "verify",
      "--no-style",
      join(folder, "60-ci-fleet-vfio.rules"),
    ]);
  for (const path of find("udev/rules.d/*.rules")) {
    const text = readFileSync(path, "utf8");
    assert.match(text, /driver_override\}="vfio-pci"/);
    const answer = verify(text);
    assert.equal(answer.code, 0, answer.stdout + answer.stderr);
  }
  assert.notEqual(verify('ACTION=="add", NO_SUCH=="x"\n').code, 0);
});

test("in the initramfs only the device that was seen at the address is kept for a guest", (t) => {
  if (!hasTools(t, "busybox", "dash")) return;
  for (const shell of [["dash"], ["busybox", "sh"]] as const) {
    const folder = makeFolder(t);
    const devices = join(folder, "sys/bus/pci/devices");
    const make = (address: string, device: string) => {
      mkdirSync(join(devices, address), { recursive: true });
      for (const [name, text] of Object.entries({ vendor: "0x10de", device, driver_override: "(null)" })) {
        writeFileSync(join(devices, address, name), `${text}\n`);
      }
    };
    make("0000:01:00.0", "0x2684");
    make("0000:02:00.0", "0x2684");
    make("0000:02:00.1", "0xffff");
    const script = readFileSync(join(TWINS, "etc/initramfs-tools/scripts/init-top/ci-fleet-vfio"), "utf8");
    const [program, ...args] = shell;
    const ran = runTool(program, [...args], script.replaceAll("/sys/", `${folder}/sys/`));
    assert.deepEqual(ran, { code: 0, stdout: "", stderr: "" });
    const overrides = readdirSync(devices).map((address) => [
      address,
      readFileSync(join(devices, address, "driver_override"), "utf8").trim(),
    ]);
    assert.deepEqual(Object.fromEntries(overrides), {
      "0000:01:00.0": "(null)",
      "0000:02:00.0": "vfio-pci",
      "0000:02:00.1": "(null)",
    });
    assert.equal(runTool(program, [...args, "-s", "prereqs"], script).stdout, "\n");
  }
});

interface Installed {
  readonly root: string;
  run(...args: readonly string[]): { readonly code: number | null; readonly said: string };
}

function install(t: TestContext, source: string, cmdline: string | null): Installed {
  const folder = makeFolder(t);
  const [files, root] = [join(folder, "files"), join(folder, "root")];
  cpSync(source, files, { recursive: true });
  mkdirSync(join(root, "etc/kernel"), { recursive: true });
  if (cmdline !== null) writeFileSync(join(root, "etc/kernel/cmdline"), cmdline);
  return {
    root,
    run: (...args) => {
      const script = `CI_FLEET_ROOT='${root}' bash '${files}/install.sh' ${args.join(" ")} 2>&1`;
      const { code, stdout } = runTool("bash", ["-c", script]);
      return { code, said: stdout };
    },
  };
}

const listFiles = (root: string) =>
  globSync("etc/**/*", { cwd: root })
    .filter((path) => statSync(join(root, path)).isFile())
    .sort();

test("the script places its files and adds to the command line, once, and takes exactly that back", (t) => {
  const before = "root=ZFS=rpool/ROOT/pve-1 boot=zfs quiet\n";
  const { root, run } = install(t, TWINS, before);
  const cmdline = () => readFileSync(join(root, "etc/kernel/cmdline"), "utf8");
  const dry = run("--dry-run");
  assert.equal(dry.code, 0, dry.said);
  assert.match(
    dry.said,
    /the kernel's command line becomes: root=ZFS=rpool\/ROOT\/pve-1 boot=zfs quiet intel_iommu=on/,
  );
  assert.deepEqual(listFiles(root), ["etc/kernel/cmdline"]);
  assert.equal(cmdline(), before);
  const first = run();
  assert.equal(first.code, 0, first.said);
  assert.match(first.said, /reboot this host/);
  assert.equal(cmdline(), "root=ZFS=rpool/ROOT/pve-1 boot=zfs quiet intel_iommu=on\n");
  const placed = listFiles(root);
  assert.equal(
    placed.length,
    readdirSync(join(TWINS, "etc"), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
      .length + 1,
  );
  assert.equal(statSync(join(root, "etc/initramfs-tools/hooks/ci-fleet-vfio")).mode & 0o111, 0o111);
  const second = run();
  assert.deepEqual(second, { code: 0, said: "vfio: all is as it should be\n" });
  // Cut off before the initramfs was made: the next run makes it.
  writeFileSync(join(root, "var/lib/ci-fleet/vfio/pending"), "");
  assert.match(run().said, /reboot this host/);
  assert.match(run().said, /all is as it should be/);
  const removed = run("--remove");
  assert.equal(removed.code, 0, removed.said);
  assert.deepEqual(listFiles(root), ["etc/kernel/cmdline"]);
  assert.equal(cmdline(), before);
});

test("a removal gives back every byte and every folder, and a reboot is waited for in between", (t) => {
  const before = "  root=ZFS=rpool/ROOT/pve-1\tboot=zfs  quiet";
  const { root, run } = install(t, TWINS, before);
  const list = () => globSync("**/*", { cwd: root }).sort();
  const there = list();
  assert.equal(run("--dry-run").code, 0);
  assert.deepEqual(list(), there);
  assert.equal(run().code, 0);
  assert.ok(existsSync(join(root, "run/ci-fleet/reboot")));
  assert.match(run("--remove", "--dry-run").said, /removing \/etc\/modprobe.d\/ci-fleet-vfio\.conf/);
  const { code, said } = run("--remove");
  assert.equal(code, 0, said);
  assert.match(said, /reboot this host/);
  assert.equal(readFileSync(join(root, "etc/kernel/cmdline"), "utf8"), before);
  assert.ok(existsSync(join(root, "run/ci-fleet/reboot")));
  rmSync(join(root, "run"), { recursive: true });
  assert.deepEqual(
    list().filter((path) => path !== "var" && path !== "var/lib"),
    there,
  );
  assert.match(run("--remove").said, /all is as it should be/);
});

test("what a person wrote into the command line afterwards survives a removal", (t) => {
  const { root, run } = install(t, TWINS, "root=x  quiet\n");
  const path = join(root, "etc/kernel/cmdline");
  assert.equal(run().code, 0);
  writeFileSync(path, `${readFileSync(path, "utf8").trimEnd()} nosmt\n`);
  assert.equal(run("--remove").code, 0);
  assert.equal(readFileSync(path, "utf8"), "root=x quiet nosmt\n");
});

test("the files of another fleet on the host are neither replaced nor removed", (t) => {
  const { root, run } = install(t, TWINS, "root=x\n");
  assert.equal(run().code, 0);
  writeFileSync(join(root, "var/lib/ci-fleet/vfio/fleet"), "theirs\n");
  const placed = listFiles(root);
  assert.match(run().said, /the fleet theirs has given away cards/);
  assert.equal(run("--remove").code, 0);
  assert.deepEqual(listFiles(root), placed);
});

test("a word that was there before stays there after a removal", (t) => {
  const before = "root=ZFS=rpool/ROOT/pve-1 intel_iommu=on boot=zfs\n";
  const { root, run } = install(t, TWINS, before);
  assert.equal(run().code, 0);
  assert.equal(run("--remove").code, 0);
  assert.equal(readFileSync(join(root, "etc/kernel/cmdline"), "utf8"), before);
});

test("a file that is not ours, and a command line that says the contrary, stop it", (t) => {
  const foreign = install(t, ONE, null);
  const path = join(foreign.root, "etc/modprobe.d/ci-fleet-vfio.conf");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "options vfio-pci ids=1234:5678\n");
  const refused = foreign.run();
  assert.equal(refused.code, 1);
  assert.match(refused.said, /is there and not ours/);
  assert.equal(readFileSync(path, "utf8"), "options vfio-pci ids=1234:5678\n");
  const off = install(t, TWINS, "root=x intel_iommu=off\n");
  const contrary = off.run();
  assert.equal(contrary.code, 1);
  assert.match(contrary.said, /says otherwise than intel_iommu=on/);
  assert.equal(readFileSync(join(off.root, "etc/kernel/cmdline"), "utf8"), "root=x intel_iommu=off\n");
});

test("what an earlier plan placed and this one does not is removed", (t) => {
  const { root, run } = install(t, TWINS, "root=x\n");
  assert.equal(run().code, 0);
  const rules = join(root, "etc/udev/rules.d/60-ci-fleet-vfio.rules");
  assert.ok(existsSync(rules));
  const files = join(dirname(root), "files");
  rmSync(files, { recursive: true });
  cpSync(ONE, files, { recursive: true });
  const { code, said } = run();
  assert.equal(code, 0, said);
  assert.ok(!existsSync(rules), basename(rules));
});
