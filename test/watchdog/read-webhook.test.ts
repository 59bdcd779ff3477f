// Deliveries to the webhook: only what GitHub signed, and only a waiting job of ours, wakes a pass.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { Secret } from "../../src/base/secret.ts";
import { type Delivery, knowsLabels, readWebhook } from "../../src/watchdog/read-webhook.ts";
import { makeSmallPlan } from "./model-plan.ts";

const SECRET = new Secret("It's a Secret to Everybody");
const QUEUED = { action: "queued", workflow_job: { labels: ["self-hosted", "X64"] } };

function sign(body: string, secret = SECRET): string {
  return `sha256=${createHmac("sha256", secret.reveal()).update(body).digest("hex")}`;
}

function deliver(body: unknown, change: Partial<Delivery> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const delivery = {
    event: "workflow_job",
    signature: sign(text),
    type: "application/json",
    body: Buffer.from(text),
    ...change,
  };
  const verdict = readWebhook(delivery, SECRET, (labels) => labels.includes("x64"));
  return [verdict.result, verdict.status];
}

test("GitHub's own example of a signature is accepted", () => {
  // docs.github.com, "Validating webhook deliveries", "Testing the webhook payload validation".
  const body = Buffer.from("Hello, World!");
  const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const verdict = readWebhook({ event: "ping", signature, type: null, body }, SECRET, () => false);
  assert.deepEqual([verdict.result, verdict.status], ["ignored", 202]);
});

test("a queued job with labels of ours wakes, in whatever letters", () => {
  assert.deepEqual(deliver(QUEUED), ["woken", 202]);
  assert.deepEqual(deliver(QUEUED, { type: "application/json; charset=utf-8" }), ["woken", 202]);
});

test("what is no queued job of ours is taken note of, and wakes nobody", () => {
  for (const action of ["in_progress", "completed", "waiting"]) {
    assert.deepEqual(deliver({ ...QUEUED, action }), ["ignored", 202], action);
  }
  assert.deepEqual(deliver({ ...QUEUED, workflow_job: { labels: ["ubuntu-latest"] } }), ["ignored", 202]);
  for (const event of ["push", "workflow_run", "ping", null])
    assert.deepEqual(deliver(QUEUED, { event }), ["ignored", 202], String(event));
});

test("without the right signature nothing is even read", () => {
  const text = JSON.stringify(QUEUED);
  const wrong = [
    null,
    "",
    "sha256=",
    sign(text, new Secret("another secret")),
    sign(`${text} `),
    sign(text).toUpperCase(),
    sign(text).slice(0, -1),
    `${sign(text)}0`,
    `sha1=${createHmac("sha1", SECRET.reveal()).update(text).digest("hex")}`,
  ];
  for (const signature of wrong) assert.deepEqual(deliver(QUEUED, { signature }), ["refused", 401]);
  assert.deepEqual(deliver("{", { signature: null }), ["refused", 401]);
});

test("while there is no secret every delivery is refused", () => {
  const delivery = { event: "ping", signature: sign(""), type: null, body: new Uint8Array() };
  assert.equal(readWebhook(delivery, null, () => true).status, 503);
});

test("signed and yet of another shape, it is refused and nothing throws", () => {
  assert.deepEqual(deliver(QUEUED, { type: "application/x-www-form-urlencoded" }), ["refused", 415]);
  for (const body of ["", "null", "[]", "{", { ...QUEUED, action: 3 }, { action: "queued" }]) {
    assert.deepEqual(deliver(body), ["refused", 400]);
  }
  const labels = [[1], "x64", { length: 1 }];
  for (const each of labels)
    assert.deepEqual(deliver({ action: "queued", workflow_job: { labels: each } }), ["refused", 400]);
  fc.assert(fc.property(fc.json(), (text) => assert.notEqual(deliver(text)[0], "woken")));
});

test("ours are labels that a pool on this host covers and that follows the queue", () => {
  const plan = makeSmallPlan();
  const [host] = plan.hosts;
  assert.ok(host !== undefined);
  const isOurs = knowsLabels(plan, host, true);
  const scaling = plan.pools.find((pool) => pool.scaling !== null)?.name;
  const placement = host.placements.find(({ pool }) => pool === scaling) ?? host.placements[0];
  assert.equal(isOurs(placement?.labels ?? []), scaling !== undefined);
  assert.equal(isOurs(["ubuntu-latest"]), false);
  assert.equal(isOurs([]), false);
});
