// Runs a program whose output is read as it comes, for as long as it comes: a log that is followed. In: a command.
// Out: its lines one by one, and how it ended. Ctrl-C ends it and is no failure.

import { spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { errnoOf } from "../base/world-error.ts";
import { cleanEnvironment } from "./host-tools.ts";

export type FollowEnd =
  | { readonly kind: "ended"; readonly exitCode: number; readonly stderr: string }
  | { readonly kind: "interrupted" }
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly cause: string };

/** A line without an end is passed on in pieces of this size. */
const MAX_LINE = 64 * 1024;
const MAX_STDERR = 16 * 1024;

export interface FollowRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** `docker logs` gives back on each stream what the container wrote there. */
  readonly bothStreams: boolean;
}

export function followTool(
  { command, args, env, bothStreams }: FollowRequest,
  onLine: (line: string) => void,
): Promise<FollowEnd> {
  return new Promise((settle) => {
    const child = spawn(command, args, {
      env: cleanEnvironment(env),
      stdio: ["ignore", "pipe", "pipe"],
      cwd: "/",
    });
    let interrupted = false;
    const stop = (): void => {
      interrupted = true;
      child.kill("SIGTERM");
    };
    const finish = (end: FollowEnd): void => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, stop);
      settle(interrupted ? { kind: "interrupted" } : end);
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
    // `| head` has read enough.
    process.stdout.once("error", stop);
    const lines = openLines(onLine);
    const errors = openLines(bothStreams ? onLine : () => undefined);
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => lines.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => {
      errors.push(chunk);
      stderr = (stderr + chunk.toString("utf8")).slice(0, MAX_STDERR);
    });
    child.on("error", (error) => {
      const code = errnoOf(error);
      finish(code === "ENOENT" ? { kind: "missing" } : { kind: "failed", cause: code ?? error.message });
    });
    child.on("close", (exitCode, signal) => {
      lines.end();
      errors.end();
      if (exitCode === null) finish({ kind: "failed", cause: `ended by ${signal ?? "a signal"}` });
      else finish({ kind: "ended", exitCode, stderr });
    });
  });
}

export function openLines(onLine: (line: string) => void): { push(chunk: Buffer): void; end(): void } {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  return {
    push: (chunk) => {
      const pieces = (rest + decoder.write(chunk)).split("\n");
      rest = pieces.pop() ?? "";
      for (const line of pieces) onLine(line);
      if (rest.length > MAX_LINE) {
        onLine(rest);
        rest = "";
      }
    },
    end: () => {
      rest += decoder.end();
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}
