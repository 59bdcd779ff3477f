// Which hosts a pool is on, how many slots each has, and what keeps and registers them.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fleet } from "../../src/model/fleet.ts";
import type { Plan, PlanInputs } from "../../src/model/plan.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import {
  makeCluster,
  makeDocker,
  makeFleet,
  makeInputs,
  makeInventory,
  makeMachine,
  makePool,
  makeProxmox,
} from "./make-fleet.ts";

const GIB = 2 ** 30;
const LIMITS = { cpus: 1, memory: GIB, pids: null };

function plan(fleet: Fleet, inputs: PlanInputs): Plan {
  const { value, diagnostics } = planFleet(fleet, inputs);
  assert.ok(value !== null, JSON.stringify(diagnostics, null, 2));
  return value;
}

test("a pool without hosts takes every host that can and tells why it passed over the others", () => {
  const fleet = makeFleet(
    [makeMachine("forge"), makeMachine("laptop"), makeProxmox("pve"), makeMachine("old"), makeCluster("k3s")],
    [makePool("ci")],
  );
  const { pools } = plan(
    fleet,
    makeInputs({
      forge: makeInventory(),
      laptop: makeInventory({ docker: "none" }),
      pve: makeInventory(),
      old: makeInventory({ systemd: { version: 247, running: true } }),
    }),
  );
  assert.deepEqual(pools[0]?.hosts, ["forge", "k3s"]);
  assert.deepEqual(pools[0]?.leftOut, [
    { host: "laptop", why: "has no Docker" },
    { host: "pve", why: "is a hypervisor and runs no jobs" },
    { host: "old", why: "has systemd 247, below 249, so it can only hold persistent container slots" },
  ]);
});

test("a range is spread evenly, and its minimum over all hosts by name", () => {
  const names = ["c", "a", "b"];
  const pool = makePool("ci", {
    runners: { kind: "range", min: 4, max: 7, perHost: null, idle: 300_000 },
    limits: LIMITS,
  });
  const planned = plan(
    makeFleet(
      names.map((name) => makeMachine(name)),
      [pool],
    ),
    makeInputs(Object.fromEntries(names.map((name) => [name, makeInventory()]))),
  );
  assert.deepEqual(
    planned.hosts.map(({ name, placements }) => [
      name,
      placements[0]?.slots.length,
      placements[0]?.slots.filter((slot) => slot.always).length,
    ]),
    [
      ["c", 3, 1],
      ["a", 3, 2],
      ["b", 3, 1],
    ],
  );
});

test("persistent containers live without systemd; what a container shows is not the machine", () => {
  const supervisionOf = (inventory: ReturnType<typeof makeInventory>) =>
    plan(
      makeFleet([makeMachine("forge")], [makePool("ci", { lifetime: "persistent" })]),
      makeInputs({ forge: inventory }),
    ).hosts[0]?.supervision;
  assert.equal(supervisionOf(makeInventory()), "systemd");
  assert.equal(supervisionOf(makeInventory({ systemd: "none" })), "compose");
  assert.equal(supervisionOf(makeInventory({ systemd: { version: 257, running: false } })), "compose");
  assert.equal(
    supervisionOf(makeInventory({ systemd: "none", virtualization: { vm: "kvm", container: "docker" } })),
    "systemd",
  );
});

test("hosts load the credential files of their targets, the deputy those of all", () => {
  const fleet = makeFleet(
    [makeMachine("first"), makeMachine("second")],
    [makePool("a", { hosts: ["first"], target: "one" }), makePool("b", { hosts: ["second"], target: "two" })],
  );
  const [target] = fleet.targets;
  assert.ok(target !== undefined);
  const planned = plan(
    {
      ...fleet,
      targets: [
        {
          ...target,
          name: "one",
          auth: { kind: "app", clientId: "Iv23", privateKey: "/etc/ci-fleet/app.pem" },
        },
        { ...target, name: "two" },
        { ...target, name: "three", auth: { kind: "search", folder: "/etc/ci-fleet" } },
      ],
    },
    makeInputs({ first: makeInventory(), second: makeInventory() }),
  );
  const two = { target: "two", id: "two.token", path: "/etc/ci-fleet/token" };
  assert.equal(planned.watchdog.deputy, "first");
  assert.deepEqual(
    planned.hosts.map((host) => host.credentials),
    [[{ target: "one", id: "one.pem", path: "/etc/ci-fleet/app.pem" }, two], [two]],
  );
});

test("a fault that many hosts share is told once", () => {
  const names = Array.from({ length: 12 }, (_, at) => `h${at}`);
  const { diagnostics } = planFleet(
    makeFleet(
      names.map((name) => makeMachine(name)),
      [makePool("ci", { hosts: names })],
    ),
    makeInputs(
      Object.fromEntries(
        names.map((name) => [name, makeInventory({ docker: makeDocker({ engine: "19.03.1" }) })]),
      ),
    ),
  );
  assert.deepEqual(
    diagnostics.map(({ code, message, related }) => [code, message, related?.length]),
    [["CF710", "pool `ci`: each of `h0`, `h1`, `h2` and 9 more has Docker Engine 19.03.1, below 20.10.0", 3]],
  );
});
