// A token for a persistent slot: only where its group exists, for the runner finds out too late.

import assert from "node:assert/strict";
import { test } from "node:test";
import { registerPersistent } from "../../src/registration/register-persistent.ts";
import { startGitHubLab } from "../adapters/github-lab.ts";

test("a group that does not exist is told, and no token is made", async (t) => {
  const lab = await startGitHubLab(t);
  const target = { ...lab.target(), runnerGroup: "nobody" };
  const api = (await lab.open({ target })).scopes[0]?.api;
  assert.ok(api);
  assert.deepEqual(await registerPersistent(api, target), { kind: "group-missing", group: "nobody" });
  assert.equal(lab.state.tokens.size, 0);
  lab.state.addGroup("orgs/acme", "nobody");
  const outcome = await registerPersistent(api, target);
  assert.ok(outcome.kind === "token" && lab.state.tokens.has(outcome.token.token.reveal()));
});

test("repositories have no groups: there the name is passed over", async (t) => {
  const lab = await startGitHubLab(t);
  const target = {
    ...lab.target({ kind: "repository", owner: "acme", repo: "app" }),
    runnerGroup: "nobody",
  };
  const api = (await lab.open({ target })).scopes[0]?.api;
  assert.ok(api);
  assert.equal((await registerPersistent(api, target)).kind, "token");
});

test("groups that cannot be listed, or a refused credential, end it as they are", async (t) => {
  const lab = await startGitHubLab(t);
  const target = { ...lab.target(), runnerGroup: "ci" };
  const api = (await lab.open({ target })).scopes[0]?.api;
  assert.ok(api);
  lab.fail("500", /runner-groups/);
  const silent = await registerPersistent(api, target);
  assert.equal(silent.kind === "failed" && silent.answer.kind, "unknown");
  lab.state.faults.length = 0;
  lab.state.addGroup("orgs/acme", "ci");
  lab.fail("403", /registration-token/);
  const refused = await registerPersistent(api, target);
  assert.equal(refused.kind === "failed" && refused.answer.kind, "refused");
});
