// The broker and the host that asks it, joined by their lines as SSH would join them: what one host's key may have,
// and what it may not, whatever the host says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openBroker } from "../../src/adapters/broker-client.ts";
import { openBrokeredTarget } from "../../src/adapters/broker-scopes.ts";
import { placeForSystem } from "../../src/apply/places.ts";
import { Secret } from "../../src/base/secret.ts";
import { registerByBroker } from "../../src/cli/mint/register-by-broker.ts";
import { readLines } from "../../src/cli/mint/serve-broker.ts";
import { answerBroker, type BrokerPorts } from "../../src/mint/answer-broker.ts";
import { findSlot } from "../../src/mint/find-slot.ts";
import { readRequest, writeAnswer } from "../../src/model/broker-protocol.ts";
import {
  type CachedAnswer,
  type GitHubAnswer,
  type JobRecord,
  NO_META,
  type RunnerRecord,
  type RunnerScopeApi,
} from "../../src/model/github.ts";
import type { Plan } from "../../src/model/plan.ts";
import { makeHost, makePlacement, makePlan, makeSlot } from "../render/compose-plan.ts";

const URL = "https://github.com/acme";
const OWN = "acme-ci-forge-1";
const KEEP = "acme-keep-forge-1";
const OTHERS = "acme-ci-spark-1";

const ok = <T>(value: T): GitHubAnswer<T> => ({ kind: "ok", value, fromCache: false, meta: NO_META });
const runner = (id: number, name: string): RunnerRecord => ({
  id,
  name,
  os: "linux",
  online: false,
  busy: false,
  labels: ["x"],
  ephemeral: true,
  version: null,
  groupId: 1,
});
const job = (id: number, labels: readonly string[]): JobRecord => ({
  id,
  runId: 1,
  repository: "acme/app",
  name: "build",
  workflow: null,
  labels,
  status: "queued",
  runnerId: null,
  runnerName: null,
  groupId: null,
  createdAt: 1,
  startedAt: null,
});

function makeBroker() {
  const forge = makeHost([
    makePlacement(),
    makePlacement({ pool: "keep", lifetime: "persistent", slots: [makeSlot("keep", 1)] }),
  ]);
  const spark = makeHost([makePlacement({ slots: [{ ...makeSlot("ci", 1), name: OTHERS }] })], {
    name: "spark",
  });
  const plan: Plan = { ...makePlan(forge), hosts: [forge, spark] };
  const registered = new Map<number, RunnerRecord>();
  const deleted: number[] = [];
  const unused = () => Promise.reject(new Error("the broker asks no such thing"));
  const api: RunnerScopeApi = {
    url: URL,
    listRunners: async () =>
      ok({ runners: [...registered.values()], total: registered.size, complete: true }),
    getRunner: async (id) => {
      const found = registered.get(id);
      return found === undefined ? { kind: "not-found", meta: NO_META } : ok(found);
    },
    deleteRunner: async (id) => {
      deleted.push(id);
      registered.delete(id);
      return ok(null);
    },
    createRegistrationToken: unused,
    findRunner: unused,
    createJit: unused,
    createRemoveToken: unused,
    findGroup: unused,
    listDownloads: unused,
    getDeprecation: async (version) =>
      version === "2.337.0"
        ? ok({ registrationEnds: null, jobsEnd: "2027-01-31T00:00:00Z" })
        : { kind: "not-found", meta: NO_META },
  };
  const ports: BrokerPorts = {
    now: () => 1_800_000_000_000,
    openTarget: async () => ({
      scopes: [api],
      demand: {
        listRepositories: async () => ok([{ name: "acme/app", pushedAt: null, private: null }]),
        listJobs: async () => ok({ jobs: [job(1, ["Self-Hosted", "X64"]), job(2, ["gpu"])], complete: true }),
      },
    }),
    registerJit: async ({ slot }) => {
      const made = runner(registered.size + 10, `${slot.name}-abcdefg`);
      registered.set(made.id, made);
      return ok({ runner: made, secret: { kind: "jit", config: new Secret("the-key") } });
    },
    createToken: async () =>
      ok({ runner: null, secret: { kind: "token", token: new Secret("AAAATOKEN"), expiresAt: 5 } }),
    findSlot: (name) => findSlot(plan, name, ({ places }) => placeForSystem(places)),
  };
  const lines: string[] = [];
  const ask = async (line: string) => {
    const request = readRequest(line.trimEnd());
    if (request === null) return { cause: "that is no request" };
    const answer = writeAnswer(request.verb, await answerBroker(plan, forge, request, ports));
    lines.push(line, answer);
    return { line: answer.trimEnd() };
  };
  return {
    ask,
    broker: openBroker("ssh://mint@control", ask),
    registered,
    deleted,
    ports,
    lines,
    plan,
    forge,
  };
}

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

const TARGET = {
  name: "default",
  url: URL,
  apiUrl: "https://api.github.com",
  scope: { kind: "organization", owner: "acme" },
  auth: { kind: "broker", url: "ssh://mint@control", user: "mint", host: "control", port: null },
  flavour: "github.com",
  authWritten: true,
  runnerGroup: null,
  at: [],
} as const;

/** As the watchdog of the host sees it; `asked` are the verbs that went over the line. */
function openBrokered() {
  const made = makeBroker();
  const asked: string[] = [];
  const clock = { now: 1_800_000_000_000 };
  const kept = new Map<string, CachedAnswer>();
  const cache = { get: (key: string) => kept.get(key) ?? null, set: kept.set.bind(kept) };
  const broker = openBroker("ssh://mint@control", (line) => {
    asked.push(String(readRequest(line.trimEnd())?.verb));
    return made.ask(line);
  });
  const open = () => openBrokeredTarget(broker, TARGET, { cache, now: () => clock.now }).scopes[0];
  const api = open();
  assert.ok(api !== undefined);
  return { ...made, api, open, asked, clock };
}

test("a slot that waits for a registration token gets it through the broker, and no other host's does", async () => {
  const { api } = openBrokered();
  const given = await api.createRegistrationToken(KEEP);
  assert.equal(given.kind === "ok" && given.value.token.reveal(), "AAAATOKEN");
  for (const slot of [OTHERS, OWN, undefined])
    assert.equal((await api.createRegistrationToken(slot)).kind, "refused", slot);
});

test("a look at a broker asks for the list once, and the next look, of the same process, asks anew", async () => {
  const { api, asked, clock, registered } = openBrokered();
  const names = async () => {
    const list = await api.listRunners();
    return list.kind === "ok" && list.value.runners.map(({ name }) => name);
  };
  assert.deepEqual(await Promise.all([names(), names()]), [[], []]);
  clock.now += 1000;
  assert.deepEqual([await names(), asked], [[], ["list-own"]]);
  registered.set(1, runner(1, KEEP));
  clock.now += 4000;
  assert.deepEqual([await names(), asked], [[KEEP], ["list-own", "list-own"]]);
  // A clock that was put back makes nothing fresh.
  registered.clear();
  clock.now -= 3_600_000;
  assert.deepEqual(await names(), []);
});

test("the end of a version comes through the broker, once an hour whatever asks", async () => {
  const { api, asked, clock, open } = openBrokered();
  const end = { registrationEnds: null, jobsEnd: "2027-01-31T00:00:00Z" };
  const first = await api.getDeprecation("2.337.0");
  assert.deepEqual(first.kind === "ok" && first.value, end);
  const again = await open()?.getDeprecation("2.337.0");
  assert.deepEqual(again?.kind === "ok" && [again.value, again.fromCache], [end, true]);
  assert.equal((await api.getDeprecation("2.338.0")).kind, "not-found");
  assert.equal((await api.getDeprecation("2.338.0")).kind, "not-found");
  assert.deepEqual(asked, ["version-end", "version-end"]);
  clock.now += 3_600_000;
  await api.getDeprecation("2.337.0");
  assert.equal(asked.length, 3);
});

test("a broker of an earlier version does not know when one ends, and is asked again", async () => {
  const asked: string[] = [];
  const broker = openBroker("ssh://mint@control", async (line) => {
    asked.push(line);
    return { cause: "that is no request" };
  });
  const api = openBrokeredTarget(broker, TARGET).scopes[0];
  for (const times of [1, 2]) {
    assert.equal((await api?.getDeprecation("2.337.0"))?.kind, "unknown");
    assert.equal(asked.length, times);
  }
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
