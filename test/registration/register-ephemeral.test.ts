// One start of an ephemeral slot, against the fake GitHub: groups, labels, names that are taken, answers lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunnerScopeApi } from "../../src/model/github.ts";
import { type EphemeralSlot, registerEphemeral } from "../../src/registration/register-ephemeral.ts";
import { type GitHubLab, startGitHubLab } from "../adapters/github-lab.ts";

const SLOT: EphemeralSlot = {
  name: "acme-gpu-forge-1",
  placement: { labels: ["self-hosted", "linux", "x64", "gpu"] },
  target: { runnerGroup: null, scope: { kind: "organization", owner: "acme" } },
  workFolder: "_work",
};

/** Draws that give `…-aaaaaaa`, then `…-bbbbbbb`, and so on. */
function makePorts() {
  const announced: string[] = [];
  let draws = 0;
  const draw = () => Math.floor(draws++ / 7);
  return { announced, draw, announce: (name: string) => void announced.push(name) };
}

async function openApi(lab: GitHubLab): Promise<RunnerScopeApi> {
  const api = (await lab.open()).scopes[0]?.api;
  assert.ok(api);
  return api;
}

const add = (lab: GitHubLab, name: string, lie: { online?: boolean; busy?: boolean } | null = null) => {
  const runner = lab.state.addRunner("orgs/acme", { name, labels: ["x"], ephemeral: true, groupId: 1 });
  runner.lie = lie;
  return runner;
};

test("every label is sent, the name is announced first, the group is the default one", async (t) => {
  const lab = await startGitHubLab(t);
  const ports = makePorts();
  const outcome = await registerEphemeral(await openApi(lab), SLOT, ports);
  assert.ok(outcome.kind === "registered");
  const { runner } = outcome.registration;
  assert.deepEqual(
    [runner.name, runner.labels, runner.groupId, runner.ephemeral],
    ["acme-gpu-forge-1-aaaaaaa", SLOT.placement.labels, 1, true],
  );
  assert.deepEqual(ports.announced, ["acme-gpu-forge-1-aaaaaaa"]);
});

test("a group is looked up by its name, and one that does not exist ends it", async (t) => {
  const lab = await startGitHubLab(t);
  const group = lab.state.addGroup("orgs/acme", "ci");
  const slot = { ...SLOT, target: { ...SLOT.target, runnerGroup: "ci" } };
  const outcome = await registerEphemeral(await openApi(lab), slot, makePorts());
  assert.equal(outcome.kind === "registered" && outcome.registration.runner.groupId, group.id);
  const lost = { ...SLOT, target: { ...SLOT.target, runnerGroup: "nobody" } };
  assert.deepEqual(await registerEphemeral(await openApi(lab), lost, makePorts()), {
    kind: "group-missing",
    group: "nobody",
  });
});

test("a name that is taken by our own offline registration is cleared, and a new one chosen", async (t) => {
  const lab = await startGitHubLab(t);
  const ghost = add(lab, "acme-gpu-forge-1-aaaaaaa");
  const outcome = await registerEphemeral(await openApi(lab), SLOT, makePorts());
  assert.ok(outcome.kind === "registered");
  assert.equal(outcome.registration.runner.name, "acme-gpu-forge-1-bbbbbbb");
  assert.deepEqual(outcome.replaced, [ghost.name]);
  assert.equal(lab.state.findRunner("orgs/acme", ghost.name), undefined);
});

test("one that is online, or busy, stays", async (t) => {
  for (const lie of [{ online: true }, { busy: true }]) {
    const lab = await startGitHubLab(t);
    const other = add(lab, "acme-gpu-forge-1-aaaaaaa", lie);
    const outcome = await registerEphemeral(await openApi(lab), SLOT, makePorts());
    assert.equal(
      outcome.kind === "registered" && outcome.registration.runner.name,
      "acme-gpu-forge-1-bbbbbbb",
    );
    assert.ok(lab.state.findRunner("orgs/acme", other.name));
    assert.deepEqual(
      lab.state.requests.filter(({ method }) => method === "DELETE"),
      [],
    );
  }
});

test("GitHub saying that every name is taken ends after three", async (t) => {
  const lab = await startGitHubLab(t);
  lab.fail("409", /generate-jitconfig/);
  const ports = makePorts();
  const outcome = await registerEphemeral(await openApi(lab), SLOT, ports);
  assert.equal(outcome.kind === "failed" && outcome.answer.kind, "conflict");
  assert.equal(ports.announced.length, 3);
});

test("an answer that got lost leaves a name that may be registered, and no second try", async (t) => {
  const lab = await startGitHubLab(t);
  lab.fail("done-then-502", /generate-jitconfig/, 1);
  const outcome = await registerEphemeral(await openApi(lab), SLOT, makePorts());
  assert.equal(outcome.kind === "failed" && outcome.perhaps, "acme-gpu-forge-1-aaaaaaa");
  assert.ok(lab.state.findRunner("orgs/acme", "acme-gpu-forge-1-aaaaaaa"));
  assert.equal(lab.state.requests.filter(({ method }) => method === "POST").length, 1);
});

test("a full group and a refused credential are told as they are", async (t) => {
  const lab = await startGitHubLab(t);
  lab.state.groupLimit = 0;
  const full = await registerEphemeral(await openApi(lab), SLOT, makePorts());
  assert.equal(full.kind === "failed" && full.answer.kind, "unprocessable");
  lab.fail("403", /generate-jitconfig/);
  const refused = await registerEphemeral(await openApi(lab), SLOT, makePorts());
  assert.ok(refused.kind === "failed" && refused.answer.kind === "refused" && refused.perhaps === null);
});
