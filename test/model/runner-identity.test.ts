// Identity files as the runner writes them, and as crashes and jobs leave them.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IDENTITY_FILES, type IdentityFile, readIdentity } from "../../src/model/runner-identity.ts";

const SETTINGS = '\uFEFF{"agentId":23,"agentName":"acme-ci-forge-1","gitHubUrl":"https://github.com/acme"}';

function files(changes: Partial<Record<IdentityFile, string | null | undefined>> = {}) {
  const all: Partial<Record<IdentityFile, string | null | undefined>> = {
    ".runner": SETTINGS,
    ".credentials": '{"scheme":"OAuth"}',
    ".credentials_rsaparams": '{"d":"x"}',
    ...changes,
  };
  return new Map(
    IDENTITY_FILES.flatMap((name) => {
      const text = all[name];
      return text === undefined ? [] : [[name, text] as const];
    }),
  );
}

test("a configured runner is read past its byte order mark", () => {
  assert.deepEqual(readIdentity(files()), {
    kind: "whole",
    agentId: 23,
    agentName: "acme-ci-forge-1",
    gitHubUrl: "https://github.com/acme",
    ephemeral: false,
  });
  assert.deepEqual(readIdentity(new Map()), { kind: "none" });
});

test("a part of the files is a broken runner, whose number is kept where it can be read", () => {
  const cases = [
    [{ ".credentials": undefined }, ".credentials is missing", 23],
    [{ ".credentials": null }, ".credentials cannot be read", 23],
    [{ ".credentials_rsaparams": "" }, ".credentials_rsaparams is cut off or no JSON", 23],
    [{ ".runner": undefined }, ".runner is missing", null],
    [{ ".runner": SETTINGS.slice(0, 20) }, ".runner is cut off or no JSON", null],
    [{ ".runner": '{"agentId":"23","agentName":"x"}' }, ".runner names no registration", null],
    [{ ".runner": '{"agentId":23}' }, ".runner names no registration", 23],
  ] as const;
  for (const [changes, why, agentId] of cases) {
    assert.deepEqual(readIdentity(files(changes)), { kind: "broken", why, agentId });
  }
});

test("any text is a whole, a broken or no runner", () => {
  const text = fc.oneof(fc.json(), fc.string(), fc.constant(null));
  fc.assert(
    fc.property(text, text, (settings, credentials) => {
      const found = readIdentity(files({ ".runner": settings, ".credentials": credentials }));
      assert.ok(["whole", "broken"].includes(found.kind));
    }),
  );
});
