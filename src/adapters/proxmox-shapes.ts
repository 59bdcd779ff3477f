// Proxmox's JSON as our records: the fields that are used are checked, everything else may come and go. Perl writes a
// number as a number or as a text, whichever it was last used as, so both are read. In: `data` of an answer. Out: the
// record, or null where it does not look like one. Shapes: Proxmox's API viewer, "returns".

import { asObject } from "../base/read-json.ts";
import type {
  GrantedPermissions,
  GuestListing,
  MappingRecord,
  RunningTask,
  SnapshotList,
  SnapshotRecord,
  VolumeRecord,
} from "../model/hypervisor-port.ts";
import { readAll } from "./github-shapes.ts";

export function asWhole(value: unknown): number | null {
  if (typeof value === "string") return /^\d{1,15}$/.test(value) ? Number(value) : null;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function asText(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function asFlag(value: unknown): boolean {
  return value === true || value === 1 || value === "1";
}

/** Seconds of the node's clock as our milliseconds. */
function asTime(value: unknown): number | null {
  const seconds = asWhole(value);
  return seconds === null ? null : seconds * 1000;
}

export function readGuestListing(data: unknown): GuestListing | null {
  const fields = asObject(data);
  const vmId = asWhole(fields?.vmid);
  const status = fields?.status;
  if (fields === null || vmId === null || (status !== "running" && status !== "stopped")) return null;
  return {
    vmId,
    name: asText(fields.name),
    status,
    lock: asText(fields.lock),
    template: asFlag(fields.template),
    uptime: status === "running" ? asWhole(fields.uptime) : null,
    tags: (asText(fields.tags) ?? "").split(/[;, ]+/).filter((tag) => tag !== ""),
  };
}

export function readQmpStatus(data: unknown): string | null {
  return asText(asObject(data)?.qmpstatus);
}

export interface GuestConfig {
  readonly config: Readonly<Record<string, string>>;
  readonly description: string | null;
  readonly digest: string | null;
}

/** A setting of another form than text or number: not the settings of a guest. */
export function readGuestConfig(data: unknown): GuestConfig | null {
  const fields = asObject(data);
  if (fields === null) return null;
  const config: [string, string][] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return null;
    if (key === "description" || key === "digest") continue;
    config.push([key, typeof value === "boolean" ? (value ? "1" : "0") : String(value)]);
  }
  return {
    config: Object.fromEntries(config),
    // Proxmox gives a description back with a line feed at its end.
    description: asText(fields.description)?.replace(/\n$/, "") ?? null,
    digest: asText(fields.digest),
  };
}

interface SnapshotRow extends SnapshotRecord {
  readonly isCurrent: boolean;
}

function readSnapshot(data: unknown): SnapshotRow | null {
  const fields = asObject(data);
  const name = asText(fields?.name);
  if (fields === null || name === null) return null;
  return {
    name,
    description: (asText(fields.description) ?? "").replace(/\n$/, ""),
    takenAt: asTime(fields.snaptime),
    parent: asText(fields.parent),
    memory: asFlag(fields.vmstate),
    // "Value 'current' identifies the current VM": nobody may call a snapshot that.
    isCurrent: name === "current",
  };
}

export function readSnapshots(data: unknown): SnapshotList | null {
  const rows = readAll(data, readSnapshot);
  if (rows === null) return null;
  return {
    snapshots: rows.filter(({ isCurrent }) => !isCurrent).map(({ isCurrent: _, ...record }) => record),
    current: rows.find(({ isCurrent }) => isCurrent)?.parent ?? null,
  };
}

/** The list of active tasks has some that have ended lately: those have a time of their end. */
export function readRunningTasks(data: unknown): readonly RunningTask[] | null {
  if (!Array.isArray(data)) return null;
  return readAll(
    data.filter((row: unknown) => (asWhole(asObject(row)?.endtime) ?? 0) === 0),
    readRunningTask,
  );
}

function readRunningTask(data: unknown): RunningTask | null {
  const fields = asObject(data);
  const upid = asText(fields?.upid);
  const type = asText(fields?.type);
  const user = asText(fields?.user);
  const startedAt = asTime(fields?.starttime);
  if (upid === null || type === null || user === null || startedAt === null) return null;
  return { upid, type, user, startedAt };
}

export function readMapping(data: unknown): MappingRecord | null {
  const fields = asObject(data);
  const id = asText(fields?.id);
  const entries = readAll(fields?.map, asText);
  if (fields === null || id === null || entries === null) return null;
  const faults = readAll(fields.checks ?? [], (check) => {
    const { severity, message } = asObject(check) ?? {};
    if ((severity !== "warning" && severity !== "error") || typeof message !== "string") return null;
    return { severity, message } as const;
  });
  return faults === null ? null : { id, description: asText(fields.description), entries, faults };
}

export function readVolume(data: unknown): VolumeRecord | null {
  const fields = asObject(data);
  const id = asText(fields?.volid);
  return fields === null || id === null
    ? null
    : { id, size: asWhole(fields.size), vmId: asWhole(fields.vmid) };
}

export function readPermissions(data: unknown): GrantedPermissions | null {
  const fields = asObject(data);
  if (fields === null) return null;
  const granted = new Map<string, readonly { readonly privilege: string; readonly propagates: boolean }[]>();
  for (const [path, given] of Object.entries(fields)) {
    const privileges = asObject(given);
    if (privileges === null) return null;
    granted.set(
      path,
      Object.entries(privileges).map(([privilege, below]) => ({ privilege, propagates: asFlag(below) })),
    );
  }
  return granted;
}

export function readVersion(
  data: unknown,
): { readonly version: string; readonly release: string | null } | null {
  const fields = asObject(data);
  const version = asText(fields?.version);
  return fields === null || version === null ? null : { version, release: asText(fields.release) };
}

export interface TaskStatus {
  readonly running: boolean;
  /** null while it runs. */
  readonly exit: string | null;
}

export function readTaskStatus(data: unknown): TaskStatus | null {
  const fields = asObject(data);
  const status = fields?.status;
  if (status === "running") return { running: true, exit: null };
  return status === "stopped" ? { running: false, exit: asText(fields?.exitstatus) } : null;
}

export function readLog(data: unknown): readonly string[] | null {
  return readAll(data, (line) => asText(asObject(line)?.t));
}

/** PVE::UPID: `UPID:NODE:PID:PSTART:STARTTIME:TYPE:ID:USER:` */
const UPID = /^UPID:[A-Za-z0-9-]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:\s/]+:[^:\s/]*:[^:\s/]+:$/i;

export function readUpid(data: unknown): string | null {
  return typeof data === "string" && data.length <= 256 && UPID.test(data) ? data : null;
}
