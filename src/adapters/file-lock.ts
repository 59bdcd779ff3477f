// A lock that nobody else on the machine can hold: anyone may bind the socket of `takeLock`, a job too, and keep
// root's watchdog from its work. It is flock(2) on a file that only we can open, held by flock(1), since Node has no
// such call; its pipe ends with us, however we end. In: a file. Out: the lock, or that someone else has it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, fchmodSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, WorldError } from "../base/world-error.ts";
import { type Lock, type LockWait, takeLock } from "./lock.ts";

const RETRY_MS = 250;
/** Signals that are meant for us must not end the lock before our work. */
const HOLD = "trap '' HUP INT TERM; echo held; exec cat";

/**
 * null: still taken after the wait. Where the file's folder is not there yet, or flock(1) is not installed, it is the
 * lock of `takeLock`. Throws WorldError.
 */
export async function takeFileLock(file: string, wait: LockWait): Promise<Lock | null> {
  if (!makeFile(file)) return takeLock(dirname(file), wait);
  for (let waited = 0; ; waited += RETRY_MS) {
    const held = await hold(file);
    if (held === "missing")
      return takeLock(dirname(file), { ...wait, forMs: Math.max(0, wait.forMs - waited) });
    if (held !== "taken") return { release: () => letGo(held) };
    if (waited === 0) wait.onWait();
    if (waited >= wait.forMs) return null;
    await sleep(RETRY_MS);
  }
}

/** Closed to others: whoever can open it can lock it. false: there is no such folder. */
function makeFile(file: string): boolean {
  const {
    O_CREAT,
    O_RDWR,
    O_NOFOLLOW,
    O_CLOEXEC = 0,
  } = constants as typeof constants & { O_CLOEXEC?: number };
  try {
    const opened = openSync(file, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0o600);
    fchmodSync(opened, 0o600);
    closeSync(opened);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return false;
    throw new WorldError(`take the lock ${file}`, cause);
  }
}

async function hold(file: string): Promise<ChildProcess | "taken" | "missing"> {
  const child = spawn("flock", ["-n", file, "sh", "-c", HOLD], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env.PATH },
    detached: true,
  });
  let [said, complaint] = ["", ""];
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  // A lock that is lost with its holder's end is noticed by nobody else.
  child.stdin.on("error", () => undefined);
  const failed = once(child, "error").then(([cause]) => cause as Error);
  const isHeld = new Promise<boolean>((settle) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said === "held\n") settle(true);
    });
    child.once("close", () => settle(false));
  });
  const answer = await Promise.race([failed, isHeld]);
  if (answer === true) {
    for (const part of [child, child.stdin, child.stdout, child.stderr])
      (part as { unref?(): void }).unref?.();
    return child;
  }
  if (answer === false && child.exitCode === 1 && complaint === "") return "taken";
  if (answer instanceof Error && errnoOf(answer) === "ENOENT") return "missing";
  const cause =
    answer instanceof Error
      ? answer
      : `flock ended with ${child.exitCode ?? child.signalCode}: ${complaint.trim()}`;
  throw new WorldError(`take the lock ${file}`, cause);
}

async function letGo(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.ref();
  child.stdin?.end();
  await ended;
}
