// Every row of the table of faults: what the client makes of it, how often it asks, and that a credential
// shows nowhere. Lists are read, a runner is asked for by id, one is deleted, one is registered.

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { inspect } from "node:util";
import { describeFailure } from "../../src/adapters/credentials-problem.ts";
import type { GitHubAnswer, RunnerScopeApi } from "../../src/model/github.ts";
import type { FaultKind } from "../github/state.ts";
import { addRunners, type GitHubLab, makeTarget, startGitHubLab, TOKEN } from "./github-lab.ts";

const JIT = { name: "acme-ci-forge-1-abcdefg", groupId: 1, labels: ["gpu"], workFolder: "_work" };

async function openApi(lab: GitHubLab, deadlineMs = 5000): Promise<RunnerScopeApi> {
  const access = await lab.open({ options: { deadlineMs } });
  const api = access.scopes[0]?.api;
  assert.ok(api);
  return api;
}

function sent(lab: GitHubLab, method: string): number {
  return lab.state.requests.filter((request) => request.method === method).length;
}

/** Nor does the error that a command would end with, its stack and causes included. */
function assertSilent(answer: GitHubAnswer<unknown>): void {
  const error = answer.kind === "ok" || answer.kind === "not-found" ? null : describeFailure("ask", answer);
  assert.ok(!`${inspect(error, { depth: 9, showHidden: true })}${error?.stack}`.includes(TOKEN));
  for (const text of [
    inspect(answer, { depth: 9, showHidden: true }),
    JSON.stringify(answer),
    String(answer),
  ]) {
    assert.ok(!text.includes(TOKEN), text);
  }
}

type Kind = GitHubAnswer<unknown>["kind"];

/** Fault; answers to: list, get by id, delete, register; reads sent for one list. */
const table: readonly (readonly [string, FaultKind, Kind, Kind, Kind, Kind, number])[] = [
  ["401 with a token that stays the same", "401", "refused", "refused", "refused", "refused", 1],
  ["403 for a missing permission", "403", "refused", "refused", "refused", "refused", 1],
  ["403 for a missing scope", "403-scope", "refused", "refused", "refused", "refused", 1],
  ["403 from a proxy", "403-html", "refused", "refused", "refused", "refused", 1],
  ["403 for the rate, with retry-after", "403-rate", "limited", "limited", "limited", "limited", 1],
  ["403 with nothing remaining", "403-exhausted", "limited", "limited", "limited", "limited", 1],
  ["429 with retry-after", "429", "limited", "limited", "limited", "limited", 1],
  ["429 with nothing else", "429-bare", "limited", "limited", "limited", "limited", 1],
  [
    "404 everywhere: the access is gone, not the runner",
    "404",
    "refused",
    "refused",
    "refused",
    "refused",
    1,
  ],
  ["404 from a proxy says nothing about a runner", "404-html", "unknown", "unknown", "unknown", "unknown", 3],
  ["409", "409", "conflict", "conflict", "conflict", "conflict", 1],
  ["422", "422", "unprocessable", "unprocessable", "unprocessable", "unprocessable", 1],
  ["500", "500", "unknown", "unknown", "unknown", "unknown", 3],
  ["502", "502", "unknown", "unknown", "unknown", "unknown", 3],
  ["503 with a page", "503-html", "unknown", "unknown", "unknown", "unknown", 3],
  ["no answer at all", "hang", "unknown", "unknown", "unknown", "unknown", 3],
  ["headers and then nothing", "hang-body", "unknown", "unknown", "unknown", "unknown", 3],
  ["a byte every 100 ms", "drip", "unknown", "unknown", "unknown", "unknown", 3],
  ["compressed and cut off", "truncate", "unknown", "unknown", "unknown", "unknown", 3],
  ["shorter than announced", "short", "unknown", "unknown", "unknown", "unknown", 3],
  ["a chunk that breaks off", "broken-chunk", "unknown", "unknown", "unknown", "unknown", 3],
  ["200 with nothing", "empty-200", "unknown", "unknown", "unknown", "unknown", 3],
  ["200 with half of a JSON text", "garbage", "unknown", "unknown", "unknown", "unknown", 3],
  ["200 with another shape", "wrong-shape", "unknown", "unknown", "unknown", "unknown", 3],
  ["200 with a page", "html", "unknown", "unknown", "unknown", "unknown", 3],
  [
    "the credential repeated in a message",
    "echo",
    "unprocessable",
    "unprocessable",
    "unprocessable",
    "unprocessable",
    1,
  ],
  ["the connection reset", "reset", "unknown", "unknown", "unknown", "unknown", 3],
  ["redirected for ever", "redirect", "unknown", "unknown", "unknown", "unknown", 3 * 4],
];

for (const [name, kind, list, get, remove, register, reads] of table) {
  test(`fault: ${name}`, async (t) => {
    const lab = await startGitHubLab(t);
    addRunners(lab.state, "orgs/acme", 3);
    lab.fail(kind, /actions\/runners/);
    const isSlow = kind.startsWith("hang") || kind === "drip";
    const ask = async () => openApi(lab, isSlow ? 150 : 5000);
    // Opened anew each time: a client that was told to wait asks nobody.
    const listed = await (await ask()).listRunners();
    assert.equal(listed.kind, list, JSON.stringify(listed));
    assert.equal(sent(lab, "GET"), reads);
    const answers = [
      [get, await (await ask()).getRunner(101)],
      [remove, await (await ask()).deleteRunner(101)],
      [register, await (await ask()).createJit(JIT)],
    ] as const;
    for (const [expected, answer] of answers) assert.equal(answer.kind, expected, JSON.stringify(answer));
    // What changes something is sent once; a redirection is followed, for it says that nothing was done.
    assert.equal(sent(lab, "POST"), kind === "redirect" ? 4 : 1);
    assert.equal(sent(lab, "DELETE"), kind === "redirect" ? 4 : 1);
    for (const answer of [listed, ...answers.map(([, each]) => each)]) assertSilent(answer);
  });
}

test("no fault of the table is without a row", async () => {
  const rows = new Set<string>(table.map(([, kind]) => kind));
  const elsewhere: FaultKind[] = ["done-then-502", "done-then-reset", "redirect-307"];
  const { TROUBLES } = await import("../github/misbehave.ts");
  assert.deepEqual(
    Object.keys(TROUBLES)
      .filter((kind) => !rows.has(kind))
      .toSorted(),
    elsewhere.toSorted(),
  );
});

test("a refusal names the permission that would do", async (t) => {
  const lab = await startGitHubLab(t);
  lab.fail("403", /./, 1);
  lab.fail("403", /./, 1, "administration=write,metadata=read; organization_self_hosted_runners=write");
  lab.fail("403-scope", /./, 1);
  const api = await openApi(lab);
  const missing = [];
  for (let index = 0; index < 3; index++) {
    const answer = await api.listRunners();
    missing.push(answer.kind === "refused" ? answer.missing : answer.kind);
  }
  assert.deepEqual(missing, [
    "Self-hosted runners (organization): write",
    "Administration (repository): write and Metadata (repository): read, or Self-hosted runners (organization): write",
    "scope admin:org",
  ]);
});

test("what fails a few times is read all the same, with growing pauses", async (t) => {
  const lab = await startGitHubLab(t);
  addRunners(lab.state, "orgs/acme", 2);
  lab.fail("502", /runners/, 1);
  lab.fail("garbage", /runners/, 1);
  const answer = await (await openApi(lab)).listRunners();
  assert.equal(answer.kind, "ok");
  assert.equal(answer.meta.sent, 3);
  assert.deepEqual(lab.pauses, [500, 1000]);
});

test("a registration whose answer got lost is not repeated, and can be found", async (t) => {
  for (const kind of ["done-then-502", "done-then-reset"] as const) {
    const lab = await startGitHubLab(t);
    lab.fail(kind, /generate-jitconfig/, 1);
    const api = await openApi(lab);
    const answer = await api.createJit(JIT);
    assert.equal(answer.kind, "unknown");
    assert.equal(sent(lab, "POST"), 1);
    const found = await api.findRunner(JIT.name);
    assert.equal(found.kind === "ok" && found.value?.name, JIT.name);
    assert.equal((await api.createJit(JIT)).kind, "conflict");
  }
});

test("a limit holds for all that follows, until its time has come", async (t) => {
  const lab = await startGitHubLab(t);
  lab.fail("403-rate", /./, 1, "120");
  const api = await openApi(lab);
  const before = Date.now();
  const first = await api.listRunners();
  assert.ok(
    first.kind === "limited" && first.retryAt >= before + 120_000 && first.retryAt < before + 130_000,
  );
  const second = await api.createRegistrationToken();
  assert.equal(second.kind === "limited" && second.retryAt, first.retryAt);
  assert.equal(second.meta.sent, 0);
  assert.equal(lab.state.requests.length, 1);
});

test("a limit without a time is a minute; a reset counts on GitHub's clock, and no longer than an hour", async (t) => {
  const lab = await startGitHubLab(t);
  lab.state.offset = 300_000;
  const wait = async (): Promise<number> => {
    const before = Date.now();
    const answer = await (await openApi(lab)).listRunners();
    return answer.kind === "limited" ? Math.round((answer.retryAt - before) / 1000) : Number.NaN;
  };
  lab.fail("429-bare", /./, 1);
  assert.equal(await wait(), 60);
  lab.fail("403-exhausted", /./, 1, String(Math.floor(lab.state.now() / 1000) + 600));
  const reset = await wait();
  assert.ok(reset >= 599 && reset <= 603, String(reset));
  lab.fail("403-exhausted", /./, 1, String(Math.floor(lab.state.now() / 1000) + 999_999));
  assert.equal(await wait(), 3600);
  lab.fail("429", /./, 1, "99999999");
  assert.equal(await wait(), 3600);
});

test("the clock's offset is read from every answer", async (t) => {
  const lab = await startGitHubLab(t);
  lab.state.offset = -240_000;
  const { meta } = await (await openApi(lab)).listRunners();
  assert.ok(
    meta.clockOffset !== null && Math.abs(meta.clockOffset + 240_000) < 2000,
    String(meta.clockOffset),
  );
  assert.ok(meta.remaining !== null && meta.limit === 5000 && meta.resetAt !== null);
});

test("a moved repository is followed and its new address told", async (t) => {
  const lab = await startGitHubLab(t);
  addRunners(lab.state, "orgs/new", 1);
  lab.fail("redirect", /orgs\/acme/, 1, "/orgs/new/actions/runners?per_page=100&page=1");
  const answer = await (await openApi(lab)).listRunners();
  assert.equal(answer.kind === "ok" && answer.value.runners.length, 1);
  assert.equal(answer.meta.movedTo, `${lab.server.url}/orgs/new/actions/runners?per_page=100&page=1`);
});

test("a redirected mutation is done once, at the new place, with its body", async (t) => {
  const lab = await startGitHubLab(t);
  lab.fail("redirect-307", /orgs\/acme/, 1, "/orgs/new/actions/runners/generate-jitconfig");
  const answer = await (await openApi(lab)).createJit(JIT);
  assert.equal(answer.kind, "ok");
  assert.ok(lab.state.findRunner("orgs/new", JIT.name));
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("the credential does not go to another server", async (t) => {
  const lab = await startGitHubLab(t);
  const seen: unknown[] = [];
  const thief = createServer((request, response) => {
    seen.push(request.headers);
    response.end("{}");
  });
  t.after(() => thief.close());
  const elsewhere = await listen(thief);
  lab.fail("redirect", /./, Number.POSITIVE_INFINITY, `${elsewhere}/orgs/acme/actions/runners`);
  const answer = await (await openApi(lab)).listRunners();
  assert.match(answer.kind === "unknown" ? answer.cause : "", /redirected to another server/);
  assert.deepEqual(seen, []);
});

test("a name that does not resolve and a port where nobody listens are unknown, with the cause in words", async (t) => {
  const lab = await startGitHubLab(t);
  const causes: string[] = [];
  const closed = createServer();
  const nobody = await listen(closed);
  await new Promise((resolve) => closed.close(resolve));
  for (const url of [nobody, "http://no-such-host.invalid"]) {
    const access = await lab.open({ target: makeTarget(url, lab.target().scope, lab.target().auth) });
    const answer = await access.scopes[0]?.api.listRunners();
    assert.ok(answer?.kind === "unknown");
    causes.push(answer.cause);
  }
  assert.match(causes[0] ?? "", /refused \(ECONNREFUSED\)/);
  assert.match(causes[1] ?? "", /cannot be resolved/);
});

test("an answer of 304 to which nothing is kept is fetched whole by the next try", async (t) => {
  const lab = await startGitHubLab(t);
  addRunners(lab.state, "orgs/acme", 2);
  const api = await openApi(lab);
  await api.listRunners();
  for (const [key, kept] of lab.cache) lab.cache.set(key, { ...kept, shape: "something-else@9" });
  const answer = await api.listRunners();
  assert.equal(answer.kind === "ok" && answer.value.runners.length, 2);
  assert.equal(answer.kind === "ok" && answer.fromCache, false);
});

test("what is read with one credential is not used with another", async (t) => {
  const lab = await startGitHubLab(t);
  addRunners(lab.state, "orgs/acme", 2);
  await (await openApi(lab)).listRunners();
  const places = { env: { CI_FLEET_TOKEN: TOKEN } };
  const other = await lab.open({ places });
  const answer = await other.scopes[0]?.api.listRunners();
  assert.equal(answer?.meta.counted, 1);
});

test("a pass that is over ends what is under way", async (t) => {
  const lab = await startGitHubLab(t);
  lab.fail("hang", /./);
  const access = await lab.open({ options: { signal: AbortSignal.timeout(100), deadlineMs: 60_000 } });
  const answer = await access.scopes[0]?.api.listRunners();
  assert.match(answer?.kind === "unknown" ? answer.cause : "", /given up/);
  assert.equal(sent(lab, "GET"), 1);
});
