// One ci-fleet at a time in one folder. The lock is a socket in Linux's abstract namespace: the kernel frees
// it when its holder dies, however it dies, so there is no stale lock to judge. It is seen by processes of one
// network namespace; writers in different containers are kept apart by renames and the journal alone.
// In: a folder. Out: the lock, or that someone else has it.

import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, WorldError } from "../base/world-error.ts";

export interface Lock {
  release(): Promise<void>;
}

export interface LockWait {
  readonly forMs: number;
  /** Called once, when the first try found the lock taken. */
  readonly onWait: () => void;
}

const RETRY_MS = 50;

/** null: still taken after the wait. The folder need not exist yet. */
export async function takeLock(folder: string, wait: LockWait): Promise<Lock | null> {
  const address = nameLock(folder);
  for (let waited = 0; ; waited += RETRY_MS) {
    const server = await listen(address, folder);
    if (server !== null) return { release: () => closeServer(server) };
    if (waited === 0) wait.onWait();
    if (waited >= wait.forMs) return null;
    await sleep(RETRY_MS);
  }
}

/** The same folder by another path must give the same lock. */
function nameLock(folder: string): string {
  const digest = createHash("sha256")
    .update(findRealPath(resolve(folder)))
    .digest("hex")
    .slice(0, 40);
  if (process.platform === "linux") return `\0ci-fleet-${digest}`;
  if (process.platform === "win32") return `\\\\.\\pipe\\ci-fleet-${digest}`;
  return join(tmpdir(), `ci-fleet-${digest}.sock`);
}

function findRealPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(findRealPath(parent), basename(path));
  }
}

function listen(address: string, folder: string): Promise<Server | null> {
  return new Promise((settle, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (cause) => {
      if (errnoOf(cause) === "EADDRINUSE") settle(null);
      else fail(new WorldError(`take the lock for ${folder}`, cause));
    });
    server.listen({ path: address }, () => {
      server.unref();
      settle(server);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((settle) => {
    server.close(() => settle());
  });
}
