// Which call goes where, and who may make it. In: a call. Out: status, sentence and body, as Proxmox would send them.

import { type Call, demand, findGuest, may } from "./call.ts";
import { Refusal, refuseParameters } from "./refusal.ts";
import { GUEST_ROUTES, listGuests, listOwnPrivileges } from "./routes-guest.ts";
import type { FakeTask } from "./state.ts";

export interface Answer {
  readonly status: number;
  /** For the status line. */
  readonly reason: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export function answer(call: Call): Answer {
  try {
    return { status: 200, reason: "OK", body: { data: dispatch(call) } };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message, status, errors } = error;
    const body = { data: null, ...(errors === null ? {} : { errors }), message: `${message}\n` };
    return { status, reason: message, body };
  }
}

function dispatch(call: Call): unknown {
  const on = `${call.method} ${call.path}`;
  const guest = /^\/nodes\/pve1\/qemu\/(\d+)(?:\/(.*))?$/.exec(call.path);
  if (guest !== null) return dispatchGuest(call, Number(guest[1]), guest[2] ?? "");
  const task = /^\/nodes\/pve1\/tasks\/([^/]+)\/(status|log)$/.exec(call.path);
  if (task !== null && call.method === "GET") return showTask(call, task[1] as string, task[2] as string);
  const content = /^\/nodes\/pve1\/storage\/([^/]+)\/content$/.exec(call.path);
  if (content !== null && call.method === "GET") return listContent(call, content[1] as string);
  switch (on) {
    case "GET /version":
      return call.state.version;
    case "GET /nodes/pve1/qemu":
      return listGuests(call);
    case "GET /nodes/pve1/tasks":
      return listTasks(call);
    case "GET /cluster/mapping/pci":
      return [...call.state.mappings]
        .filter(([id]) => may(call, `/mapping/pci/${id}`, ["Mapping.Use", "Mapping.Modify", "Mapping.Audit"]))
        .map(([id, { checks, ...rest }]) => ({
          id,
          ...rest,
          ...(call.parameters["check-node"] === undefined ? {} : { checks }),
        }));
    case "GET /access/permissions":
      return listOwnPrivileges(call);
    default:
      throw new Refusal(`Method '${on}' not implemented`, 501);
  }
}

function dispatchGuest(call: Call, vmId: number, rest: string): unknown {
  const name = /^snapshot\/([^/]+)/.exec(rest)?.[1] ?? "";
  const on = `${call.method} ${name === "" ? rest : rest.replace(name, "{snapname}")}`;
  const route = GUEST_ROUTES.find((each) => each.on === on);
  if (route === undefined) throw new Refusal(`Method '${call.method} ${call.path}' not implemented`, 501);
  if (route.any.length > 0) demand(call, `/vms/${vmId}`, route.any);
  if (on !== "POST clone") findGuest(call, vmId);
  return route.answer(call, vmId, name);
}

function showTask(call: Call, upid: string, what: string): unknown {
  if (!upid.startsWith("UPID:")) throw refuseParameters({ upid: "unable to parse worker upid" });
  const task = call.state.tasks.get(upid);
  if (task === undefined) throw refuseParameters({ upid: "no such task" });
  if (task.user !== call.user) demand(call, "/nodes/pve1", ["Sys.Audit"]);
  if (what === "log") return task.log.map((t, index) => ({ n: index + 1, t }));
  const { exit } = task;
  return {
    ...describeTask(task),
    status: exit === null ? "running" : "stopped",
    ...(exit === null ? {} : { exitstatus: exit }),
  };
}

function describeTask({ upid, type, id, user, pid, startedAt }: FakeTask): Record<string, unknown> {
  return {
    upid,
    type,
    id,
    user,
    pid,
    pstart: pid * 16,
    starttime: Math.floor(startedAt / 1000),
    node: "pve1",
  };
}

function listTasks(call: Call): unknown {
  const { vmid, source } = call.parameters;
  if (source !== "active") throw new Refusal("the fake node lists active tasks only", 501);
  const seesAll = may(call, "/nodes/pve1", ["Sys.Audit"]);
  return [...call.state.tasks.values()]
    .filter(({ id, user }) => (vmid === undefined || id === vmid) && (seesAll || user === call.user))
    .map((task) => ({
      ...describeTask(task),
      status: task.exit ?? "RUNNING",
      // What ended lately is still on the list (PVE::API2::Tasks).
      ...(task.exit === null ? {} : { endtime: Math.floor(task.endsAt / 1000) }),
    }));
}

function listContent(call: Call, storage: string): unknown {
  demand(call, `/storage/${storage}`, ["Datastore.Audit", "Datastore.AllocateSpace"]);
  const volumes = call.state.storages.get(storage);
  if (volumes === undefined) throw new Refusal(`storage '${storage}' does not exist`);
  const wanted = call.parameters.content;
  return volumes
    .filter(({ content }) => wanted === undefined || content === wanted)
    .map((volume) => ({ ...volume, format: "raw" }));
}
