// A Debian 13 that has booted systemd 257 in a container, for questions that only a running systemd
// answers. In: Docker's engine and the root that .ci/prepare made. Out: a way to run commands in it.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { hasTrixie, hasWorking, runTool, type ToolAnswer, trixieRoot } from "./tool.ts";

const repository = "ci-fleet-test/trixie";

export interface BootedSystemd {
  /** Runs a command inside; throws unless it exits 0. */
  readonly run: (...command: readonly string[]) => ToolAnswer;
  /** Puts a file of ours, with its mode, at a path in the machine. */
  readonly copy: (file: string, path: string) => void;
  /** Lays files into the machine, paths from its root. */
  readonly write: (files: Readonly<Record<string, string>>) => void;
}

/** Null after having skipped the test. The container goes when the test ends. */
export function bootSystemd(t: TestContext): BootedSystemd | null {
  if (!hasTrixie(t) || !hasWorking(t, "docker", "info")) return null;
  const image = importImage();
  const onUnified = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const legacy = "systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1";
  const options = [
    ...["--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--security-opt", "seccomp=unconfined"],
    ...["--network", "none", "--env", "container=docker"],
    ...["--env", `SYSTEMD_PROC_CMDLINE=systemd.unit=basic.target ${onUnified ? "" : legacy}`],
    ...["--tmpfs", "/run", "--tmpfs", "/run/lock", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"],
  ];
  const container = succeed("docker", ["run", "--detach", ...options, image, "/sbin/init"]).stdout.trim();
  t.after(() => runTool("docker", ["rm", "--force", "--volumes", container]));
  const run = (...command: readonly string[]) => succeed("docker", ["exec", container, ...command]);
  // systemd opens its bus a moment after the container runs; `--wait` then waits for the boot to end.
  const wait = "until systemctl is-system-running --wait; do sleep 0.1; done";
  run("timeout", "60", "sh", "-c", wait);
  const copy = (file: string, path: string) => succeed("docker", ["cp", file, `${container}:${path}`]);
  return { run, copy, write: (files) => copyInto(container, files) };
}

/** The image has a hash of the root's list of packages as its tag, so that a new root makes a new image. */
function importImage(): string {
  const made = readFileSync(join(trixieRoot, ".made"), "utf8");
  const tag = createHash("sha256").update(made).digest("hex").slice(0, 16);
  const image = `${repository}:${tag}`;
  if (runTool("docker", ["image", "inspect", image]).code === 0) return image;
  const pipe = 'tar -C "$1" --one-file-system -c . | docker import - "$2"';
  const result = spawnSync("bash", ["-o", "pipefail", "-c", pipe, "bash", trixieRoot, image], {
    encoding: "utf8",
  });
  if (result.status !== 0) throw new Error(`docker import ${image}: ${result.stderr}`);
  return image;
}

function copyInto(container: string, files: Readonly<Record<string, string>>): void {
  const folder = mkdtempSync(join(tmpdir(), "booted-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    succeed("docker", ["cp", `${folder}/.`, `${container}:/`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function succeed(command: string, args: readonly string[]): ToolAnswer {
  const answer = runTool(command, args);
  if (answer.code === 0) return answer;
  throw new Error(`${command} ${args.join(" ")}: ${answer.code}\n${answer.stdout}${answer.stderr}`);
}
