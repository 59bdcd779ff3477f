// Every way in which a node goes wrong: what the adapter makes of it, that a change is sent once, and that the token
// shows nowhere. A guest is read, guests are listed, one is started.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { classifySentence } from "../../src/adapters/proxmox-answer.ts";
import { openProxmoxLine } from "../../src/adapters/proxmox-line.ts";
import { Secret } from "../../src/base/secret.ts";
import type { HypervisorAnswer } from "../../src/model/hypervisor-port.ts";
import { makeCertificate } from "../github/make-certificate.ts";
import { grantGuest, startProxmoxLab } from "../proxmox/lab.ts";
import { serveFakeProxmox } from "../proxmox/serve.ts";
import { FakeNode, type FaultKind, TOKEN } from "../proxmox/state.ts";

const SECRET = TOKEN.slice(TOKEN.indexOf("=") + 1);

function assertSilent(answer: unknown): void {
  for (const text of [inspect(answer, { depth: 9, showHidden: true }), JSON.stringify(answer)]) {
    assert.ok(!text.includes(SECRET), text);
  }
}

type Kind = HypervisorAnswer<unknown>["kind"];

const table: readonly (readonly [string, FaultKind, Kind])[] = [
  ["a token that is not accepted", "401", "refused"],
  ["a privilege that is missing", "403", "refused"],
  ["no worker", "500", "unknown"],
  ["a call that the version does not know", "501", "unknown"],
  ["the node behind the node does not answer", "595", "unknown"],
  ["the worker went away in the middle", "596", "unknown"],
  ["no answer at all", "hang", "unknown"],
  ["headers and then nothing", "hang-body", "unknown"],
  ["the connection reset", "reset", "unknown"],
  ["shorter than announced", "short", "unknown"],
  ["200 with nothing", "empty", "unknown"],
  ["200 with half of a JSON text", "garbage", "unknown"],
  ["200 with another shape", "wrong-shape", "unknown"],
  ["200 with a page", "html", "unknown"],
  ["a redirection, which is not followed", "redirect", "unknown"],
  ["an answer without end", "endless", "unknown"],
  ["the token repeated in a message", "echo", "unknown"],
  ["done, and the answer lost", "done-then-596", "unknown"],
  ["done, and the connection reset", "done-then-reset", "unknown"],
];

for (const [name, kind, expected] of table) {
  test(`fault: ${name}`, async (t) => {
    const isSlow = kind.startsWith("hang");
    const { state, hypervisor } = await startProxmoxLab(t, isSlow ? 150 : 10_000);
    state.addGuest(9101);
    grantGuest(state, 9101);
    state.fail(kind, /qemu/);
    const answers = [
      await hypervisor.readGuest(9101),
      await hypervisor.listGuests(),
      await hypervisor.start(9101),
    ];
    for (const answer of answers) {
      assert.equal(answer.kind, expected, JSON.stringify(answer));
      assertSilent(answer);
    }
    assert.equal(state.mutations().length, 1);
    assert.equal(state.tasks.size, kind.startsWith("done-then-") ? 1 : 0);
  });
}

test("sentences of Proxmox are told apart, and one that nobody knows says nothing", () => {
  const kinds = (
    [
      "VM is locked (backup)",
      "VM is locked",
      "can't lock file '/var/lock/qemu-server/lock-9101.conf' - got timeout",
      "cfs-lock 'storage-local-lvm' error: got lock request timeout",
      "cluster not ready - no quorum?",
      "cfs-lock 'file-user_cfg' error: no quorum!",
      "unable to open file '/etc/pve/nodes/pve1/qemu-server/9101.conf.tmp.77' - Permission denied",
      "Configuration file 'nodes/pve1/qemu-server/9101.conf' does not exist",
      "unable to find configuration file for VM 9101 on node 'pve1'",
      "snapshot 'clean' does not exist",
      "unable to create VM 9101: config file already exists",
      "unable to create VM 9101 - VM 9101 already exists on node 'pve2'",
      "detected modified configuration - file changed by other user? Try again.",
      "VM 9101 is running - destroy failed",
      "got no worker upid - start worker failed",
      "ipcc_send_rec[1] failed: Connection refused",
      "storage 'local-lvm' does not exist",
      "hostname lookup 'pve9' failed - failed to get address info for: pve9: Name or service not known",
    ] as const
  ).map((words) => [classifySentence("GET x", words)?.kind ?? null, words]);
  assert.deepEqual(
    kinds.map(([kind]) => kind),
    [
      ...["locked", "locked", "locked", "locked"],
      ...["no-quorum", "no-quorum", "no-quorum"],
      ...["absent", "absent", "absent"],
      ...["conflict", "conflict", "conflict", "conflict"],
      ...[null, null, null, null],
    ],
  );
});

async function ask(url: string, trusted: readonly string[]) {
  const options = { userAgent: "ci-fleet/test", deadlineMs: 5000, signal: null };
  const line = openProxmoxLine({ url, trusted, token: new Secret(TOKEN), ...options });
  try {
    return await line.send({ method: "GET", path: ["version"], parameters: {} });
  } finally {
    line.close();
  }
}

test("the token goes to no node that the given authority did not sign for", async (t) => {
  const state = new FakeNode();
  const server = await serveFakeProxmox(state);
  t.after(() => server.close());
  const other = makeCertificate(["127.0.0.1"]);
  for (const trusted of [[other.cert], []]) {
    const reply = await ask(server.url, trusted);
    assert.equal(reply.kind, "failed");
    assert.match(reply.kind === "failed" ? reply.cause : "", /is not trusted: .*pve-root-ca\.pem/);
  }
  assert.deepEqual(state.requests, []);
  assert.equal((await ask(server.url, [other.cert, server.certificate])).kind, "answered");
});

test("the token goes to no node that shows another's name", async (t) => {
  const state = new FakeNode();
  const elsewhere = makeCertificate(["pve2"]);
  const server = await serveFakeProxmox(state, elsewhere);
  t.after(() => server.close());
  const reply = await ask(server.url, [elsewhere.cert]);
  assert.equal(reply.kind, "failed");
  assert.deepEqual(state.requests, []);
});

test("an address without TLS is no address", async () => {
  await assert.rejects(ask("http://127.0.0.1:8006", []), TypeError);
});

test("a proxy that this process goes through for GitHub is not asked", async (t) => {
  const { setGlobalProxyFromEnv } = await import("node:http");
  const restore = setGlobalProxyFromEnv({ https_proxy: "http://127.0.0.1:9", no_proxy: "" });
  t.after(restore);
  const server = await serveFakeProxmox(new FakeNode());
  t.after(() => server.close());
  assert.equal((await ask(server.url, [server.certificate])).kind, "answered");
});

test("a kept connection that the node has closed meanwhile is no failure of a question", async (t) => {
  const { state, hypervisor } = await startProxmoxLab(t);
  await hypervisor.readVersion();
  state.fail("reset", /version/, 1);
  assert.equal((await hypervisor.readVersion()).kind, "ok");
  assert.equal(state.requests.length, 3);
});

test("a part of a path stays a part of a path", async (t) => {
  const { state, hypervisor } = await startProxmoxLab(t);
  state.addGuest(9101);
  grantGuest(state, 9101);
  await hypervisor.deleteSnapshot(9101, "a%2Fb?force=1#x");
  assert.deepEqual(state.mutations(), ["DELETE /nodes/pve1/qemu/9101/snapshot/a%2Fb?force=1#x"]);
  assert.deepEqual(state.requests[0]?.parameters, {});
  await assert.rejects(hypervisor.deleteSnapshot(9101, ".."), TypeError);
});
