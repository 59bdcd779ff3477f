// One call to the fake node, and the questions every route asks first. In: a call. Out: nothing, or a Refusal.

import { Refusal, refusePermission } from "./refusal.ts";
import type { FakeGuest, FakeNode } from "./state.ts";

export interface Call {
  readonly state: FakeNode;
  readonly method: string;
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** The whole token. */
  readonly token: string;
  /** `ci-fleet@pve!acme`, as tasks name their owner. */
  readonly user: string;
}

/** The nearest path above that has something counts, and what it has (PVE::AccessControl, roles). */
export function privilegesAt(call: Pick<Call, "state" | "token">, path: string): ReadonlySet<string> {
  const guest = Number(/^\/vms\/(\d+)$/.exec(path)?.[1]);
  const pool = call.state.members.get(guest);
  // PVE::RPCEnvironment, permissions: what is granted on a pool counts for its members too.
  return pool === undefined
    ? grantedAt(call, path)
    : new Set([...grantedAt(call, path), ...grantedAt(call, `/pool/${pool}`)]);
}

function grantedAt(call: Pick<Call, "state" | "token">, path: string): ReadonlySet<string> {
  const granted = call.state.grants.get(call.token);
  const parts = path.split("/").filter((part) => part !== "");
  for (let depth = parts.length; depth >= 0; depth--) {
    const found = granted?.get(`/${parts.slice(0, depth).join("/")}`);
    if (found !== undefined) return found;
  }
  return new Set();
}

export function may(call: Pick<Call, "state" | "token">, path: string, any: readonly string[]): boolean {
  const granted = privilegesAt(call, path);
  return any.some((privilege) => granted.has(privilege));
}

export function demand(call: Call, path: string, any: readonly string[]): void {
  if (!may(call, path, any)) throw refusePermission(path, any);
}

export function findGuest({ state }: Pick<Call, "state">, vmId: number): FakeGuest {
  const guest = state.guests.get(vmId);
  if (guest !== undefined) return guest;
  throw new Refusal(`Configuration file 'nodes/${state.node}/qemu-server/${vmId}.conf' does not exist`);
}

export function demandQuorum({ state }: Pick<Call, "state">): void {
  if (!state.hasQuorum) throw new Refusal("cluster not ready - no quorum?");
}

/** PVE::AbstractConfig, check_lock. */
export function lockFault({ lock }: FakeGuest): string | null {
  return lock === null ? null : `VM is locked (${lock})`;
}

export function demandUnlocked(guest: FakeGuest): void {
  const fault = lockFault(guest);
  if (fault !== null) throw new Refusal(fault);
}
