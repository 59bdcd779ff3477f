// Disks of a virtual machine: its system's, from a root that .ci/prepare made, and CDs as a Proxmox node makes them.
// In: a folder to make them in. Out: their files.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ciCache } from "../tools/tool.ts";
import { succeed } from "./command.ts";
import type { RootName } from "./roots.ts";

/** The image of a cloud has no sources but its maker's, and no identity. */
const GONE = ["etc/apt/sources.list", "etc/hostname"];
/** The authorities of the world, one by one: among them, trusting one more takes an emulated machine a minute. */
const AUTHORITIES = "etc/ssl/certs";
const PUT: Readonly<Record<string, string>> = {
  "etc/machine-id": "",
  "etc/ca-certificates.conf": "",
  // The stand-ins for repositories are not signed.
  "etc/apt/apt.conf.d/90lab":
    'Acquire::AllowInsecureRepositories "true";\nAPT::Get::AllowUnauthenticated "true";\n',
};

/** One file system without partitions; sparse. */
export async function makeSystemDisk(folder: string, name: RootName): Promise<string> {
  const root = join(folder, "system");
  await succeed("cp", ["-a", "--reflink=auto", join(ciCache, name), root]);
  for (const path of [...GONE, ...Object.keys(PUT)]) rmSync(join(root, path), { force: true });
  for (const name of readdirSync(join(root, AUTHORITIES)))
    if (name !== "ca-certificates.crt") rmSync(join(root, AUTHORITIES, name));
  for (const [path, text] of Object.entries(PUT)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const disk = join(folder, "system.img");
  await succeed("mke2fs", ["-q", "-F", "-t", "ext4", "-d", root, disk, "4G"]);
  rmSync(root, { recursive: true });
  return disk;
}

/** PVE::QemuServer::Cloudinit, commit_cloudinit_disk: label and words for NoCloud. */
export async function makeSeedDisk(folder: string, seed: string): Promise<string> {
  const disk = join(folder, "seed.iso");
  await succeed("genisoimage", ["-quiet", "-iso-level", "3", "-R", "-V", "cidata", "-o", disk, seed]);
  return disk;
}

/** As the rendered qm.sh does. */
export async function makeProgramDisk(folder: string, program: string): Promise<string> {
  const disk = join(folder, "program.iso");
  const content = join(folder, "program");
  mkdirSync(content);
  await succeed("cp", ["--", program, join(content, "ci-fleet")]);
  await succeed("genisoimage", ["-quiet", "-r", "-V", "ci-fleet", "-o", disk, content]);
  rmSync(content, { recursive: true });
  return disk;
}
