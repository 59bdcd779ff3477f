// One look at a node's guests. What the node does not answer is unknown with why. In: the node's plan, memory, ports.
// Out: an observation. Nothing is changed.

import type { NodeMemory, NodeObservation, SeenGuest, TaskSight } from "../model/guest-life.ts";
import { type Seen, seen, unseen } from "../model/host-observation.ts";
import type { PlannedGuest } from "../model/hypervisor-plan.ts";
import type { Hypervisor, HypervisorAnswer, HypervisorFailure } from "../model/hypervisor-port.ts";
import type { PlannedHost } from "../model/plan.ts";
import type { ObserveGuestsPorts } from "./guest-ports.ts";

export async function observeGuests(
  host: PlannedHost,
  memory: NodeMemory | null,
  ports: ObserveGuestsPorts,
): Promise<NodeObservation> {
  const { node } = ports;
  const guests = host.hypervisor?.guests ?? [];
  const base = { node: host.hypervisor?.node ?? host.name, time: ports.time() };
  if ("refused" in node) {
    return { ...base, trouble: { kind: "refused", why: node.refused }, guests: [] };
  }
  // One question shows whether anybody answers at all.
  const listed = await node.listGuests();
  if (listed.kind !== "ok") return { ...base, trouble: judgeTrouble(listed), guests: [] };
  const looked: SeenGuest[] = [];
  for (const guest of guests) looked.push(await lookAtGuest(guest, memory, node, ports));
  return { ...base, time: ports.time(), trouble: null, guests: looked };
}

function judgeTrouble(failure: HypervisorFailure): NodeObservation["trouble"] {
  return { kind: failure.kind === "refused" ? "refused" : "unknown", why: describeFailure(failure) };
}

async function lookAtGuest(
  guest: PlannedGuest,
  memory: NodeMemory | null,
  node: Hypervisor,
  ports: ObserveGuestsPorts,
): Promise<SeenGuest> {
  const { name, vmId } = guest;
  const upid = memory?.guests[name]?.work?.upid ?? null;
  // Before the guest: a task that ends in between is then seen in what it did.
  const task = upid === null ? ({ kind: "none" } as const) : judgeTask(await node.readTask(upid));
  const answer = await node.readGuest(vmId);
  const record = answer.kind === "absent" ? seen(null) : toSeen(answer);
  const isThere = record.known && record.value !== null;
  const asksSnapshots = isThere && guest.reset === "rollback";
  const asksTasks = guest.reset !== null && record.known && record.value?.status !== "running";
  const made = guest.reset === "clone" ? ports.readMade(vmId) : seen(null);
  return {
    ...{ name, record, task, made },
    snapshots: asksSnapshots ? toSeen(await node.listSnapshots(vmId)) : seen(null),
    tasks: asksTasks ? toSeen(await node.listRunningTasks(vmId)) : seen([]),
  };
}

function toSeen<T>(answer: HypervisorAnswer<T>): Seen<T> {
  return answer.kind === "ok" ? seen(answer.value) : unseen(describeFailure(answer));
}

function judgeTask(answer: Awaited<ReturnType<Hypervisor["readTask"]>>): TaskSight {
  switch (answer.kind) {
    case "ok":
      return { kind: answer.value.kind };
    case "absent":
    // Of another token, which has been changed since: what it did is seen in the guest.
    case "refused":
      return { kind: "gone" };
    case "unknown":
      return { kind: "unknown", why: describeFailure(answer) };
    default:
      // Also a lock or a lost quorum: by those words a task may end.
      return { kind: "failed", why: describeFailure(answer) };
  }
}

/** One line, with what was asked. */
export function describeFailure(failure: HypervisorFailure): string {
  const { request, message } = failure;
  const words = failure.kind === "failed" ? [message, ...failure.log.slice(-1)] : [message];
  const missing =
    failure.kind === "refused" && failure.missing !== null
      ? [`it lacks ${failure.missing.privileges.join(" or ")} on ${failure.missing.path}`]
      : [];
  return `${request}: ${[...words, ...missing].join("; ")}`;
}
