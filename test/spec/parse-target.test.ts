// Addresses of GitHub: who owns the runners and where the API is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTarget } from "../../src/spec/parse-target.ts";

const API: readonly [string, string][] = [
  ["https://github.com/acme", "https://api.github.com"],
  ["https://www.github.com/acme/app", "https://api.github.com"],
  ["https://github.com/enterprises/acme", "https://api.github.com"],
  ["https://acme.ghe.com/acme", "https://api.acme.ghe.com"],
  ["https://ghe.example/acme", "https://ghe.example/api/v3"],
  ["http://127.0.0.1:8080/acme", "http://127.0.0.1:8080/api/v3"],
  ["https://evilghe.com/acme", "https://evilghe.com/api/v3"],
  ["https://github.com.evil.example/acme", "https://github.com.evil.example/api/v3"],
];

test("the API follows from the address, and only GitHub's own hosts count as GitHub's", () => {
  for (const [address, api] of API) {
    const answer = parseTarget(address, null);
    assert.ok(answer.ok, address);
    assert.equal(answer.place.apiUrl, api, address);
  }
});

test("owners, repositories and enterprises are told apart", () => {
  const scope = (address: string, repos: readonly string[] | null = null) => {
    const answer = parseTarget(address, repos);
    return answer.ok ? answer.place.scope : null;
  };
  assert.deepEqual(scope("https://github.com/acme/"), { kind: "organization", owner: "acme" });
  assert.deepEqual(scope("https://github.com/acme/.github"), {
    kind: "repository",
    owner: "acme",
    repo: ".github",
  });
  assert.deepEqual(scope("https://github.com/enterprises/acme"), { kind: "enterprise", slug: "acme" });
  assert.deepEqual(scope("https://github.com/alice", ["Alice/app", "alice/lib"]), {
    kind: "repositories",
    owner: "alice",
    repos: ["app", "lib"],
  });
});
