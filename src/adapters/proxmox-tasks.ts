// Tasks of a Proxmox node: what became of one, and waiting for its end. In: the task's name, which may come from an
// earlier run. Out: running, ended well, or how it went wrong with the last lines that it wrote.

import type { HypervisorAnswer, TaskState } from "../model/hypervisor-port.ts";
import type { Clock } from "../model/ports.ts";
import { classifySentence, type ProxmoxCall } from "./proxmox-answer.ts";
import { readLog, readTaskStatus, readUpid } from "./proxmox-shapes.ts";

export interface TaskPorts {
  readonly clock: Pick<Clock, "monotonic">;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** A full clone writes a line for each percent, and what is wrong comes last. */
const LOG_LIMIT = 5000;
const LOG_LINES = 10;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;

export async function readTask(
  call: ProxmoxCall,
  node: string,
  upid: string,
): Promise<HypervisorAnswer<TaskState>> {
  // What was kept may have been changed: it becomes part of an address.
  if (readUpid(upid) === null) {
    return { kind: "invalid", request: "read a task", message: "the kept name of the task is no UPID" };
  }
  const path = ["nodes", node, "tasks", upid];
  const answer = await call({ method: "GET", path: [...path, "status"], read: readTaskStatus });
  if (answer.kind !== "ok") return answer;
  const { running, exit } = answer.value;
  if (running) return { kind: "ok", value: { kind: "running" } };
  const warnings = exit === "OK" ? 0 : readWarnings(exit);
  if (warnings !== null) return { kind: "ok", value: { kind: "ended", warnings } };
  const request = `${node}: ${upid}`;
  const message = exit ?? "it ended without a word";
  const known = classifySentence(request, message);
  if (known?.kind === "locked" || known?.kind === "no-quorum") return known;
  const log = await call({
    method: "GET",
    path: [...path, "log"],
    parameters: { limit: String(LOG_LIMIT) },
    read: readLog,
  });
  const lines = log.kind === "ok" ? log.value.slice(-LOG_LINES) : [];
  return { kind: "failed", request, message, upid, log: lines };
}

/** `WARNINGS: 2` is well all the same (PVE::Tools, upid_status_is_error). */
function readWarnings(exit: string | null): number | null {
  const count = /^WARNINGS: (\d{1,6})$/.exec(exit ?? "")?.[1];
  return count === undefined ? null : Number(count);
}

export async function awaitTask(
  read: (upid: string) => Promise<HypervisorAnswer<TaskState>>,
  upid: string,
  milliseconds: number,
  { clock, sleep }: TaskPorts,
): Promise<HypervisorAnswer<TaskState>> {
  const end = clock.monotonic() + milliseconds;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
    const answer = await read(upid);
    const isOpen = answer.kind === "ok" ? answer.value.kind === "running" : answer.kind === "unknown";
    const left = end - clock.monotonic();
    if (!isOpen || left <= 0) return answer;
    await sleep(Math.min(pause, left));
  }
}
