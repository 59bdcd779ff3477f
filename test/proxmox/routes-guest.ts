// Calls about one guest: look, set, snapshot, power, clone, destroy. What Proxmox checks before it starts a task is
// refused at once; what it checks inside one ends the task. In: a call. Out: `data` of the answer, or a Refusal.
// PVE::API2::Qemu, PVE::AbstractConfig.

import {
  type Call,
  demand,
  demandQuorum,
  demandUnlocked,
  findGuest,
  lockFault,
  may,
  privilegesAt,
} from "./call.ts";
import { judgeChange } from "./judge-change.ts";
import { Refusal, refuseParameters } from "./refusal.ts";
import { DESTROYING, type FakeGuest, type FakeTask, TORN } from "./state.ts";
import { applySettings, resizeDisk } from "./volumes.ts";

export interface GuestRoute {
  /** Below /nodes/{node}/qemu/{vmid}. */
  readonly on: string;
  /** Of these one is wanted on /vms/{vmid}; empty: the route asks by itself. */
  readonly any: readonly string[];
  readonly answer: (call: Call, vmId: number, name: string) => unknown;
}

export const GUEST_ROUTES: readonly GuestRoute[] = [
  { on: "GET config", any: ["VM.Audit"], answer: showConfig },
  {
    on: "GET status/current",
    any: ["VM.Audit"],
    answer: (call, vmId) => ({ ...describeGuest(call, findGuest(call, vmId)), ha: { managed: 0 } }),
  },
  { on: "GET snapshot", any: ["VM.Audit"], answer: listSnapshots },
  { on: "PUT config", any: [], answer: setConfig },
  {
    on: "POST config",
    any: [],
    answer: (call, vmId) => {
      judgeChange(call, vmId);
      return begin(call, "qmconfig", vmId, () => attempt(() => setConfig(call, vmId)));
    },
  },
  { on: "PUT resize", any: ["VM.Config.Disk"], answer: resize },
  { on: "POST snapshot", any: ["VM.Snapshot"], answer: takeSnapshot },
  { on: "DELETE snapshot/{snapname}", any: ["VM.Snapshot"], answer: deleteSnapshot },
  {
    on: "POST snapshot/{snapname}/rollback",
    any: ["VM.Snapshot", "VM.Snapshot.Rollback"],
    answer: rollback,
  },
  { on: "POST status/start", any: ["VM.PowerMgmt"], answer: start },
  { on: "POST status/stop", any: ["VM.PowerMgmt"], answer: (call, vmId) => stop(call, vmId, "qmstop") },
  {
    on: "POST status/shutdown",
    any: ["VM.PowerMgmt"],
    answer: (call, vmId) => stop(call, vmId, "qmshutdown"),
  },
  { on: "POST clone", any: ["VM.Clone"], answer: clone },
  { on: "DELETE ", any: ["VM.Allocate"], answer: destroy },
  { on: "POST agent/ping", any: ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], answer: ping },
];

export function describeGuest({ state }: Pick<Call, "state">, guest: FakeGuest): Record<string, unknown> {
  const { vmId, config, status, lock, startedAt } = guest;
  return {
    vmid: vmId,
    status,
    ...(config.name === undefined ? {} : { name: config.name }),
    ...(lock === null || lock === DESTROYING ? {} : { lock }),
    ...(config.template === "1" ? { template: 1 } : {}),
    ...(config.tags === undefined ? {} : { tags: config.tags }),
    qmpstatus: guest.qmp ?? status,
    uptime: startedAt === null ? 0 : Math.floor((state.now - startedAt) / 1000),
    maxmem: Number(config.memory ?? 512) * 1024 ** 2,
  };
}

function showConfig(call: Call, vmId: number): Record<string, unknown> {
  const guest = findGuest(call, vmId);
  return {
    ...guest.config,
    // Perl's numbers: what was read from a file is text, what was reckoned with is none.
    ...(guest.config.cores === undefined ? {} : { cores: Number(guest.config.cores) }),
    ...(guest.description === null ? {} : { description: `${guest.description}\n` }),
    ...(guest.lock === null || guest.lock === DESTROYING ? {} : { lock: guest.lock }),
    digest: call.state.digestOf(guest),
  };
}

function listSnapshots(call: Call, vmId: number): unknown {
  const guest = findGuest(call, vmId);
  const rows = [...guest.snapshots].map(([name, { description, takenAt, parent }]) => ({
    name,
    description: `${description}\n`,
    snaptime: takenAt,
    vmstate: 0,
    ...(parent === null ? {} : { parent }),
  }));
  const current = {
    name: "current",
    description: "You are here!",
    running: guest.status === "running" ? 1 : 0,
    digest: call.state.digestOf(guest),
    ...(guest.current === null ? {} : { parent: guest.current }),
  };
  return [...rows, current];
}

function attempt(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

/** `lock`: held while the task runs, so that the next one is refused. */
function begin(
  { state, user }: Call,
  type: string,
  vmId: number,
  work: () => string | null,
  lock: { readonly guest: FakeGuest; readonly name: string } | null = null,
): string {
  const task: FakeTask = state.begin(type, String(vmId), user, () => {
    if (lock !== null) lock.guest.lock = null;
    return work();
  });
  if (lock !== null) {
    lock.guest.lock = lock.name;
    task.log.push(`lock ${lock.guest.vmId}`);
  }
  return task.upid;
}

/** A task that finds out at once that it cannot. */
function fail(call: Call, type: string, vmId: number, words: string): string {
  return begin(call, type, vmId, () => words);
}

/** PVE::Storage::LvmThinPlugin, with what lvcreate says. */
const NO_ROOM =
  "lvcreate 'pve/snap' error: Cannot create new thin volume, free space in thin pool pve/data reached threshold.";

function takeSnapshot(call: Call, vmId: number): string {
  demandQuorum(call);
  const guest = findGuest(call, vmId);
  const { snapname = "", description = "" } = call.parameters;
  const locked = lockFault(guest);
  if (locked !== null) return fail(call, "qmsnapshot", vmId, locked);
  if (guest.snapshots.has(snapname))
    return fail(call, "qmsnapshot", vmId, `snapshot name '${snapname}' already used`);
  const work = (): string | null => {
    if (call.state.isFull) return NO_ROOM;
    const takenAt = Math.floor((call.state.now + call.state.clockAhead) / 1000);
    const { config, disk, current: parent } = guest;
    guest.snapshots.set(snapname, { config: { ...config }, disk, description, takenAt, parent });
    guest.current = snapname;
    return null;
  };
  return begin(call, "qmsnapshot", vmId, work, { guest, name: "snapshot" });
}

function deleteSnapshot(call: Call, vmId: number, name: string): string {
  demandQuorum(call);
  const guest = findGuest(call, vmId);
  const locked = lockFault(guest);
  if (locked !== null) return fail(call, "qmdelsnapshot", vmId, locked);
  if (!guest.snapshots.has(name))
    return fail(call, "qmdelsnapshot", vmId, `snapshot '${name}' does not exist`);
  const work = (): null => {
    if (guest.current === name) guest.current = guest.snapshots.get(name)?.parent ?? null;
    guest.snapshots.delete(name);
    return null;
  };
  return begin(call, "qmdelsnapshot", vmId, work, { guest, name: "snapshot-delete" });
}

/** The settings come back too; the description stays (PVE::AbstractConfig, __snapshot_apply_config). */
function rollback(call: Call, vmId: number, name: string): string {
  demandQuorum(call);
  const guest = findGuest(call, vmId);
  const locked = lockFault(guest);
  if (locked !== null) return fail(call, "qmrollback", vmId, locked);
  const snapshot = guest.snapshots.get(name);
  if (snapshot === undefined) return fail(call, "qmrollback", vmId, `snapshot '${name}' does not exist`);
  call.state.powerOff(vmId);
  const work = (): string | null => {
    if (call.state.torn > 0) {
      // The lock goes with the last step only (PVE::AbstractConfig, snapshot_rollback).
      call.state.torn -= 1;
      guest.lock = "rollback";
      guest.disk = TORN;
      return "lvremove 'pve/vm-9101-disk-1' error: Logical volume pve/vm-9101-disk-1 in use.";
    }
    guest.config = { ...snapshot.config };
    guest.disk = snapshot.disk;
    guest.current = name;
    return null;
  };
  return begin(call, "qmrollback", vmId, work, { guest, name: "rollback" });
}

function start(call: Call, vmId: number): string {
  demandQuorum(call);
  const guest = findGuest(call, vmId);
  return begin(call, "qmstart", vmId, () => {
    const locked = lockFault(guest);
    if (locked !== null) return locked;
    if (guest.config.template === "1") return "you can't start a vm if it's a template";
    if (guest.status === "running") return `VM ${vmId} already running`;
    const mapping = /(?:^|,)mapping=([^,]+)/.exec(guest.config.hostpci0 ?? "")?.[1];
    if (mapping !== undefined && !call.state.mappings.has(mapping))
      return `PCI device mapping not found for '${mapping}'`;
    guest.status = "running";
    guest.startedAt = call.state.now;
    return null;
  });
}

function stop(call: Call, vmId: number, type: string): string {
  const guest = findGuest(call, vmId);
  return begin(call, type, vmId, () => {
    const locked = lockFault(guest);
    if (locked !== null) return locked;
    call.state.powerOff(vmId);
    return null;
  });
}

function clone(call: Call, source: number): string {
  const { state, parameters } = call;
  const newId = Number(parameters.newid);
  const { pool } = parameters;
  if (pool === undefined || !may(call, `/pool/${pool}`, ["VM.Allocate"]))
    demand(call, `/vms/${newId}`, ["VM.Allocate"]);
  demand(call, `/storage/${parameters.storage ?? "local-lvm"}`, ["Datastore.AllocateSpace"]);
  const template = findGuest(call, source);
  const isFull = parameters.full === "1";
  if (!isFull && parameters.storage !== undefined)
    throw refuseParameters({ storage: "parameter 'storage' not allowed for linked clones" });
  if (!isFull && template.config.template !== "1")
    throw refuseParameters({ full: "a full clone is needed: this is no template" });
  demandQuorum(call);
  demandUnlocked(template);
  if (state.guests.has(newId) || state.elsewhere.has(newId))
    throw new Refusal(`unable to create VM ${newId}: config file already exists`);
  // Until the disks are there it is nobody's: PVE::API2::Qemu writes "# qmclone temporary file".
  const guest = state.addGuest(newId, {
    config: {},
    description: " qmclone temporary file",
    disk: template.disk,
  });
  const work = (): string | null => {
    if (state.isFull) {
      state.guests.delete(newId);
      return NO_ROOM;
    }
    const { template: _, ...config } = template.config;
    guest.config = Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        key,
        value.replaceAll(`base-${source}-`, `vm-${newId}-`).replaceAll(`vm-${source}-`, `vm-${newId}-`),
      ]),
    );
    if (parameters.name !== undefined) guest.config.name = parameters.name;
    // Every clone is a machine of its own (PVE::API2::Qemu, clone_vm).
    guest.config.smbios1 = `uuid=${state.nameMachine()}`;
    guest.description = parameters.description?.trimEnd() ?? null;
    if (pool !== undefined) state.members.set(newId, pool);
    return null;
  };
  return begin(call, "qmclone", source, work, { guest, name: "clone" });
}

function destroy(call: Call, vmId: number): string {
  demandQuorum(call);
  const guest = findGuest(call, vmId);
  if (guest.config.protection === "1") throw new Refusal(`can't remove VM ${vmId} - protection mode enabled`);
  if (guest.status === "running") throw new Refusal(`VM ${vmId} is running - destroy failed`);
  const locked = lockFault(guest);
  if (locked !== null) return fail(call, "qmdestroy", vmId, locked);
  const work = (): null => {
    call.state.guests.delete(vmId);
    // PVE::AccessControl, remove_vm_access, with or without `purge`.
    call.state.members.delete(vmId);
    for (const granted of call.state.grants.values()) granted.delete(`/vms/${vmId}`);
    return null;
  };
  return begin(call, "qmdestroy", vmId, work, { guest, name: DESTROYING });
}

function resize(call: Call, vmId: number): string {
  demandQuorum(call);
  const guest = findGuest(call, vmId);
  demandUnlocked(guest);
  const { disk = "", size = "" } = call.parameters;
  return begin(call, "resize", vmId, () => resizeDisk(guest, disk, size));
}

function ping(call: Call, vmId: number): unknown {
  const guest = findGuest(call, vmId);
  if (guest.status !== "running") throw new Refusal(`VM ${vmId} is not running`);
  if (!guest.agent) throw new Refusal("QEMU guest agent is not running");
  return { result: {} };
}

function setConfig(call: Call, vmId: number): null {
  judgeChange(call, vmId);
  const guest = findGuest(call, vmId);
  const { delete: gone = "", digest, description, ...set } = call.parameters;
  if (digest !== undefined && digest !== call.state.digestOf(guest))
    throw new Refusal("detected modified configuration - file changed by other user? Try again.");
  demandUnlocked(guest);
  if (!call.state.hasQuorum) {
    const file = `/etc/pve/nodes/${call.state.node}/qemu-server/${vmId}.conf.tmp.4711`;
    throw new Refusal(`unable to open file '${file}' - Permission denied`);
  }
  for (const key of gone.split(",").filter((one) => one !== "")) delete guest.config[key];
  if (description !== undefined) guest.description = description.trimEnd();
  applySettings(call.state, guest, set);
  return null;
}

/** Only those that the token may see are listed. */
export function listGuests(call: Call): unknown {
  return [...call.state.guests.values()]
    .filter(({ vmId }) => may(call, `/vms/${vmId}`, ["VM.Audit"]))
    .map((guest) => describeGuest(call, guest));
}

export function listOwnPrivileges(call: Call): Record<string, Record<string, number>> {
  const paths = [...(call.state.grants.get(call.token)?.keys() ?? [])];
  return Object.fromEntries(
    paths.map((path) => [path, Object.fromEntries([...privilegesAt(call, path)].map((one) => [one, 1]))]),
  );
}
