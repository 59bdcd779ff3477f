// Guests of a machine: started with the fleet, left alone while they run, and taken down only where nobody can lose a
// job. Nothing here sees whether they have one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { placeForSystem } from "../../src/apply/places.ts";
import type { Wanted } from "../../src/model/apply.ts";
import type { KvmGuest } from "../../src/model/kvm-plan.ts";
import { placesOf } from "../../src/model/names.ts";
import { FLEETS as FIXTURES, loadFleet } from "../plan/load-fleet.ts";
import { applyHere, planHere } from "./apply-here.ts";
import { FakeHost } from "./fake-host.ts";
import { wantFleet } from "./fleets.ts";

const { plan } = loadFleet(`${FIXTURES}/a-workstation-that-runs-guests`);
const sample = plan?.hosts[0]?.kvm?.guests[1] as KvmGuest;

function guest(name: string, change: Partial<KvmGuest> = {}): KvmGuest {
  return { ...sample, name, unit: `acme-vm@${name}.service`, ...change };
}

const want = (...guests: readonly KvmGuest[]): Wanted => wantFleet({ host: { kvm: { guests } } });
const newHost = () => new FakeHost(placeForSystem(placesOf("acme")));
const runOf = (host: FakeHost, name: string) => host.units.get(`acme-vm@${name}.service`)?.invocation;

test("guests start with the fleet, but for those that the spec leaves to a person", async () => {
  const host = newHost();
  const wanted = want(guest("desk"), guest("spare", { starts: false }));
  await applyHere(host, wanted);
  assert.notEqual(runOf(host, "desk"), undefined);
  assert.equal(runOf(host, "spare"), undefined);
  assert.deepEqual(planHere(host, wanted).steps, []);
});

test("one that is new is started, one that has changed goes on as it is", async () => {
  const host = newHost();
  await applyHere(host, want(guest("desk")));
  const before = runOf(host, "desk");
  const wanted = want(guest("desk", { cpus: 2 }), guest("second"));
  await applyHere(host, wanted);
  assert.equal(runOf(host, "desk"), before);
  assert.notEqual(runOf(host, "second"), undefined);
  assert.deepEqual(planHere(host, wanted).steps, []);
});

test("one that is not wanted any more has to be stopped by a person, and then goes with its disks", async () => {
  for (const next of [want(guest("desk")), null]) {
    const host = newHost();
    await applyHere(host, want(guest("desk"), guest("second")));
    const message =
      next === null ? /guest desk is not wanted any more, and runs/ : /guest second is not wanted/;
    assert.throws(() => planHere(host, next), message);
    const stopped = next === null ? ["desk", "second"] : ["second"];
    for (const name of stopped) host.units.delete(`acme-vm@${name}.service`);
    await applyHere(host, next);
    assert.deepEqual(
      host.cleaned,
      stopped.map((name) => `acme-vm@${name}.service`),
    );
    assert.ok(![...host.files.keys()].some((path) => path.includes("vm@second")));
    assert.deepEqual(planHere(host, next).steps, []);
  }
});
