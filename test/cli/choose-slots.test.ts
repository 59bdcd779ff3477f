// Which slots a word means, and what is said where it means none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { placeForSystem } from "../../src/apply/places.ts";
import { chooseSlots } from "../../src/cli/slots/choose-slots.ts";
import { nameLogCommand } from "../../src/cli/slots/name-log-command.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { USER_PLACES } from "../doctor/make-facts.ts";
import { makeHost, makePlacement, makePlan, makeProcessPlacement } from "../render/systemd-fleet.ts";

const forge = makeHost({
  placements: [
    makePlacement(),
    makeProcessPlacement(),
    makePlacement({
      pool: "forge",
      slots: [{ name: "acme-forge-forge-1", index: 1, always: true, gpus: [] }],
    }),
  ],
});
const spark = makeHost({
  name: "spark",
  placements: [
    makePlacement({ pool: "arm", slots: [{ name: "acme-arm-spark-1", index: 1, always: true, gpus: [] }] }),
  ],
});
const both = makePlan(forge);
const plan = {
  ...both,
  hosts: [forge, spark],
  pools: [...both.pools, { ...(both.pools[0] as (typeof both.pools)[0]), name: "arm", hosts: ["spark"] }],
};
const names = (word: string): readonly string[] => chooseSlots(word, plan, forge).map(({ slot }) => slot);

test("a slot, a pool, a host", () => {
  assert.deepEqual(names("acme-ci-forge-2"), ["acme-ci-forge-2"]);
  assert.deepEqual(names("bare"), ["acme-bare-forge-1", "acme-bare-forge-2"]);
  assert.deepEqual(names("pool:forge"), ["acme-forge-forge-1"]);
  assert.equal(names("host:forge").length, 5);
  assert.equal(
    chooseSlots("acme-bare-forge-1", plan, forge)[0]?.unit,
    "acme-process@acme-bare-forge-1.service",
  );
});

test("what is not clear, not here or nowhere is refused with a next step", () => {
  const cases: readonly (readonly [string, string, string | null])[] = [
    ["forge", '"forge" is a pool and a host', "say pool:forge or host:forge"],
    ["spark", "spark is another host, and this is forge", "run this on spark"],
    ["acme-arm-spark-1", "acme-arm-spark-1 is a slot of spark, and this is forge", "run this on spark"],
    ["arm", "pool arm has no slots on forge", "it is on spark: run this there"],
    ["bar", 'there is no slot, pool or host "bar"; did you mean bare?', "`ci-fleet status` lists them"],
    ["pool:nope\u001b[2J", 'there is no slot, pool or host "nope\\u001b[2J"', "`ci-fleet status` lists them"],
  ];
  for (const [word, message, help] of cases) {
    assert.throws(
      () => names(word),
      (error: unknown) => error instanceof UsageError && error.message === message && error.help === help,
      word,
    );
  }
});

test("the log of a slot is its unit's, and of a process also that of its registration", () => {
  const at = { host: forge, places: placeForSystem(forge.places) };
  const [box, , bare] = chooseSlots("host:forge", plan, forge);
  assert.ok(box !== undefined && bare !== undefined);
  const common = ["journalctl", "--quiet", "--no-pager", "--all", "--output=short-iso"];
  assert.deepEqual(nameLogCommand(plan, at, box, { lines: 100, follow: false }), [
    ...common,
    "--lines=100",
    "--unit=acme-container@acme-ci-forge-1.service",
  ]);
  assert.deepEqual(
    nameLogCommand(plan, { host: forge, places: USER_PLACES }, bare, { lines: 5, follow: true }),
    [
      ...common,
      ...["--lines=5", "--follow"],
      "--user-unit=acme-process@acme-bare-forge-1.service",
      "--user-unit=acme-mint@acme-bare-forge-1.service",
    ],
  );
  const compose = { ...at, host: { ...forge, supervision: "compose" as const } };
  assert.deepEqual(nameLogCommand(plan, compose, box, { lines: 7, follow: true }), [
    ...["docker", "logs", "--timestamps", "--tail", "7", "--follow", "--", "acme-ci-forge-1"],
  ]);
});
