// Registrations over real HTTP: every endpoint, lists of several pages, what a repetition costs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { addRunners, expectOk, startGitHubLab } from "./github-lab.ts";

const runnerOf = async (access: Awaited<ReturnType<Awaited<ReturnType<typeof startGitHubLab>>["open"]>>) => {
  const api = access.scopes[0]?.api;
  assert.ok(api);
  return api;
};

test("a list of several pages is whole, and an unchanged one costs nothing", async (t) => {
  const lab = await startGitHubLab(t);
  addRunners(lab.state, "orgs/acme", 250);
  const api = await runnerOf(await lab.open());
  const first = await api.listRunners();
  const { runners, total, complete } = expectOk(first);
  assert.deepEqual([runners.length, total, complete], [250, 250, true]);
  assert.deepEqual([first.meta.sent, first.meta.counted], [3, 3]);
  const used = lab.state.rateUsed;
  const second = await api.listRunners();
  assert.equal(lab.state.rateUsed, used);
  assert.deepEqual([second.meta.sent, second.meta.counted], [3, 0]);
  assert.deepEqual(expectOk(second), expectOk(first));
  assert.equal(second.kind === "ok" && second.fromCache, true);
});

test("a runner is read as GitHub describes it", async (t) => {
  const lab = await startGitHubLab(t);
  const made = lab.state.addRunner("orgs/acme", {
    name: "acme-ci-forge-1",
    labels: ["self-hosted", "gpu"],
    ephemeral: true,
    groupId: 1,
    version: "2.338.1",
  });
  made.lie = { online: true, busy: true };
  const api = await runnerOf(await lab.open());
  const expected = {
    id: made.id,
    name: "acme-ci-forge-1",
    os: "linux",
    online: true,
    busy: true,
    labels: ["self-hosted", "gpu"],
    ephemeral: true,
    version: "2.338.1",
    groupId: 1,
  };
  assert.deepEqual(expectOk(await api.getRunner(made.id)), expected);
  assert.deepEqual(expectOk(await api.findRunner("acme-ci-forge-1")), expected);
  assert.equal(expectOk(await api.findRunner("acme-ci-forge")), null);
});

test("what is registered, deleted and asked for by id or token works in every kind of scope", async (t) => {
  const lab = await startGitHubLab(t);
  lab.state.downloads = [
    {
      os: "linux",
      architecture: "x64",
      download_url: "https://github.com/actions/runner/releases/download/v2.338.1/r.tar.gz",
      filename: "r.tar.gz",
      sha256_checksum: "0".repeat(64),
    },
  ];
  lab.state.deprecated.add("2.330.0");
  for (const scope of [
    { kind: "organization", owner: "acme" },
    { kind: "repository", owner: "alice", repo: "app" },
    { kind: "enterprise", slug: "big" },
  ] as const) {
    const api = await runnerOf(await lab.open({ target: lab.target(scope) }));
    const made = expectOk(
      await api.createJit({
        name: "acme-ci-forge-1-abcdefg",
        groupId: 1,
        labels: ["gpu"],
        workFolder: "_work",
      }),
    );
    const files = JSON.parse(Buffer.from(made.encodedConfig.reveal(), "base64").toString()) as object;
    assert.deepEqual(Object.keys(files), [".runner", ".credentials", ".credentials_rsaparams"]);
    assert.equal(made.runner.online, false);
    assert.equal((await api.deleteRunner(made.runner.id)).kind, "ok");
    assert.equal((await api.deleteRunner(made.runner.id)).kind, "not-found");
    assert.equal((await api.getRunner(made.runner.id)).kind, "not-found");
    const token = expectOk(await api.createRegistrationToken());
    assert.ok(token.token.reveal().length >= 20 && token.expiresAt > Date.now());
    assert.notEqual(expectOk(await api.createRemoveToken()).token.reveal(), token.token.reveal());
    const [download] = expectOk(await api.listDownloads());
    assert.equal(download?.sha256, "0".repeat(64));
    assert.notEqual(expectOk(await api.getDeprecation("2.330.0")).jobsEnd, null);
    assert.equal(expectOk(await api.getDeprecation("2.338.1")).jobsEnd, null);
  }
});

test("groups are found by name, in other letters only when that is clear", async (t) => {
  const lab = await startGitHubLab(t);
  const made = lab.state.addGroup("orgs/acme", "CI");
  const api = await runnerOf(await lab.open());
  assert.deepEqual(expectOk(await api.findGroup("CI")), {
    id: made.id,
    name: "CI",
    publicRepositories: false,
  });
  assert.equal(expectOk(await api.findGroup("ci"))?.id, made.id);
  lab.state.addGroup("orgs/acme", "Ci");
  assert.equal(expectOk(await api.findGroup("ci")), null);
  assert.equal(expectOk(await api.findGroup("nobody")), null);
  const repository = lab.target({ kind: "repository", owner: "acme", repo: "app" });
  assert.equal(
    expectOk(await (await runnerOf(await lab.open({ target: repository }))).findGroup("CI")),
    null,
  );
});

test("mutations keep a second between them, reads do not wait", async (t) => {
  const lab = await startGitHubLab(t);
  const api = await runnerOf(await lab.open());
  await api.createRegistrationToken();
  await api.listRunners();
  assert.deepEqual(lab.pauses, []);
  await Promise.all([api.createRegistrationToken(), api.createRemoveToken()]);
  assert.equal(lab.pauses.length, 2);
  for (const pause of lab.pauses) assert.ok(pause > 0 && pause <= 1000);
});

test("a personal account has one scope for each of its repositories", async (t) => {
  const lab = await startGitHubLab(t);
  const scope = { kind: "repositories", owner: "alice", repos: ["app", "lib"] } as const;
  const access = await lab.open({ target: lab.target(scope) });
  assert.deepEqual(
    access.scopes.map(({ api, scope: { repository } }) => [api.url, repository]),
    [
      ["https://github.com/alice/app", "alice/app"],
      ["https://github.com/alice/lib", "alice/lib"],
    ],
  );
  assert.deepEqual(
    expectOk(await access.demand.listRepositories(0)).map(({ name }) => name),
    ["alice/app", "alice/lib"],
  );
});

test("demand is what is queued or running in repositories that were active; approvals are awaited by people", async (t) => {
  const lab = await startGitHubLab(t);
  const queued = lab.state.addJob({
    repository: "acme/app",
    labels: ["self-hosted", "gpu"],
    name: "\u001b[31mred",
  });
  lab.state.addJob({ repository: "acme/app", labels: ["gpu"], status: "waiting" });
  const running = lab.state.addJob({ repository: "acme/app", labels: ["gpu"] });
  Object.assign(running, { status: "in_progress", runnerId: 7, runnerName: "r", startedAt: Date.now() });
  lab.state.repositories.set("acme/old", { pushedAt: Date.now() - 30 * 86_400_000, private: true });
  const { demand } = await lab.open();
  const repositories = expectOk(await demand.listRepositories(Date.now() - 86_400_000));
  assert.deepEqual(
    repositories.map(({ name }) => name),
    ["acme/app"],
  );
  const { jobs, complete } = expectOk(await demand.listJobs("acme/app"));
  assert.equal(complete, true);
  assert.deepEqual(
    jobs.map(({ id, status, labels, runnerId }) => ({ id, status, labels, runnerId })),
    [
      { id: queued.id, status: "queued", labels: ["self-hosted", "gpu"], runnerId: null },
      { id: running.id, status: "in_progress", labels: ["gpu"], runnerId: 7 },
    ],
  );
  const again = await demand.listJobs("acme/app");
  assert.equal(again.meta.counted, 0);
  assert.deepEqual(expectOk(again), expectOk(await demand.listJobs("acme/app")));
});

test("pages that shift are read once more; if they go on the list says that it is not whole", async (t) => {
  const lab = await startGitHubLab(t);
  addRunners(lab.state, "orgs/acme", 150);
  const api = await runnerOf(await lab.open());
  lab.state.shiftPages = 1;
  assert.deepEqual(
    (({ runners, complete }) => [runners.length, complete])(expectOk(await api.listRunners())),
    [150, true],
  );
  lab.state.shiftPages = 100;
  assert.deepEqual(
    (({ runners, complete }) => [runners.length, complete])(expectOk(await api.listRunners())),
    [149, false],
  );
});
