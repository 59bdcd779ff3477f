// The broker and the host that asks it, joined by their lines as SSH would join them: what one host's key may have,
// and what it may not, whatever the host says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openBroker } from "../../src/adapters/broker-client.ts";
import { registerByBroker } from "../../src/cli/mint/register-by-broker.ts";
import { readLines } from "../../src/cli/mint/serve-broker.ts";
import { answerBroker, type BrokerPorts } from "../../src/mint/answer-broker.ts";
import { readRequest } from "../../src/model/broker-protocol.ts";
import { NO_META } from "../../src/model/github.ts";
import { KEEP, makeBroker, OTHERS, OWN, runner, URL } from "./make-broker.ts";

test("a host gets a JIT config for its own ephemeral slot and a token for its persistent one", async () => {
  const { broker } = makeBroker();
  const jit = await broker.mint(OWN, "jit", null);
  assert.ok(jit.kind === "ok" && jit.value.secret.kind === "jit");
  assert.deepEqual([jit.value.runner?.name, jit.value.secret.config.reveal()], [`${OWN}-abcdefg`, "the-key"]);
  const token = await broker.mint(KEEP, "token", null);
  assert.ok(token.kind === "ok" && token.value.secret.kind === "token");
  assert.equal(token.value.secret.token.reveal(), "AAAATOKEN");
});

test("nothing is minted for slots of other hosts, for none, or of the wrong kind", async () => {
  const { broker, registered } = makeBroker();
  const asked: readonly (readonly [string, "jit" | "token"])[] = [
    [OTHERS, "jit"],
    ["acme-ci-forge-2", "jit"],
    ["../../etc", "jit"],
    ["", "jit"],
    [OWN, "token"],
    [KEEP, "jit"],
  ];
  for (const [slot, want] of asked) assert.equal((await broker.mint(slot, want, null)).kind, "refused", slot);
  assert.equal(
    (await broker.mint(OTHERS, "jit", null)).kind,
    (await broker.mint("acme-x-y-1", "jit", null)).kind,
  );
  assert.equal(registered.size, 0);
});

test("a host sees and deletes its own registrations alone", async () => {
  const { broker, registered, deleted } = makeBroker();
  const names = [
    `${OWN}-aaaaaaa`,
    KEEP,
    `${OTHERS}-bbbbbbb`,
    "acme-ci-forge-10-ccccccc",
    "acme-ci-forge-1x",
    "someone",
  ];
  for (const [at, name] of names.entries()) registered.set(at + 1, runner(at + 1, name));
  const own = await broker.listOwn("default");
  assert.deepEqual(own.kind === "ok" && own.value.runners.map(({ name }) => name), [`${OWN}-aaaaaaa`, KEEP]);
  const at = (runner: number) => ({ target: "default", scope: URL, runner });
  for (const id of [3, 4, 5, 6]) {
    assert.equal((await broker.getOwn(at(id))).kind, "refused", String(id));
    assert.equal((await broker.deleteOwn(at(id))).kind, "refused", String(id));
  }
  const found = await broker.getOwn(at(1));
  assert.equal(found.kind === "ok" && found.value.name, `${OWN}-aaaaaaa`);
  assert.equal((await broker.deleteOwn({ ...at(1), scope: "https://github.com/other" })).kind, "refused");
  assert.equal((await broker.deleteOwn({ ...at(1), target: "other" })).kind, "refused");
  assert.equal((await broker.deleteOwn(at(1))).kind, "ok");
  assert.equal((await broker.deleteOwn(at(77))).kind, "not-found");
  assert.deepEqual(deleted, [1]);
});

test("a host may ask of one of its targets alone, and of none that it has no slots of", async () => {
  const { broker, registered } = makeBroker();
  registered.set(1, runner(1, KEEP));
  const own = await broker.listOwn("default");
  assert.deepEqual(own.kind === "ok" && own.value.runners.map(({ id }) => id), [1]);
  assert.equal((await broker.listOwn("elsewhere")).kind, "refused");
  assert.equal((await broker.demand("elsewhere")).kind, "refused");
  assert.equal((await broker.versionEnd("elsewhere", "2.337.0")).kind, "refused");
});

test("a target that the broker has no credential for does not hide the others", async () => {
  const { ports, plan, forge } = makeBroker();
  const two = {
    ...forge,
    placements: forge.placements.map((each, at) => (at === 1 ? { ...each, target: "b" } : each)),
  };
  const refused = { kind: "refused", request: "GET", status: null, message: "there is no token" } as const;
  const open: BrokerPorts["openTarget"] = async (name) => {
    const opened = await ports.openTarget(name);
    if (name !== "b") return opened;
    const listRunners = async () => ({ ...refused, missing: null, help: null, meta: NO_META });
    return { ...opened, scopes: opened.scopes.map((api) => ({ ...api, listRunners })) };
  };
  const ask = (target: string) =>
    answerBroker(plan, two, { verb: "list-own", target }, { ...ports, openTarget: open });
  assert.equal((await ask("default")).kind, "ok");
  assert.equal((await ask("b")).kind, "refused");
});

test("a host is told of the jobs that its pools could take", async () => {
  const { broker } = makeBroker();
  assert.equal((await broker.demand("other")).kind, "refused");
  const answer = await broker.demand("default");
  assert.deepEqual(answer.kind === "ok" && answer.value.jobs.map(({ id }) => id), [1]);
});

test("a start by the broker clears what an answer that got lost has left", async () => {
  const { broker, registered, ports } = makeBroker();
  const place = ports.findSlot(OWN);
  assert.ok(place);
  const registrar = registerByBroker(place, URL, null, broker, () => 0);
  const announced: string[] = [];
  const first = await registrar.registerJit((name) => void announced.push(name));
  assert.deepEqual([first.kind === "registered" && first.name, announced], [`${OWN}-abcdefg`, [OWN]]);
  registered.set(99, runner(99, KEEP));
  const names = [{ name: OWN, url: URL, id: null, at: 0 }];
  assert.deepEqual(await registrar.clear(names), { left: [], deleted: [`${OWN}-abcdefg`] });
  assert.deepEqual([...registered.keys()], [99]);
});

test("a broker that is unreachable or says something else is an answer that did not come", async () => {
  for (const said of [
    { cause: "ssh: connect to host control port 22: Connection refused" },
    { line: "Welcome to Debian!" },
    { line: '{"v":1,"answer":{"kind":"ok","value":{}}}' },
  ]) {
    const broker = openBroker("ssh://mint@control", async () => said);
    const answer = await broker.mint(OWN, "jit", null);
    assert.equal(answer.kind, "unknown");
    const place = makeBroker().ports.findSlot(OWN);
    assert.ok(place);
    const refused = await registerByBroker(place, URL, null, broker, () => 0).registerJit(() => undefined);
    assert.equal(refused.kind === "refused" && refused.fault.reason, "broker-unreachable");
  }
});

test("requests of any other form are none", () => {
  const lines = [
    "",
    "null",
    "[]",
    '{"v":2,"verb":"list-own"}',
    '{"v":1,"verb":"delete-all"}',
    '{"v":1,"verb":"list-own"}',
    '{"v":1,"verb":"get-own","runner":1}',
    '{"v":1,"verb":"delete-own","target":"default","scope":"https://github.com/acme","runner":"1"}',
    '{"v":1,"verb":"delete-own","target":"default","scope":"https://github.com/acme","runner":1.5}',
    '{"v":1,"verb":"delete-own","target":"default","scope":7,"runner":1}',
    '{"v":1,"verb":"version-end","target":"default"}',
    '{"v":1,"verb":"version-end","target":"default","version":"../../orgs/acme"}',
    '{"v":1,"verb":"version-end","target":"default","version":"2.337"}',
    '{"v":1,"verb":"mint","slot":["a"],"want":"jit","repository":null}',
    '{"v":1,"verb":"mint","slot":"a","want":"pat","repository":null}',
    `{"v":1,"verb":"list-own","target":"default","x":"${"y".repeat(5000)}"}`,
  ];
  for (const line of lines) assert.equal(readRequest(line), null, line.slice(0, 60));
});

test("a line that never ends is cut off", async () => {
  async function* endless() {
    for (;;) yield "x".repeat(1000);
  }
  const lines: string[] = [];
  for await (const line of readLines(endless())) lines.push(line);
  assert.deepEqual([lines.length, readRequest(lines[0] ?? "")], [1, null]);
});
