// Names that several rooms make and read back: no two readings of one name. In: random names. Out: assertions.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  MAX_REGISTRATION_NAME,
  MAX_SLOT_INDEX,
  MAX_SLOT_NAME,
  nameCacheVariable,
  nameEmulationLabel,
  namePlatformFolder,
  nameRegistration,
  nameSlot,
  nameUnits,
  placesOf,
  readRegistrationName,
} from "../../src/model/names.ts";

const name = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?$/);
const index = fc.integer({ min: 1, max: MAX_SLOT_INDEX });
const suffix = fc.stringMatching(/^[a-z0-9]{7}$/);

test("a slot's name is never read as a registration with a suffix", () => {
  fc.assert(
    fc.property(name, name, name, index, (fleet, pool, host, n) => {
      const slot = nameSlot(fleet, pool, host, n);
      assert.deepEqual(readRegistrationName(slot), { slot, suffix: null });
    }),
  );
});

test("an ephemeral registration leads back to exactly its slot", () => {
  fc.assert(
    fc.property(name, name, name, index, suffix, (fleet, pool, host, n, end) => {
      const slot = nameSlot(fleet, pool, host, n);
      assert.deepEqual(readRegistrationName(nameRegistration(slot, end)), { slot, suffix: end });
    }),
  );
});

test("the longest slot with a suffix is as long as GitHub allows", () => {
  const slot = "a".repeat(MAX_SLOT_NAME);
  assert.equal(nameRegistration(slot, "abc1234").length, MAX_REGISTRATION_NAME);
});

test("a slot has a number from 1, a suffix exactly seven characters", () => {
  assert.throws(() => nameSlot("f", "p", "h", 0), /a slot's number is 1 to 99999, not 0/);
  assert.throws(() => nameSlot("f", "p", "h", MAX_SLOT_INDEX + 1), RangeError);
  assert.throws(() => nameSlot("f", "p", "h", 1.5), RangeError);
  assert.throws(() => nameRegistration("f-p-h-1", "ABC1234"), RangeError);
  assert.throws(() => nameRegistration("f-p-h-1", "abc12345"), RangeError);
});

test("names of strangers are only themselves", () => {
  for (const stranger of ["", "-", "-abcdefg", "laptop", "acme-ci-forge-1-ABCDEFG"]) {
    assert.deepEqual(readRegistrationName(stranger), { slot: stranger, suffix: null });
  }
});

test("units, places, folders, labels and variables carry their fleet's or thing's name", () => {
  assert.deepEqual(nameUnits("acme"), {
    target: "acme.target",
    vm: "acme-vm@",
    container: "acme-container@",
    process: "acme-process@",
    mint: "acme-mint@",
    watchdog: "acme-watchdog",
    cache: "acme-cache",
    binfmt: "acme-binfmt.service",
    rootless: "acme-rootless.service",
  });
  assert.deepEqual(placesOf("acme"), {
    binary: "/usr/bin/ci-fleet",
    config: "/etc/ci-fleet/acme",
    state: "/var/lib/ci-fleet/acme",
    run: "/run/ci-fleet/acme",
    runner: "/opt/ci-fleet/runner",
  });
  assert.equal(namePlatformFolder("linux/arm/v7"), "linux-arm-v7");
  assert.equal(nameEmulationLabel("linux/riscv64"), "qemu-riscv64");
  assert.equal(nameEmulationLabel("linux/arm/v7"), "qemu-arm-v7");
  assert.equal(nameCacheVariable("cargo-registry"), "CI_FLEET_CACHE_CARGO_REGISTRY");
});
