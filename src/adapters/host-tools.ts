// Asks a program of this machine and waits no longer than told: a sick GPU can hang nvidia-smi in the kernel,
// where not even SIGKILL ends it. No shell, no input, a small environment. In: a command and its arguments.
// Out: a HostTools whose answers say how it went and never throw.

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import type { HostTools, ToolResult } from "../model/ports.ts";

const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
/** Proxmox puts qm and pvesh where only root's PATH looks; WSL has its nvidia-smi in a folder of its own. */
const ALWAYS_ON_PATH = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
  "/usr/lib/wsl/lib",
];
/** Where Docker's plugins, contexts and rootless socket are found from. */
const KEPT_VARIABLES = ["HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG"];

/**
 * `env`: the process's environment; only what finds tools and their settings is handed on. `extra`: variables that
 * the tools are asked with; everyone on the machine may see them.
 */
export function openHostTools(
  env: Readonly<Record<string, string | undefined>>,
  extra: Readonly<Record<string, string>> = {},
): HostTools {
  const cleaned = { ...cleanEnvironment(env), ...extra };
  return { run: (command, args, timeoutMs) => runTool(command, args, timeoutMs, cleaned) };
}

/** Locale fixed, so that words can be matched; a Docker engine on another machine is not this host's engine. */
export function cleanEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const own = (env.PATH ?? "").split(":").filter((folder) => folder.startsWith("/") && !isClosed(folder));
  const path = [...own, ...ALWAYS_ON_PATH.filter((folder) => !own.includes(folder))].join(":");
  const kept: Record<string, string> = { PATH: path, LC_ALL: "C" };
  for (const name of KEPT_VARIABLES) {
    const value = env[name];
    if (value !== undefined) kept[name] = value;
  }
  const dockerHost = env.DOCKER_HOST;
  if (dockerHost?.startsWith("unix://")) kept.DOCKER_HOST = dockerHost;
  return kept;
}

/** execvp answers EACCES for a program that is nowhere when one folder may not be searched: `su` leaves /root/bin. */
function isClosed(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return false;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EACCES";
  }
}

function runTool(
  command: string,
  args: readonly string[],
  timeoutMs: number,
  env: Record<string, string>,
): Promise<ToolResult> {
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      // A process group of its own: what the tool started is ended with it.
      const options: SpawnOptions = { env, detached: true, stdio: ["ignore", "pipe", "pipe"], cwd: "/" };
      child = spawn(command, args, options);
    } catch (error) {
      resolve({ kind: "failed", cause: describeError(error) });
      return;
    }
    const stdout: Uint8Array[] = [];
    const stderr: Uint8Array[] = [];
    let bytes = 0;
    const finish = (result: ToolResult): void => {
      clearTimeout(timer);
      // A process that cannot die must keep neither the pipes nor this program open.
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      resolve(result);
    };
    const timer = setTimeout(() => {
      endGroup(child);
      finish({ kind: "timeout", afterMs: timeoutMs });
    }, timeoutMs);
    const collect = (into: Uint8Array[]) => (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes <= MAX_OUTPUT_BYTES) {
        into.push(chunk);
        return;
      }
      endGroup(child);
      finish({ kind: "failed", cause: `more than ${MAX_OUTPUT_BYTES} bytes of output` });
    };
    child.stdout?.on("data", collect(stdout));
    child.stderr?.on("data", collect(stderr));
    child.on("error", (error) => finish(describeSpawnError(error)));
    child.on("close", (exitCode, signal) => {
      if (exitCode === null) finish({ kind: "failed", cause: `ended by ${signal ?? "a signal"}` });
      else finish({ kind: "ran", exitCode, stdout: decode(stdout), stderr: decode(stderr) });
    });
  });
}

function describeSpawnError(error: Error): ToolResult {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
  if (code === "EACCES") return { kind: "failed", cause: "it may not be executed" };
  return { kind: "failed", cause: code ?? describeError(error) };
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Gone already, or not ours any more: either way nothing is left to end.
  }
}

function decode(chunks: readonly Uint8Array[]): string {
  return new TextDecoder("utf-8").decode(Buffer.concat(chunks));
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
