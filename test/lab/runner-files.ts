// The stand-in runner as GitHub ships its own: an image of each version, and a tarball with its sha256.
// In: test/lab/runner. Out: an archive of images for an engine to load, and tarballs.

import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ciCache } from "../tools/tool.ts";
import { docker, succeed } from "./command.ts";
import { buildImage, hashOf, importRoot } from "./roots.ts";

export const RUNNER_IMAGE = "ghcr.io/actions/actions-runner";
/** The last that leaves its files when its registration is deleted, the first that removes them, the newest. */
export const RUNNER_VERSIONS = ["2.335.1", "2.336.0", "2.337.0"] as const;

const source = join(import.meta.dirname, "runner");

/** The official image's user, groups, folder and environment; no entrypoint (actions/runner, images/Dockerfile). */
const DOCKERFILE = (root: string, version: string) => `FROM ${root}
RUN groupadd --gid 123 docker \\
 && useradd --uid 1001 --create-home --groups sudo,docker --shell /bin/bash runner \\
 && echo '%sudo ALL=(ALL:ALL) NOPASSWD:ALL' >/etc/sudoers.d/sudo \\
 && echo 'Defaults env_keep += "DEBIAN_FRONTEND"' >>/etc/sudoers.d/sudo \\
 && chmod 777 /home/runner
COPY lab.crt /usr/local/share/ca-certificates/lab.crt
RUN update-ca-certificates
ENV DEBIAN_FRONTEND=noninteractive RUNNER_MANUALLY_TRAP_SIG=1 ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT=1 ImageOS=ubuntu24
WORKDIR /home/runner
COPY --chown=runner:docker runner /home/runner
RUN echo ${version} >/home/runner/bin/version
USER runner
`;

let saving: Promise<string> | null = null;

/** The path of an archive with all versions; kept, for an engine that is new in each run has none of them. */
export function saveRunnerImages(authority: string): Promise<string> {
  // Hosts that boot side by side wait for one archive.
  saving ??= saveOnce(authority);
  return saving;
}

async function saveOnce(authority: string): Promise<string> {
  const work = layOut("0.0.0");
  try {
    writeFileSync(join(work, "lab.crt"), authority);
    const root = await importRoot("lab-runner");
    const parts = [authority, ...readTree(join(work, "runner"))];
    const archive = join(
      ciCache,
      "lab-images",
      `${hashOf([DOCKERFILE(root, "V"), ...RUNNER_VERSIONS, ...parts])}.tar`,
    );
    if (existsSync(archive)) return archive;
    const tags: string[] = [];
    for (const version of RUNNER_VERSIONS) {
      const built = await buildImage(
        `ci-fleet-lab/runner-${version}`,
        DOCKERFILE(root, version),
        work,
        parts,
      );
      tags.push(`${RUNNER_IMAGE}:${version}`);
      await docker("tag", built, `${RUNNER_IMAGE}:${version}`);
    }
    mkdirSync(join(archive, ".."), { recursive: true });
    for (const old of readdirSync(join(archive, ".."))) rmSync(join(archive, "..", old));
    await docker("save", "--output", `${archive}.part`, ...tags);
    renameSync(`${archive}.part`, archive);
    return archive;
  } finally {
    rmSync(work, { recursive: true });
  }
}

export interface RunnerTarball {
  readonly version: string;
  readonly filename: string;
  readonly content: Buffer;
  readonly sha256: string;
}

export async function packRunner(version: string): Promise<RunnerTarball> {
  const work = layOut(version);
  try {
    const filename = `actions-runner-linux-x64-${version}.tar.gz`;
    const plain = ["--sort=name", "--mtime=@0", "--owner=1001", "--group=118", "--numeric-owner"];
    await succeed("tar", ["-C", join(work, "runner"), ...plain, "-czf", join(work, filename), "."]);
    const content = readFileSync(join(work, filename));
    return { version, filename, content, sha256: createHash("sha256").update(content).digest("hex") };
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** A new folder with `runner/` in it, complete: git keeps neither modes nor empty folders. */
function layOut(version: string): string {
  const work = mkdtempSync(join(tmpdir(), "ci-fleet-lab-runner-"));
  const runner = join(work, "runner");
  cpSync(source, runner, { recursive: true });
  for (const program of [
    "config.sh",
    "run.sh",
    "run-helper.sh.template",
    "bin/Runner.Listener",
    "bin/Runner.Worker",
  ])
    chmodSync(join(runner, program), 0o755);
  writeFileSync(join(runner, "bin/version"), `${version}\n`);
  mkdirSync(join(runner, "externals/node24/bin"), { recursive: true });
  writeFileSync(join(runner, "externals/node24/bin/node"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  return work;
}

function readTree(folder: string): readonly string[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .sort()
    .filter((path) => statSync(join(folder, path)).isFile())
    .flatMap((path) => {
      const file = join(folder, path);
      return [path, String(statSync(file).mode), readFileSync(file, "latin1")];
    });
}
