// Stand-ins for the package repositories that a new machine asks: Debian's own packages, and Docker's five, which
// bring in Debian's engine. Nothing is signed with the real keys, so the machines of the lab take what is not. In:
// what .ci/prepare fetched. Out: files of repositories by the path of their URL.

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ciCache } from "../tools/tool.ts";
import { succeed } from "./command.ts";

interface Package {
  readonly file: string;
  readonly content: Buffer;
  /** As in debian/control of the built package. */
  readonly fields: string;
}

/** What stands in for Docker's packages: Debian's of another name, which may not be installed beside, or a plugin. */
const DOCKERS: Readonly<Record<string, { readonly debian?: string; readonly plugin?: string }>> = {
  "docker-ce": { debian: "docker.io" },
  "docker-ce-cli": { debian: "docker-cli" },
  "containerd.io": { debian: "containerd" },
  "docker-buildx-plugin": { plugin: "docker-buildx" },
  "docker-compose-plugin": { plugin: "docker-compose" },
};

const FETCHED = join(ciCache, "lab-packages");

let published: Promise<ReadonlyMap<string, Buffer>> | null = null;

/** Debian's below `/debian` and `/debian-security`, Docker's below `/linux/debian`. */
export function publishPackages(): Promise<ReadonlyMap<string, Buffer>> {
  published ??= publish();
  return published;
}

async function publish(): Promise<ReadonlyMap<string, Buffer>> {
  const debian = readdirSync(FETCHED).filter((name) => name.endsWith(".deb"));
  const work = mkdtempSync(join(tmpdir(), "ci-fleet-lab-packages-"));
  try {
    const names = Object.keys(DOCKERS);
    for (const name of names) await buildPackage(work, name);
    const files = new Map<string, Buffer>();
    const own = await Promise.all(debian.map((name) => readPackage(FETCHED, name)));
    publishSuite(files, "/debian", "trixie", "main", own);
    for (const suite of ["trixie-updates", "trixie-backports"])
      publishSuite(files, "/debian", suite, "main", []);
    publishSuite(files, "/debian-security", "trixie-security", "main", []);
    const dockers = await Promise.all(names.map((name) => readPackage(work, `${name}.deb`)));
    publishSuite(files, "/linux/debian", "trixie", "stable", dockers);
    return files;
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function buildPackage(work: string, name: string): Promise<void> {
  const { debian, plugin } = DOCKERS[name] ?? {};
  const root = join(work, name);
  const depends = debian === undefined ? [] : await unpack(debian, root);
  mkdirSync(join(root, "DEBIAN"), { recursive: true });
  const control = [
    ...[
      `Package: ${name}`,
      "Version: 5:29.0.0-lab",
      "Architecture: amd64",
      "Maintainer: The lab <lab@example>",
    ],
    ...depends,
    "Description: stands in for Docker's own\n",
  ];
  writeFileSync(join(root, "DEBIAN/control"), control.join("\n"));
  if (plugin !== undefined) {
    const path = `usr/libexec/docker/cli-plugins/${plugin}`;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), readFileSync(join(ciCache, "sid", path)), { mode: 0o755 });
  }
  await succeed("dpkg-deb", ["--root-owner-group", "-Znone", "--build", root, join(work, `${name}.deb`)]);
}

/** All of a package of Debian's, scripts included. Its dependencies, by Docker's names. */
async function unpack(debian: string, root: string): Promise<readonly string[]> {
  const file = readdirSync(FETCHED).find((name) => name.startsWith(`${debian}_`));
  if (file === undefined) throw new Error(`${FETCHED} has no ${debian}`);
  await succeed("dpkg-deb", ["--raw-extract", join(FETCHED, file), root]);
  const depends = /^Depends: .*$/m.exec(readFileSync(join(root, "DEBIAN/control"), "utf8"))?.[0] ?? "";
  return [depends.replace(/\bcontainerd \([^)]*\)/, "containerd.io")];
}

async function readPackage(folder: string, file: string): Promise<Package> {
  const { stdout } = await succeed("dpkg-deb", ["--field", join(folder, file)]);
  return { file, content: readFileSync(join(folder, file)), fields: stdout.trim() };
}

/** https://wiki.debian.org/DebianRepository/Format */
function publishSuite(
  files: Map<string, Buffer>,
  base: string,
  suite: string,
  component: string,
  packages: readonly Package[],
): void {
  const stanzas = packages.map(({ file, content, fields }) => {
    const path = `pool/${file.replaceAll(/[^\w.-]/g, "-")}`;
    files.set(`${base}/${path}`, content);
    return `${fields}\nFilename: ${path}\nSize: ${content.length}\nSHA256: ${sha256(content)}\n`;
  });
  const indexes = new Map([
    [`${component}/binary-amd64/Packages`, Buffer.from(stanzas.join("\n"))],
    [`${component}/source/Sources`, Buffer.alloc(0)],
  ]);
  const sums = [...indexes].map(([path, content]) => ` ${sha256(content)} ${content.length} ${path}\n`);
  const release = [
    ...[`Origin: lab`, `Suite: ${suite}`, `Codename: ${suite}`, `Components: ${component}`],
    ...["Architectures: amd64", `Date: ${new Date().toUTCString()}`, `SHA256:\n${sums.join("")}`],
  ];
  const folder = `${base}/dists/${suite}`;
  files.set(`${folder}/Release`, Buffer.from(release.join("\n")));
  for (const [path, content] of indexes) files.set(`${folder}/${path}`, content);
}

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
