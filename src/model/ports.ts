// The world as the pure rooms see it. adapters/ makes these real, tests hand-write fakes.
// In: nothing. Out: interfaces only.

export interface FileStat {
  readonly kind: "file" | "directory" | "symlink" | "character" | "block" | "fifo" | "socket";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

export type ReadFailure = { readonly ok: false; readonly code: string };
export type Read<T> = { readonly ok: true; readonly value: T } | ReadFailure;

/**
 * Files of the machine under one root folder. Paths are absolute as seen on that machine (`/proc/meminfo`).
 * Never throws: a failure carries its errno name (`ENOENT`, `EACCES`, `EINVAL`, `ELOOP`).
 * Symbolic links resolve inside the root.
 */
export interface HostFiles {
  readonly root: string;
  readText(path: string): Read<string>;
  readBytes(path: string, limit: number): Read<Uint8Array>;
  list(path: string): Read<readonly string[]>;
  /** Target as written in the link. */
  readLink(path: string): Read<string>;
  stat(path: string): Read<FileStat>;
  /** Can it be opened for reading and writing by us? */
  openReadWrite(path: string): Read<true>;
}

export type ToolResult =
  | { readonly kind: "ran"; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: "missing" }
  | { readonly kind: "timeout"; readonly afterMs: number }
  | { readonly kind: "failed"; readonly cause: string };

/** Asks a program; argv only, no shell, environment cleaned, LC_ALL=C, output capped at 8 MiB. */
export interface HostTools {
  run(command: string, args: readonly string[], timeoutMs: number): Promise<ToolResult>;
}

/** No tools at all: reading another root. */
export const NO_TOOLS: HostTools = { run: async () => ({ kind: "missing" }) };

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds on a clock that never goes back. */
  monotonic(): number;
}
