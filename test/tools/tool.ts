// Real tools as judges of what is rendered. In: a tool's name, its arguments, files. Out: what it said.
// `.ci/prepare` installs them. Where one is missing a test says so and skips; in CI that is a failure.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";

export const ciCache = process.env.CI_FLEET_CI_CACHE ?? "/var/cache/ci-fleet-ci";

/** A Debian 13 root with systemd 257, udev and cloud-init 25; entering it needs root. */
export const trixieRoot = join(ciCache, "trixie");

export interface ToolAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** False after having skipped the test; throws in CI, where nothing may be missing. */
export function hasTools(t: TestContext, ...tools: readonly string[]): boolean {
  const missing = tools.filter((tool) => spawnSync("which", [tool]).status !== 0);
  return foundOrSkipped(t, missing);
}

/** Like hasTools, for what runs inside the Debian 13 root. */
export function hasTrixie(t: TestContext): boolean {
  const usable = existsSync(join(trixieRoot, ".made")) && process.getuid?.() === 0;
  return foundOrSkipped(t, usable ? [] : [`a Debian 13 root in ${trixieRoot}, as root`]);
}

/** Like hasTools, for what has to answer rather than to exist: an engine, a plugin. */
export function hasWorking(t: TestContext, command: string, ...args: readonly string[]): boolean {
  const works = spawnSync(command, args, { env: toolEnvironment() }).status === 0;
  return foundOrSkipped(t, works ? [] : [`an answer from \`${[command, ...args].join(" ")}\``]);
}

function foundOrSkipped(t: TestContext, missing: readonly string[]): boolean {
  if (missing.length === 0) return true;
  const message = `missing: ${missing.join(", ")} (bash .ci/prepare)`;
  if (process.env.CI === "true") throw new Error(message);
  t.skip(message);
  return false;
}

export function runTool(command: string, args: readonly string[], input?: string): ToolAnswer {
  const result = spawnSync(command, args, {
    encoding: "utf8",
    input: input ?? "",
    env: toolEnvironment(),
    maxBuffer: 1 << 28,
  });
  if (result.error !== undefined) throw new Error(`cannot run ${command}`, { cause: result.error });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** The same words on every machine: no locale, no colours. */
function toolEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    LC_ALL: "C.UTF-8",
    SYSTEMD_COLORS: "0",
    NO_COLOR: "1",
  };
}

/**
 * Lays files into a new folder inside the Debian 13 root and runs one command there. In: files by path
 * relative to that folder, and a function from its path as seen inside to the command. Out: the answer.
 */
export function runInTrixie(
  files: Readonly<Record<string, string | Uint8Array>>,
  command: (folder: string) => readonly [string, ...string[]],
): ToolAnswer {
  const outside = mkdtempSync(join(trixieRoot, "tmp/case-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(outside, path)), { recursive: true });
      writeFileSync(join(outside, path), content, { mode: 0o755 });
    }
    return runTool("chroot", [trixieRoot, ...command(outside.slice(trixieRoot.length))]);
  } finally {
    rmSync(outside, { recursive: true, force: true });
  }
}
