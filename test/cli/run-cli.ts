// The program as its users meet it: a process with arguments, a folder and streams. It is bundled once for all
// test files, as build.mjs bundles it, since that starts three times as fast as the sources; or it is the built
// binary, which is put together in another way.
// In: arguments. Out: exit code and both streams.

import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { buildSync } from "esbuild";
import { makeFolder } from "../adapters/folder.ts";

const ROOT = join(import.meta.dirname, "../..");
/** `node test/run.ts binary` says where the built binary is. */
const BINARY = process.env.CI_FLEET_TEST_BINARY ?? null;
/** To a binary nothing of Node's can be given. */
export const isBundle = BINARY === null;
export const { version: VERSION, commit: COMMIT } = readIdentity();

/** The run of all tests bundles once for all files and says where; a file that runs alone does it itself. */
const SHARED = "CI_FLEET_TEST_PROGRAM";

let program: string | null = process.env[SHARED] ?? null;

function readIdentity(): { readonly version: string; readonly commit: string } {
  if (BINARY === null) return { version: "1.2.3", commit: "abc123" };
  return JSON.parse(spawnSync(BINARY, ["version", "--json"], { encoding: "utf8" }).stdout);
}

/** The program and what has to come before its arguments. */
export function programWords(): readonly [string, ...string[]] {
  return BINARY === null ? [process.execPath, bundleCli()] : [BINARY];
}

/** For a shell. */
export const programLine = (): string =>
  programWords()
    .map((word) => `'${word}'`)
    .join(" ");

/** Path of the bundle. */
function bundleCli(): string {
  if (program !== null) return program;
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-bundle-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  program = join(folder, "ci-fleet.cjs");
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: ["src/cli/main.ts"],
    outfile: program,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    logLevel: "error",
    define: { CI_FLEET_VERSION: JSON.stringify(VERSION), CI_FLEET_COMMIT: JSON.stringify(COMMIT) },
  });
  return program;
}

/** Where the next process finds what V8 made of the bundle. */
const nameCompiled = (bundle: string): string => join(dirname(bundle), "compiled");

/** For the processes of one run of tests. */
export function shareBundle(): Readonly<Record<string, string>> {
  return { [SHARED]: bundleCli() };
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A clean environment: what a person's shell has must not change what tests see. */
export function cleanEnv(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const cache = program === null ? {} : { NODE_COMPILE_CACHE: nameCompiled(program) };
  return { PATH: process.env.PATH ?? "", HOME: tmpdir(), ...cache, ...more };
}

export function runCli(args: readonly string[], options: RunOptions = {}): Ran {
  const [command, ...first] = programWords();
  const result = spawnSync(command, [...first, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: cleanEnv(options.env),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (result.error !== undefined) throw result.error;
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

export function startCli(args: readonly string[], options: SpawnOptions): ChildProcess {
  const [command, ...first] = programWords();
  return spawn(command, [...first, ...args], { env: cleanEnv(), ...options });
}

/** A copy of fixtures/cli/two-hosts that a test may change. */
export function copyFleet(t: TestContext): string {
  const folder = makeFolder(t);
  cpSync(join(ROOT, "fixtures/cli/two-hosts"), folder, { recursive: true });
  return folder;
}
