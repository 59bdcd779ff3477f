// A fake node with the real adapter in front of it, for scenes: pauses of the adapter let the node's time pass. In: a
// test. Out: state, server, port; all of it ends with the test.

import assert from "node:assert/strict";
import { openHypervisor } from "../../src/adapters/proxmox.ts";
import { openProxmoxLine } from "../../src/adapters/proxmox-line.ts";
import { Secret } from "../../src/base/secret.ts";
import type { Hypervisor } from "../../src/model/hypervisor-port.ts";
import { type FakeProxmox, serveFakeProxmox } from "./serve.ts";
import { FakeNode, TOKEN } from "./state.ts";

/** A test, or one of many histories in a test. */
export interface Ending {
  after(end: () => Promise<void>): unknown;
}

export interface ProxmoxLab {
  readonly state: FakeNode;
  readonly server: FakeProxmox;
  readonly hypervisor: Hypervisor;
}

/** What access.sh grants on each guest. */
export const GUEST_PRIVILEGES: readonly string[] = [
  "VM.Allocate",
  "VM.Audit",
  "VM.Config.CDROM",
  "VM.Config.CPU",
  "VM.Config.Cloudinit",
  "VM.Config.Disk",
  "VM.Config.HWType",
  "VM.Config.Memory",
  "VM.Config.Network",
  "VM.Config.Options",
  "VM.PowerMgmt",
  "VM.Snapshot",
];

export async function startProxmoxLab(t: Ending, deadlineMs = 5000): Promise<ProxmoxLab> {
  const state = new FakeNode();
  const server = await serveFakeProxmox(state);
  const token = new Secret(TOKEN);
  const line = openProxmoxLine({
    url: server.url,
    token,
    trusted: [server.certificate],
    userAgent: "ci-fleet/test",
    deadlineMs,
    signal: null,
  });
  t.after(async () => {
    line.close();
    await server.close();
    assert.deepEqual(server.mistakes, []);
  });
  const hypervisor = openHypervisor({
    line,
    node: state.node,
    token,
    clock: { monotonic: () => state.now },
    sleep: async (milliseconds) => state.advance(milliseconds),
  });
  return { state, server, hypervisor };
}

/** Rights for one guest and the storage, as access.sh gives them; the template may be seen, too. */
export function grantGuest(state: FakeNode, vmId: number): void {
  state.grant(`/vms/${vmId}`, GUEST_PRIVILEGES);
  state.grant("/vms/9000", ["VM.Audit", "VM.Clone"]);
  state.grant("/storage/local-lvm", ["Datastore.AllocateSpace"]);
  state.grant("/storage/local", ["Datastore.Audit"]);
}

/** The roles and grants of a rendered access.sh, and nothing else. */
export function grantAsRendered(state: FakeNode, script: string): void {
  const roles = new Map(
    [...script.matchAll(/^settle_role '(\w+)' '([\w. ]+)'$/gm)].map(([, id, all = ""]) => [
      id,
      all.split(" "),
    ]),
  );
  for (const [, path = "", role] of script.matchAll(/^grants\+=\('(\S+) (\w+)'\)$/gm)) {
    const privileges = roles.get(role);
    assert.ok(privileges, `${role} of ${path}`);
    state.grant(path, privileges);
  }
}
