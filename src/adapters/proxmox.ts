// Proxmox's API as the port that the rest sees: which call does what, with which parameters. In: a line to a node.
// Out: the port. Calls: Proxmox's API viewer; what each wants is what access.sh grants.

import { Secret } from "../base/secret.ts";
import type {
  ConfigChange,
  GuestRecord,
  Hypervisor,
  HypervisorAnswer,
  StartedTask,
} from "../model/hypervisor-port.ts";
import { cleanText } from "./github-answer.ts";
import { readAll } from "./github-shapes.ts";
import { classifyProxmox, type ProxmoxCall } from "./proxmox-answer.ts";
import type { ProxmoxLine, ProxmoxRequest, Verb } from "./proxmox-line.ts";
import {
  readGuestConfig,
  readGuestListing,
  readMapping,
  readPermissions,
  readQmpStatus,
  readRunningTasks,
  readSnapshots,
  readUpid,
  readVersion,
  readVolume,
} from "./proxmox-shapes.ts";
import { awaitTask, readTask, type TaskPorts } from "./proxmox-tasks.ts";

export interface ProxmoxParts extends TaskPorts {
  readonly line: ProxmoxLine;
  readonly node: string;
  readonly token: Secret;
}

export function openHypervisor({ line, node, token, clock, sleep }: ProxmoxParts): Hypervisor {
  // Whole as it was sent, and the part of it that is secret.
  const secrets = [token, new Secret(token.reveal().replace(/^[^=]*=/, ""))];
  const call: ProxmoxCall = async ({ method, path, parameters = {}, read }) => {
    const request = { method, path, parameters };
    return classifyProxmox(line.describe(request), await line.send(request), { read, secrets });
  };
  const guest = (vmId: number, ...rest: readonly string[]) => ["nodes", node, "qemu", vmId, ...rest];
  const begin = (
    method: Verb,
    path: ProxmoxRequest["path"],
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<HypervisorAnswer<StartedTask>> => call({ method, path, parameters, read: readStarted });
  const readOne = async (upid: string) => {
    const answer = await readTask(call, node, upid);
    return answer.kind === "failed"
      ? { ...answer, log: answer.log.map((text) => cleanText(text, secrets)) }
      : answer;
  };
  return {
    url: line.url,
    node,
    readVersion: () => call({ method: "GET", path: ["version"], read: readVersion }),
    listGuests: () =>
      call({ method: "GET", path: ["nodes", node, "qemu"], read: (data) => readAll(data, readGuestListing) }),
    readGuest: (vmId) => readGuest(call, guest, vmId),
    listSnapshots: (vmId) => call({ method: "GET", path: guest(vmId, "snapshot"), read: readSnapshots }),
    listRunningTasks: (vmId) =>
      call({
        method: "GET",
        path: ["nodes", node, "tasks"],
        parameters: { source: "active", vmid: String(vmId) },
        read: readRunningTasks,
      }),
    listMappings: () =>
      call({
        method: "GET",
        path: ["cluster", "mapping", "pci"],
        parameters: { "check-node": node },
        read: (data) => readAll(data, readMapping),
      }),
    listVolumes: (storage, content) =>
      call({
        method: "GET",
        path: ["nodes", node, "storage", storage, "content"],
        parameters: content === null ? {} : { content },
        read: (data) => readAll(data, readVolume),
      }),
    readPermissions: () => call({ method: "GET", path: ["access", "permissions"], read: readPermissions }),
    pingAgent: (vmId) => pingAgent(call, guest(vmId, "agent", "ping")),

    takeSnapshot: (vmId, { name, description }) =>
      begin("POST", guest(vmId, "snapshot"), { snapname: name, vmstate: "0", ...given({ description }) }),
    deleteSnapshot: (vmId, name) => begin("DELETE", guest(vmId, "snapshot", name)),
    rollback: (vmId, name) => begin("POST", guest(vmId, "snapshot", name, "rollback")),
    start: (vmId) => begin("POST", guest(vmId, "status", "start")),
    shutdown: (vmId, seconds) =>
      begin("POST", guest(vmId, "status", "shutdown"), { timeout: String(seconds) }),
    stop: (vmId) => begin("POST", guest(vmId, "status", "stop")),
    clone: (template, { newId, name, description, full, storage, pool }) =>
      begin("POST", guest(template, "clone"), {
        newid: String(newId),
        ...given({ name, description }),
        ...(full ? { full: "1" } : {}),
        ...(storage === null ? {} : { storage }),
        ...(pool === null ? {} : { pool }),
      }),
    configure: async (vmId, change) => {
      const parameters = writeChange(change);
      const read = (data: unknown) => (data === null ? true : null);
      const answer = await call({ method: "PUT", path: guest(vmId, "config"), parameters, read });
      return answer.kind === "ok" ? { kind: "ok", value: null } : answer;
    },
    configureInTask: async (vmId, change) => {
      const parameters = writeChange(change);
      const read = (data: unknown) => (data === null ? "done" : readStarted(data));
      const answer = await call({ method: "POST", path: guest(vmId, "config"), parameters, read });
      if (answer.kind !== "ok") return answer;
      return { kind: "ok", value: answer.value === "done" ? null : answer.value };
    },
    resize: (vmId, disk, size) => begin("PUT", guest(vmId, "resize"), { disk, size }),
    destroy: (vmId) => begin("DELETE", guest(vmId), { purge: "1", "destroy-unreferenced-disks": "1" }),

    readTask: readOne,
    awaitTask: (upid, milliseconds) => awaitTask(readOne, upid, milliseconds, { clock, sleep }),
  };
}

/** `name=` without a value is no text to Proxmox, but something that it cannot read (decode_urlencoded). */
function given(parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== ""));
}

function readStarted(data: unknown): StartedTask | null {
  const upid = readUpid(data);
  return upid === null ? null : { upid };
}

function writeChange({ set, delete: gone, digest }: ConfigChange): Readonly<Record<string, string>> {
  return {
    ...given(set),
    ...(gone.length === 0 ? {} : { delete: gone.join(",") }),
    ...(digest === null ? {} : { digest }),
  };
}

/** Settings and status are two calls: a guest that goes away in between is absent, whichever says so. */
async function readGuest(
  call: ProxmoxCall,
  guest: (vmId: number, ...rest: readonly string[]) => ProxmoxRequest["path"],
  vmId: number,
): Promise<HypervisorAnswer<GuestRecord>> {
  const settings = await call({ method: "GET", path: guest(vmId, "config"), read: readGuestConfig });
  if (settings.kind !== "ok") return settings;
  return call({
    method: "GET",
    path: guest(vmId, "status", "current"),
    read: (data) => {
      const listing = readGuestListing(data);
      if (listing === null || listing.vmId !== vmId) return null;
      // A lock may come between the two; either is one.
      const lock = listing.lock ?? settings.value.config.lock ?? null;
      return { ...listing, ...settings.value, lock, qmpStatus: readQmpStatus(data) };
    },
  });
}

async function pingAgent(
  call: ProxmoxCall,
  path: ProxmoxRequest["path"],
): Promise<HypervisorAnswer<boolean>> {
  const answer = await call({ method: "POST", path, read: (data) => (data === undefined ? null : true) });
  if (answer.kind !== "unknown") return answer;
  // PVE::QemuServer::Agent, assert_agent_available.
  const isSilent = /agent is not running|No QEMU guest agent configured|VM \d+ is not running/.test(
    answer.message,
  );
  return isSilent ? { kind: "ok", value: false } : answer;
}
