// What a slot needs before it starts, from the identity on its disk and GitHub's word on it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_META } from "../../src/model/github.ts";
import type { RunnerIdentity } from "../../src/model/runner-identity.ts";
import { decideToken } from "../../src/registration/decide-token.ts";

const SLOT = { name: "acme-ci-forge-1", lifetime: "persistent", url: "https://github.com/acme" } as const;
const WHOLE: RunnerIdentity = {
  kind: "whole",
  agentId: 23,
  agentName: "acme-ci-forge-1",
  gitHubUrl: "https://github.com/Acme/",
  ephemeral: false,
};
const GONE = { kind: "not-found", meta: NO_META } as const;
const BROKEN: RunnerIdentity = { kind: "broken", why: ".credentials is missing", agentId: 23 };

test("an ephemeral slot gets a JIT config whatever lies around", () => {
  const slot = { ...SLOT, lifetime: "ephemeral" as const };
  for (const identity of [{ kind: "none" } as const, WHOLE, BROKEN]) {
    assert.equal(decideToken(slot, identity, null, false).kind, "jit");
  }
});

test("a persistent slot registers when it has no identity that could work, and wipes what is left of one", () => {
  const cases: readonly (readonly [RunnerIdentity, boolean, RegExp])[] = [
    [{ kind: "none" }, false, /has no registration/],
    [BROKEN, true, /\.credentials is missing/],
    [{ ...WHOLE, ephemeral: true }, true, /for one job/],
    [{ ...WHOLE, agentName: "acme-ci-forge-2" }, true, /that of acme-ci-forge-2/],
    [{ ...WHOLE, gitHubUrl: "https://github.com/other" }, true, /belongs to https:\/\/github\.com\/other/],
  ];
  for (const [identity, wipe, why] of cases) {
    const need = decideToken(SLOT, identity, null, false);
    assert.ok(need.kind === "registration-token");
    assert.equal(need.wipe, wipe);
    assert.match(need.why, why);
  }
});

test("a whole identity is kept until GitHub said twice that it is gone", () => {
  const { request, meta } = { request: "GET x", meta: NO_META };
  const answers = [
    null,
    GONE,
    { kind: "refused", status: 401, message: "no", missing: null, help: null, request, meta },
    { kind: "refused", status: 404, message: "Not Found", missing: null, help: null, request, meta },
    { kind: "unknown", cause: "502", request, meta },
    { kind: "limited", retryAt: 0, message: "slow down", request, meta },
  ] as const;
  for (const answer of answers) assert.equal(decideToken(SLOT, WHOLE, answer, false).kind, "none");
  assert.equal(decideToken(SLOT, WHOLE, GONE, true).kind, "registration-token");
  for (const answer of answers.filter((each) => each?.kind !== "not-found")) {
    assert.equal(decideToken(SLOT, WHOLE, answer, true).kind, "none");
  }
});
