// A slot's surroundings in a temporary folder: the rendered scripts, a stand-in for GitHub's runner, and the
// folders of the slot. The stand-in has the run.sh of test/lab; its listener and config.sh do what a test
// tells them in shell, and write down how they were called. In: shell for both. Out: starts and what they left.

import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { renderRunnerScripts } from "../../src/render/runner-scripts.ts";

export const EPHEMERAL = { CI_FLEET_LIFETIME: "ephemeral" };
export const PERSISTENT = { CI_FLEET_LIFETIME: "persistent" };
/** How the listener's own lines begin. */
export const STAMP = "2026-11-21 10:00:00Z:";

const standIn = "test/lab/runner";

/** Writes the five files' essential three as config.sh does: JSON with a byte order mark. */
export const WRITE_IDENTITY = `
  printf '\\357\\273\\277{"agentId":%s}' "\${AGENT:-1}" >.runner
  printf '{"scheme":"OAuth"}' >.credentials
  printf '{"d":"%s"}' "\${AGENT:-1}" >.credentials_rsaparams`;

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  /** `class` of last-exit.json. */
  readonly reason: string | null;
}

export interface Slot {
  readonly folder: string;
  /** Path inside the world. */
  at(...parts: string[]): string;
  read(...parts: string[]): string | null;
  write(text: string, ...parts: string[]): void;
  /** Starts entrypoint.sh and waits for its end. */
  run(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ended>;
  /** Starts it and returns at once. */
  start(env: Readonly<Record<string, string>>, ...args: string[]): Running;
  /** A pristine runner again, as a new container has it. */
  renewRoot(): void;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  output(): string;
  /** Until the output holds the text. */
  says(text: string): Promise<void>;
}

export function makeSlot(t: TestContext): Slot {
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-slot-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const at = (...parts: string[]) => join(folder, ...parts);
  for (const name of ["scripts", "run", "log", "home"]) mkdirSync(at(name));
  const plan = { ciFleetVersion: "0.0.0-test", specFile: "fleet.yaml" };
  for (const script of renderRunnerScripts(plan, { name: "h" })) {
    const path = at("scripts", script.path.split("/").at(-1) ?? "");
    writeFileSync(path, script.content, { mode: 0o755 });
  }
  const renewRoot = () => {
    rmSync(at("root"), { recursive: true, force: true });
    layRunner(at("root"), at("log"));
  };
  renewRoot();
  const start = (env: Readonly<Record<string, string>>, ...args: string[]) => startScript(folder, env, args);
  return {
    folder,
    at,
    read: (...parts) => (existsSync(at(...parts)) ? readFileSync(at(...parts), "utf8") : null),
    write: (text, ...parts) => {
      mkdirSync(join(at(...parts), ".."), { recursive: true });
      writeFileSync(at(...parts), text);
    },
    run: (env, ...args) => start(env, ...args).ended,
    start,
    renewRoot,
  };
}

/** How the stand-in was called: `<name>.argv` with an argument a line, `<name>.env`, `<name>.count`. */
function noteCall(name: string, log: string): string {
  return [
    "#!/bin/bash",
    `printf '%s\\n' "$@" >${log}/${name}.argv`,
    `env -0 | tr '\\n\\0' ' \\n' >${log}/${name}.env`,
    `echo x >>${log}/${name}.count`,
  ].join("\n");
}

export function layRunner(root: string, log: string): void {
  mkdirSync(join(root, "bin"), { recursive: true });
  mkdirSync(join(root, "externals/node24"), { recursive: true });
  writeFileSync(join(root, "externals/node24/node"), "node");
  for (const name of ["run.sh", "run-helper.sh.template"]) {
    copyFileSync(join(standIn, name), join(root, name));
    chmodSync(join(root, name), 0o755);
  }
  const config = `${noteCall("config", log)}\ncd "$(dirname "$0")"\neval "$FAKE_CONFIG"\n`;
  writeFileSync(join(root, "config.sh"), config, { mode: 0o755 });
  const listener = `${noteCall("listener", log)}\ncd "$(dirname "$0")/.."\neval "$FAKE_LISTENER"\n`;
  writeFileSync(join(root, "bin/Runner.Listener"), listener, { mode: 0o755 });
}

function startScript(
  folder: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
): Running {
  const child = spawn("bash", [join(folder, "scripts/entrypoint.sh"), ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      // Set by test/tools/bash-compat.test.ts; empty is bash's own version.
      BASH_COMPAT: process.env.CI_FLEET_TEST_BASH_COMPAT ?? "",
      HOME: join(folder, "home"),
      LC_ALL: "C.UTF-8",
      RUNNER_ALLOW_RUNASROOT: "1",
      CI_FLEET_SLOT: "acme-ci-forge-1",
      CI_FLEET_RUNNER_ROOT: join(folder, "root"),
      CI_FLEET_RUN_DIR: join(folder, "run"),
      CI_FLEET_STATE_DIR: join(folder, "state"),
      CI_FLEET_WORK: join(folder, "work"),
      CI_FLEET_URL: "https://github.com/acme",
      CI_FLEET_LABELS: "self-hosted,linux,x64",
      CI_FLEET_TOKEN_API: "orgs/acme/actions/runners/registration-token",
      CI_FLEET_ADMIT: "docker exec -i acme-ci-forge-1",
      FAKE_CONFIG: WRITE_IDENTITY,
      FAKE_LISTENER: "exit 0",
      ...env,
    },
  });
  let output = "";
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => {
      const last = join(folder, "run/last-exit.json");
      const reason = existsSync(last) ? JSON.parse(readFileSync(last, "utf8")).class : null;
      resolve({ code, output, reason });
    });
  });
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (output.includes(text)) resolve();
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`it ended without saying ${text}:\n${output}`)));
    });
  return { process: child, ended, output: () => output, says };
}

/** Names in the state folder, without the random part of generations. */
export function listState(slot: Slot): readonly string[] {
  if (!existsSync(slot.at("state"))) return [];
  return readdirSync(slot.at("state"))
    .map((name) => name.replace(/^generation-.*/, "generation"))
    .sort();
}

/** A first start with a token. */
export async function register(slot: Slot, env: Readonly<Record<string, string>> = {}): Promise<void> {
  slot.write("TOKEN123\n", "run", "token");
  const { code, output } = await slot.run({ ...PERSISTENT, ...env });
  if (code !== 0) throw new Error(`the slot could not be registered: ${code}\n${output}`);
}
