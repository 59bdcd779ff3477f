// Every code of the plan room, each with the smallest fleet that has the fault: the whole of what is said
// about it, and nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { GUEST_CODES } from "../../src/model/codes-guests.ts";
import { PLAN_CODES } from "../../src/model/codes-plan.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import type { Case } from "./code-case.ts";
import { CARD_CASES } from "./codes-of-cards.ts";
import { HOST_CASES } from "./codes-of-hosts.ts";
import { makeDocker, makeInputs, makeInventory } from "./make-fleet.ts";

const CASES: Readonly<Record<string, Case>> = { ...HOST_CASES, ...CARD_CASES };
const CODES = [...PLAN_CODES, ...GUEST_CODES];

for (const entry of CODES) {
  test(`${entry.code}: ${entry.summary}`, () => {
    const given = CASES[entry.code];
    assert.ok(given !== undefined, `no case for ${entry.code}`);
    const { value, diagnostics } = planFleet(given.fleet, given.inputs);
    assert.deepEqual(
      diagnostics.map(({ code, severity, path, message }) => ({ code, severity, path, message })),
      [{ code: entry.code, severity: entry.severity, path: given.path, message: given.message }],
    );
    assert.ok((diagnostics[0]?.help ?? "") !== "", "every finding says what to do");
    assert.equal(value === null, entry.severity === "error", "a plan exists unless something is wrong");
  });
}

test("every case belongs to a code", () => {
  const known = new Set(CODES.map((entry) => entry.code));
  assert.deepEqual(
    Object.keys(CASES).filter((code) => !known.has(code)),
    [],
  );
});

test("who may not talk to an engine is not told to start it", () => {
  const helpOf = (problem: string | null) => {
    const { fleet } = CASES.CF711 ?? assert.fail();
    const forge = makeInventory({ docker: makeDocker({ engine: null, problem }) });
    return planFleet(fleet, makeInputs({ forge })).diagnostics[0]?.help;
  };
  const again = "run `ci-fleet init --refresh --name forge`";
  const who = `${again} there as somebody who may talk to it: a user of the group docker, or root`;
  assert.equal(helpOf("dial unix /var/run/docker.sock: connect: permission denied"), who);
  for (const problem of [null, "cannot connect: is the daemon running?"]) {
    assert.equal(helpOf(problem), `start Docker there, then ${again}`);
  }
});
