// Runs programs without stopping the lab's own servers, which live in this process. In: a command, its words,
// text for its standard input. Out: what it said, or an error that says what was run.

import { spawn } from "node:child_process";

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Asked {
  readonly input?: string | Uint8Array;
  /** Killed after so many milliseconds; its code is then null. */
  readonly within?: number;
  readonly folder?: string;
}

/** However it ends. */
export function ask(command: string, words: readonly string[], asked: Asked = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      stdio: "pipe",
      timeout: asked.within ?? 120_000,
      killSignal: "SIGKILL",
      ...(asked.folder === undefined ? {} : { cwd: asked.folder }),
    });
    const told = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    child.stdout.on("data", (chunk: Buffer) => told.stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => told.stderr.push(chunk));
    child.on("error", (cause) => reject(new Error(`cannot run ${command}`, { cause })));
    child.on("close", (code) =>
      resolve({
        code,
        stdout: Buffer.concat(told.stdout).toString(),
        stderr: Buffer.concat(told.stderr).toString(),
      }),
    );
    // A program that ends without reading its input is no failure of ours.
    child.stdin.on("error", () => undefined);
    child.stdin.end(asked.input ?? "");
  });
}

/** Throws unless it exits 0. */
export async function succeed(command: string, words: readonly string[], asked: Asked = {}): Promise<Said> {
  const said = await ask(command, words, asked);
  if (said.code === 0) return said;
  const line = [command, ...words].join(" ");
  throw new Error(`${line}: ${said.code ?? "killed"}\n${said.stdout}${said.stderr}`);
}

export const docker = (...words: readonly string[]): Promise<Said> => succeed("docker", words);
