// The scopes of a target as the watchdog of a host without a credential sees them: through the lines of its broker.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openBroker } from "../../src/adapters/broker-client.ts";
import { openBrokeredTarget } from "../../src/adapters/broker-scopes.ts";
import { readRequest } from "../../src/model/broker-protocol.ts";
import type { CachedAnswer } from "../../src/model/github.ts";
import { KEEP, makeBroker, OTHERS, OWN, runner, URL } from "./make-broker.ts";

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

test("what a question costs GitHub is told with every answer, whatever it is", async () => {
  const costs = { remaining: 7, sent: 3, counted: 2, clockOffset: 500 };
  const asked = { request: "GET", meta: costs };
  const answers = [
    { kind: "ok", value: runner(1, KEEP), meta: costs },
    { kind: "not-found", meta: costs },
    { kind: "unknown", cause: "HTTP 502", ...asked },
    { kind: "limited", message: "slow down", retryAt: 5, ...asked },
  ];
  for (const answer of answers) {
    const line = JSON.stringify({ v: 1, answer });
    const broker = openBroker("ssh://mint@control", async () => ({ line }));
    const got = await openBrokeredTarget(broker, TARGET).scopes[0]?.getRunner(1);
    assert.equal(got?.kind, answer.kind);
    // What is left is the credential's of the broker, which other hosts use as well.
    assert.deepEqual([got.meta.sent, got.meta.counted, got.meta.remaining], [3, 2, null]);
  }
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
