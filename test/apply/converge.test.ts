// The laws of apply: whatever instant a kill chooses, the next run ends where an undisturbed one would have; a
// slot with a job is never stopped; what is taken down leaves nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { placeForSystem } from "../../src/apply/places.ts";
import { placesOf } from "../../src/model/names.ts";
import { applyHere, applyUntil, planHere } from "./apply-here.ts";
import { compareSnapshots, FakeHost } from "./fake-host.ts";
import { FLEET_NAMES, FLEETS, type FleetName } from "./fleets.ts";

const wanted = Object.fromEntries(FLEET_NAMES.map((name) => [name, FLEETS[name]()]));
const want = (name: FleetName | "nothing") => (name === "nothing" ? null : (wanted[name] ?? null));
const newHost = () => new FakeHost(placeForSystem(placesOf("acme")));

/** The state after applying these one after the other, undisturbed. */
async function settle(...names: readonly (FleetName | "nothing")[]): Promise<FakeHost> {
  const host = newHost();
  for (const name of names) await applyHere(host, want(name));
  return host;
}

for (const name of FLEET_NAMES) {
  test(`${name}: a bare host gets it, and a second apply has nothing to do`, async () => {
    const host = await settle(name);
    assert.deepEqual(planHere(host, want(name)).steps, []);
    assert.notEqual(host.units.size + host.containers.size, 0);
  });
}

for (const name of FLEET_NAMES) {
  test(`${name}: taken down, it leaves the host as it was`, async () => {
    const host = await settle(name, "nothing");
    assert.deepEqual(compareSnapshots(newHost().snapshot(), host.snapshot()), []);
    assert.deepEqual([...host.registered], []);
    assert.deepEqual(planHere(host, null).steps, []);
  });
}

test("caches that are mounted from elsewhere are let go before their slot's folders, and come back with it", async () => {
  for (const [to, stays] of [
    ["layersOfAnother", true],
    ["onlyProcesses", false],
    ["nothing", false],
  ] as const) {
    const host = await settle("withLayers");
    const slot = wanted.withLayers?.slots[0]?.name;
    const caches = `${host.places.state}/${slot}/cache`;
    assert.ok(host.folders.has(caches), "it has no caches");
    host.mount(caches);
    await applyHere(host, want(to));
    assert.deepEqual([...host.mounts], stays ? [caches] : [], to);
  }
});

const moves: readonly (readonly [FleetName, FleetName | "nothing"])[] = [
  ...FLEET_NAMES.map((name) => ["first", name] as const),
  ...FLEET_NAMES.map((name) => [name, "first"] as const),
  ["withProcesses", "newRunner"],
  ["withBuild", "runsAsProcess"],
  ...FLEET_NAMES.map((name) => [name, "nothing"] as const),
];

for (const [from, to] of moves) {
  test(`from ${from} to ${to}: killed at any step, the next apply ends in the same state`, async () => {
    const start = await settle(from);
    const straight = start.clone();
    await applyHere(straight, want(to));
    const undisturbed = straight.snapshot();
    for (let operations = 0; ; operations += 1) {
      const host = start.clone();
      const killed = await applyUntil(host, want(to), operations);
      await applyHere(host, want(to));
      const difference = compareSnapshots(undisturbed, host.snapshot());
      assert.deepEqual(difference, [], `killed before operation ${operations}`);
      if (!killed) break;
    }
  });
}

test("of the watchdog's timer and service exactly one is there and runs, whichever came before", async () => {
  const state = (host: FakeHost, unit: string) => host.units.get(unit)?.active ?? "absent";
  const both = (host: FakeHost) =>
    ["acme-watchdog.timer", "acme-watchdog.service"].map((unit) => state(host, unit));
  const service = await settle("first", "watchedByDaemon");
  assert.deepEqual(both(service), ["absent", "active"]);
  const [timer] = both(await settle("watchedByDaemon", "first"));
  assert.equal(timer, "active");
});

for (const name of FLEET_NAMES) {
  test(`${name}: an apply that was cut off at any step can be taken down, and leaves the host as it was`, async () => {
    for (let operations = 0; ; operations += 1) {
      const host = newHost();
      const killed = await applyUntil(host, want(name), operations);
      await applyHere(host, null);
      const difference = compareSnapshots(newHost().snapshot(), host.snapshot());
      assert.deepEqual(difference, [], `killed before operation ${operations}`);
      if (!killed) break;
    }
  });
}

/** A machine does not lose its systemd and get it back. */
const fleetName = fc.constantFrom<FleetName | "nothing">(
  ...FLEET_NAMES.filter((name) => name !== "withoutSystemd"),
  "nothing",
);
/** Something that happens on a host: an apply that may be cut off, jobs that begin and end. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant("apply" as const), name: fleetName, operations: fc.nat({ max: 60 }) }),
  fc.record({ kind: fc.constant("begin" as const), at: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant("end" as const), at: fc.nat({ max: 7 }) }),
);

test("no history of applies, kills and jobs ends a job, and every one ends in the wanted state", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { maxLength: 12 }),
      fleetName,
      fc.boolean(),
      async (history, last, cards) => {
        const host = newHost();
        if (cards) host.cgroupDriver = "systemd";
        for (const event of history) {
          const up = [...host.containers.keys(), ...host.processes.keys()].sort();
          if (event.kind === "apply") await applyUntil(host, want(event.name), event.operations);
          else if (event.kind === "begin") host.beginJob(up[event.at] ?? "");
          else host.endJob([...host.jobs].sort()[event.at] ?? "");
          assert.deepEqual(host.endedJobs, []);
        }
        await applyHere(host, want(last));
        for (const slot of [...host.jobs]) host.endJob(slot);
        await applyHere(host, want(last));
        assert.deepEqual(host.endedJobs, []);
        const fresh = await settle(last);
        for (const slot of [...fresh.containers.keys()]) assert.ok(host.containers.has(slot), `${slot} runs`);
        assert.deepEqual(compareSnapshots(listOwn(fresh), listOwn(host)), []);
        assert.deepEqual(planHere(host, want(last)).steps, []);
      },
    ),
    { numRuns: 150 },
  );
});

test("a job that outlives three kinds of its slot, two of them cut off, has its unit as long as it runs", async () => {
  const host = newHost();
  await applyUntil(host, want("runsAsProcess"), 34);
  await applyUntil(host, want("first"), 2);
  assert.ok(host.beginJob("acme-ci-forge-1"));
  await applyHere(host, want("otherLifetime"));
  await applyHere(host, want("first"));
  assert.ok(host.files.has("/etc/systemd/system/acme-process@.service"));
  host.endJob("acme-ci-forge-1");
  await applyHere(host, want("first"));
  assert.deepEqual(host.endedJobs, []);
  assert.deepEqual(compareSnapshots(listOwn(await settle("first")), listOwn(host)), []);
});

test("what an apply that was cut off only meant to start is started by the one that wants it again", async () => {
  const host = newHost();
  await applyUntil(host, want("newImage"), 27);
  assert.ok(host.beginJob("acme-ci-forge-1"));
  await applyUntil(host, want("withBuild"), 2);
  await applyHere(host, want("first"));
  await applyHere(host, want("withBuild"));
  host.endJob("acme-ci-forge-1");
  await applyHere(host, want("withBuild"));
  assert.deepEqual(compareSnapshots(listOwn(await settle("withBuild")), listOwn(host)), []);
});

test("the mark of a slot that a removal took down before it was cut off goes with the next apply", async () => {
  const host = newHost();
  await applyUntil(host, want("first"), 30);
  await applyUntil(host, want("newRunner"), 2);
  assert.ok(host.beginJob("acme-ci-forge-1"));
  await applyUntil(host, want("nothing"), 27);
  await applyHere(host, want("first"));
  host.endJob("acme-ci-forge-1");
  await applyHere(host, want("first"));
  assert.deepEqual(compareSnapshots(listOwn(await settle("first")), listOwn(host)), []);
});

/** What fleets share, and what was made for an earlier one, may still be there. */
function listOwn(host: FakeHost): readonly string[] {
  return host
    .snapshot()
    .filter(
      (line) => /^(?:file|container|process|unit|enabled) /.test(line) && !line.includes("/.shared.json"),
    );
}
