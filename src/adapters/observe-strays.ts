// Processes of the account of process slots that live outside of every slot: what a job started by cron, at or a
// session of the account's own lives on after the job, where no stop of a slot reaches it.
// In: the account, /proc. Out: such processes.

import { cleanForTerminal } from "../base/terminal-text.ts";
import { type Seen, type StrayProcess, seen, unseen } from "../model/host-observation.ts";
import type { HostFiles, HostTools } from "../model/ports.ts";
import { readOwner } from "./observe-processes.ts";

const TIMEOUT_MS = 10_000;
/** Units of any fleet on this machine that run as the account. */
const OURS = /-(?:process|mint)@[^/]*\.service$|-rootless\.service$/;
/** Below the account's own manager anybody of the account names units as they like. */
const OWN_MANAGER = /\/user@\d+\.service(?:\/|$)/m;

export async function findStrays(
  account: string,
  files: HostFiles,
  tools: HostTools,
): Promise<Seen<readonly StrayProcess[]>> {
  const answer = await tools.run("id", ["-u", "--", account], TIMEOUT_MS);
  if (answer.kind !== "ran" || !/^\d+\n?$/.test(answer.stdout))
    return unseen(`the uid of ${account} is not known`);
  const uid = Number(answer.stdout);
  const entries = files.list("/proc");
  if (!entries.ok) return unseen(`/proc cannot be read (${entries.code})`);
  return seen(
    entries.value
      .filter((name) => /^[1-9][0-9]{0,9}$/.test(name))
      .flatMap((pid) => readStray(files, Number(pid), uid) ?? []),
  );
}

/** null: another account's, a slot's, or gone by now. */
function readStray(files: HostFiles, pid: number, uid: number): StrayProcess | null {
  const status = files.readText(`/proc/${pid}/status`);
  if (!status.ok || Number(/^Uid:\s+(\d+)/m.exec(status.value)?.[1] ?? -1) !== uid) return null;
  const groups = files.readText(`/proc/${pid}/cgroup`);
  if (!groups.ok) return null;
  const owner = readOwner(groups.value);
  // In a container uids mean other people.
  if (owner.kind === "container") return null;
  if (owner.kind === "unit" && OURS.test(owner.unit) && !OWN_MANAGER.test(groups.value)) return null;
  const comm = files.readText(`/proc/${pid}/comm`);
  return { pid, name: comm.ok ? cleanForTerminal(comm.value.trimEnd()) : "?", owner };
}
