// Names of ephemeral registrations: always the slot's, always short enough, always read back.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_REGISTRATION_NAME, MAX_SLOT_NAME, readRegistrationName } from "../../src/model/names.ts";
import { chooseName } from "../../src/registration/choose-name.ts";

test("a name is the slot's with seven characters, and leads back to the slot", () => {
  const slot = fc
    .stringMatching(/^[a-z][a-z0-9]{0,20}-[a-z][a-z0-9-]{0,20}-[1-9]$/)
    .filter((name) => name.length <= MAX_SLOT_NAME);
  fc.assert(
    fc.property(slot, fc.infiniteStream(fc.nat(35)), (name, draws) => {
      const chosen = chooseName(name, (below) => (draws.next().value as number) % below);
      assert.ok(chosen.length <= MAX_REGISTRATION_NAME);
      assert.match(chosen.slice(name.length), /^-[a-z0-9]{7}$/);
      assert.equal(readRegistrationName(chosen).slot, name);
    }),
  );
});

test("each draw is used once", () => {
  let next = 0;
  assert.equal(
    chooseName("acme-ci-forge-1", () => next++),
    "acme-ci-forge-1-abcdefg",
  );
});
