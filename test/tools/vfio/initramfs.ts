// An initramfs for a Debian kernel: busybox, the real modprobe, the modules that are asked for, and further files. In:
// the unpacked kernel, modules, files by path. Out: a file for QEMU's -initrd, or for GRUB's.

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Kernel {
  /** Holds boot/ and lib/modules/. */
  readonly root: string;
  readonly version: string;
}

export function findKernel(root: string): Kernel | null {
  try {
    const version = readdirSync(join(root, "lib/modules"))[0];
    return version === undefined ? null : { root, version };
  } catch {
    return null;
  }
}

/** `files`: text and mode by path from /; `/init` among them. */
export function makeInitramfs(
  folder: string,
  kernel: Kernel,
  modules: readonly string[],
  files: Readonly<Record<string, { readonly text: string; readonly mode: number }>>,
): string {
  const root = join(folder, "root");
  for (const name of ["bin", "sbin", "proc", "sys", "dev", "etc/modprobe.d"]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  for (const program of ["/bin/busybox", "/bin/kmod"]) copyProgram(program, root);
  symlinkSync("../bin/kmod", join(root, "sbin/modprobe"));
  copyModules(kernel, modules, root);
  for (const [path, { text, mode }] of Object.entries(files)) {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    chmodSync(target, mode);
  }
  const image = join(folder, "initramfs.gz");
  const script = 'cd "$1" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 >"$2"';
  execFileSync("sh", ["-c", script, "sh", root, image]);
  return image;
}

function copyProgram(program: string, root: string): void {
  const said = execFileSync("sh", ["-c", 'ldd "$1" || true', "sh", program], { encoding: "utf8" });
  const libraries = said.match(/\/[^ \n]+(?= \(0x)/g) ?? [];
  for (const path of [program, ...libraries]) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    copyFileSync(path, join(root, path));
    chmodSync(join(root, path), 0o755);
  }
}

function copyModules({ root: source, version }: Kernel, modules: readonly string[], root: string): void {
  const listed = modules.flatMap((name) => {
    const args = ["-d", source, "-S", version, "--show-depends", name];
    return execFileSync("modprobe", args, { encoding: "utf8" }).match(/(?<=^insmod )\S+/gm) ?? [];
  });
  for (const path of new Set(listed)) {
    const target = join(root, path.slice(source.length));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(path, target);
  }
  for (const name of ["modules.builtin", "modules.builtin.modinfo", "modules.order"]) {
    copyFileSync(join(source, "lib/modules", version, name), join(root, "lib/modules", version, name));
  }
  execFileSync("depmod", ["-b", root, version]);
}
