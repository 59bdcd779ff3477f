// The fake GitHub itself: its answers are GitHub's by schema, and its rules are the ones that the
// watchdog and registration must live with.

import assert from "node:assert/strict";
import { test } from "node:test";
import { serveFakeGitHub } from "./serve.ts";
import { FakeState } from "./state.ts";

async function started(): Promise<{
  state: FakeState;
  ask: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Response>;
  done: () => Promise<void>;
}> {
  const state = new FakeState();
  state.credentials.set("ghp_all", {
    kind: "classic",
    scopes: ["*"],
    write: true,
    actionsRead: true,
    expiresAt: null,
  });
  state.scope("orgs/acme");
  const server = await serveFakeGitHub(state, { check: true });
  const ask = (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    fetch(server.url + path, {
      method,
      headers: { authorization: "Bearer ghp_all", "user-agent": "test", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    state,
    ask,
    done: async () => {
      await server.close();
      assert.deepEqual(server.mistakes, []);
    },
  };
}

test("every answer of the runner endpoints fits GitHub's OpenAPI", async () => {
  const { state, ask, done } = await started();
  for (let index = 0; index < 120; index++)
    state.addRunner("orgs/acme", {
      name: `r${index}`,
      labels: ["self-hosted", "gpu"],
      ephemeral: false,
      groupId: 1,
    });
  state.addJob({ repository: "acme/app", labels: ["gpu"] });
  assert.equal((await ask("POST", "/orgs/acme/actions/runners/registration-token")).status, 201);
  assert.equal((await ask("POST", "/repos/acme/app/actions/runners/remove-token")).status, 201);
  const page = await ask("GET", "/orgs/acme/actions/runners?per_page=100");
  assert.match(page.headers.get("link") ?? "", /page=2>; rel="next"/);
  assert.equal(((await page.json()) as { total_count: number }).total_count, 120);
  assert.equal((await ask("GET", "/orgs/acme/actions/runner-groups")).status, 200);
  assert.equal((await ask("GET", "/orgs/acme/repos")).status, 200);
  const runs = (await (await ask("GET", "/repos/acme/app/actions/runs?status=queued")).json()) as {
    workflow_runs: { id: number }[];
  };
  assert.equal(runs.workflow_runs.length, 1);
  assert.equal(
    (await ask("GET", `/repos/acme/app/actions/runs/${runs.workflow_runs[0]?.id}/jobs`)).status,
    200,
  );
  assert.equal((await ask("GET", "/enterprises/big/actions/runners")).status, 200);
  assert.equal((await ask("GET", "/rate_limit")).status, 200);
  await done();
});

test("a second registration under one name is a conflict, a busy runner cannot be deleted", async () => {
  const { state, ask, done } = await started();
  const wish = { name: "acme-ci-forge-1-x", runner_group_id: 1, labels: ["self-hosted"] };
  const first = await ask("POST", "/orgs/acme/actions/runners/generate-jitconfig", wish);
  assert.equal(first.status, 201);
  assert.equal((await ask("POST", "/orgs/acme/actions/runners/generate-jitconfig", wish)).status, 409);
  const runner = state.findRunner("orgs/acme", wish.name);
  assert.ok(runner);
  runner.lie = { busy: true };
  assert.equal((await ask("DELETE", `/orgs/acme/actions/runners/${runner.id}`)).status, 422);
  runner.lie = null;
  assert.equal((await ask("DELETE", `/orgs/acme/actions/runners/${runner.id}`)).status, 204);
  assert.equal((await ask("GET", `/orgs/acme/actions/runners/${runner.id}`)).status, 404);
  await done();
});

test("an unchanged answer costs nothing when its tag is shown", async () => {
  const { state, ask, done } = await started();
  const first = await ask("GET", "/orgs/acme/actions/runners");
  const used = state.rateUsed;
  const second = await ask("GET", "/orgs/acme/actions/runners", undefined, {
    "if-none-match": first.headers.get("etag") ?? "",
  });
  assert.equal(second.status, 304);
  assert.equal(state.rateUsed, used);
  await done();
});

test("faults come as often as they were asked for", async () => {
  const { state, ask, done } = await started();
  state.faults.push({ kind: "502", match: /registration-token/, left: 2 });
  const path = "/orgs/acme/actions/runners/registration-token";
  const seen = [];
  for (let index = 0; index < 3; index++) seen.push((await ask("POST", path)).status);
  assert.deepEqual(seen, [502, 502, 201]);
  await done();
});
