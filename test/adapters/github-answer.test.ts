// The meaning of replies as laws: whatever comes back has a meaning, and no secret gets into it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { classifyReply } from "../../src/adapters/github-answer.ts";
import type { Reply } from "../../src/adapters/github-exchange.ts";
import { describeNetworkFailure } from "../../src/adapters/github-fetch.ts";
import { readMissingPermission } from "../../src/adapters/github-permissions.ts";
import {
  readAll,
  readDeprecation,
  readDownload,
  readGroup,
  readJit,
  readJob,
  readPage,
  readRepository,
  readRunner,
  readToken,
} from "../../src/adapters/github-shapes.ts";
import { Secret } from "../../src/base/secret.ts";

const KINDS = ["ok", "not-found", "refused", "limited", "conflict", "unprocessable", "unknown"];
const READERS: readonly ((body: unknown) => unknown)[] = [
  (body) => readPage(body, "runners", readRunner),
  (body) => readAll(body, readDownload),
  (body) => readAll(body, readRepository),
  (body) => readPage(body, "jobs", readJob("acme/app")),
  readDeprecation,
  readGroup,
  readJit,
  readToken,
];
const SECRET = new Secret("ghs_verySecretIndeed0123456789");

const headerNames = [
  "retry-after",
  "x-ratelimit-remaining",
  "x-ratelimit-limit",
  "x-ratelimit-reset",
  "x-accepted-github-permissions",
  "x-oauth-scopes",
  "x-accepted-oauth-scopes",
  "date",
  "etag",
];
const headerText = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom("-1", "1e99", "", "Tue, 99 Foo 2026 99:99:99 GMT", "a=write,b=read;;c", "admin:org"),
  fc.string({ unit: fc.constantFrom(..."abz09=;,:_- \t\u00e9") }),
);
const headers = fc
  .dictionary(fc.constantFrom(...headerNames), headerText)
  .map((fields) => new Headers(Object.entries(fields).map(([name, value]) => [name, value.trim()])));

const fields = [
  "id",
  "name",
  "status",
  "busy",
  "labels",
  "message",
  "errors",
  "runners",
  "total_count",
  "token",
];
const jsonish = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, -1, 1e308, "", "offline", SECRET.reveal(), "rate limit"),
    fc.array(tie("node"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...fields), tie("node"), { maxKeys: 5 }),
  ),
})).node;
const text = fc.oneof(
  jsonish.map((value) => JSON.stringify(value)),
  fc.string({ unit: "binary" }),
  fc.constantFrom("", " ", "<html>", "[", '{"message":"Bearer ghs_verySecretIndeed0123456789"}'),
);
const reply = fc.record({
  request: fc.constant("GET https://api.github.com/x"),
  sentAt: fc.nat(),
  receivedAt: fc.nat(),
  answer: fc.oneof(
    fc.record({ kind: fc.constant("failed" as const), cause: text, sent: fc.nat(5) }),
    fc.record({
      kind: fc.constant("answered" as const),
      status: fc.oneof(
        fc.integer({ min: 100, max: 599 }),
        fc.constantFrom(200, 201, 204, 304, 401, 403, 404, 429),
      ),
      headers,
      text,
      movedTo: fc.constant(null),
      sent: fc.nat(5),
    }),
  ),
}) satisfies fc.Arbitrary<Reply>;

test("every reply has a meaning, and it holds no secret and no line break", () => {
  const reader = fc.constantFrom(...READERS);
  const on404 = fc.constantFrom("not-found" as const, "refused" as const);
  fc.assert(
    fc.property(reply, reader, on404, fc.boolean(), fc.nat(99), (given, read, missing, status204, before) => {
      const expected = { read, on404: missing, status204, limitedBefore: before, secrets: [SECRET] };
      const answer = classifyReply(given, expected);
      assert.ok(KINDS.includes(answer.kind));
      if (answer.kind === "limited") {
        assert.ok(Number.isFinite(answer.retryAt));
        assert.ok(answer.retryAt <= given.receivedAt + 3_600_000);
      }
      if (answer.kind === "ok") return;
      const shown = inspect(answer, { depth: 9 });
      assert.ok(!shown.includes(SECRET.reveal()), shown);
      const said = "message" in answer ? answer.message : "cause" in answer ? answer.cause : "";
      assert.doesNotMatch(said, /[\p{Cc}\p{Zl}\p{Zp}]/u);
      assert.ok(said.length <= 500);
    }),
    { numRuns: 5000 },
  );
});

test("only GitHub's own words make a runner absent or a request refused for good", () => {
  fc.assert(
    fc.property(reply, (given) => {
      const options = { on404: "not-found", limitedBefore: 0, secrets: [] } as const;
      const answer = classifyReply(given, { ...options, read: readRunner });
      if (answer.kind === "not-found") {
        assert.ok(given.answer.kind === "answered" && given.answer.status === 404);
        const said = JSON.parse(given.answer.text) as { message: string };
        assert.ok(said.message !== "");
      }
    }),
    { numRuns: 3000 },
  );
});

test("headers of a refusal are read whatever is in them", () => {
  fc.assert(
    fc.property(headers, (given) => {
      const missing = readMissingPermission(given);
      assert.ok(missing === null || /^[\w:(), -]+$/.test(missing));
    }),
  );
});

test("a failure of the network is told by its innermost code", () => {
  const inner = Object.assign(new Error("getaddrinfo ENOTFOUND api.github.com"), { code: "ENOTFOUND" });
  const outer = new TypeError("fetch failed", { cause: inner });
  assert.equal(describeNetworkFailure(outer), "the name of the server cannot be resolved (ENOTFOUND)");
  const many = new TypeError("fetch failed", {
    cause: new AggregateError([Object.assign(new Error("x"), { code: "ECONNREFUSED" })]),
  });
  assert.equal(describeNetworkFailure(many), "the connection was refused (ECONNREFUSED)");
  const signed = Object.assign(new Error("self-signed"), { code: "SELF_SIGNED_CERT_IN_CHAIN" });
  assert.match(describeNetworkFailure(new TypeError("fetch failed", { cause: signed })), /network\.ca/);
  assert.equal(describeNetworkFailure("odd"), "odd");
});
