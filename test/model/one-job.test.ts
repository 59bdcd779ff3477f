// The word by which a node calls a guest clean, in Proxmox's own setting, and the watchdog's notes on guests as a file.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { emptyNodeMemory, NO_NOTE, readNodeMemory, writeNodeMemory } from "../../src/model/guest-memory.ts";
import { addServeWord, hasServeWord, readGuestUuid, readSmbios } from "../../src/model/one-job.ts";

const UUID = "3a23b6d0-0000-4000-8000-000000000001";

test("the word is added to what is said of a guest, which stays", () => {
  assert.equal(addServeWord(`uuid=${UUID}`), `uuid=${UUID},base64=1,family=Y2ktZmxlZXQtc2VydmU=`);
  assert.equal(addServeWord(undefined), "base64=1,family=Y2ktZmxlZXQtc2VydmU=");
  const rack = addServeWord(`base64=1,serial=UmFjayA3,uuid=${UUID}`);
  assert.deepEqual([readSmbios(rack).get("serial"), readGuestUuid(rack)], ["UmFjayA3", UUID]);
  assert.equal(readSmbios(addServeWord(`uuid=${UUID},sku=plain`)).get("sku"), btoa("plain"));
});

test("only the very word is one", () => {
  for (const other of [
    undefined,
    "",
    `uuid=${UUID}`,
    "family=ci-fleet-serve2",
    "base64=1,family=ci-fleet-serve",
  ])
    assert.equal(hasServeWord(other), false, other);
  assert.equal(hasServeWord("family=ci-fleet-serve"), true);
});

test("any setting keeps its guest, takes the word, and takes it once", () => {
  const value = fc.stringMatching(/^[A-Za-z0-9+/]{1,12}={0,2}$/);
  const settings = fc.dictionary(
    fc.constantFrom("manufacturer", "product", "serial", "sku", "family"),
    value,
  );
  fc.assert(
    fc.property(settings, fc.boolean(), (given, isEncoded) => {
      const parts = [["uuid", UUID], ...(isEncoded ? [["base64", "1"]] : []), ...Object.entries(given)];
      const once = addServeWord(parts.map((part) => part.join("=")).join(","));
      assert.ok(hasServeWord(once));
      assert.equal(readGuestUuid(once), UUID);
      assert.deepEqual(readSmbios(addServeWord(once)), readSmbios(once));
    }),
  );
});

test("notes come back as they were written, and nothing else is taken for notes", () => {
  const time = { wall: 1, monotonic: 2, boot: "b" };
  const note = {
    ...NO_NOTE,
    made: UUID,
    making: true,
    work: { step: "start", upid: "UPID:pve1:1" },
    setbacks: { times: 2, at: 3, why: "no" },
    servedAt: 5,
  };
  const memory = { ...emptyNodeMemory(time), guests: { vm: note } };
  assert.deepEqual(readNodeMemory(writeNodeMemory(memory)), memory);
  for (const text of [null, "", "[]", "{}", '{"version":2}', '{"version":1,"time":{"wall":"x"}}'])
    assert.equal(readNodeMemory(text), null);
  const strange =
    '{"version":1,"time":{"wall":1,"monotonic":2},"guests":{"a":7,"b":{"work":3,"shortLives":"x"}}}';
  assert.deepEqual(readNodeMemory(strange)?.guests, { b: NO_NOTE });
});
